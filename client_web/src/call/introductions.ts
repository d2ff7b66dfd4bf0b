import { EVERYBODY, type ControlMessage } from './control';
import type { KeyframeSender } from './keyframe_delivery';
import type { Other } from './other';
import type { VoiceAssignment } from './voice_assignment';

/** What there is to tell, and the means. */
export interface Introduced {
  readonly others: ReadonlyMap<number, Other>;
  readonly voices: VoiceAssignment;
  readonly keyframes: KeyframeSender;
  /** Whether bundles behind voices can be read here. */
  readonly readsTrailers: boolean;
  /** Our own state, to show beside our name. */
  state(): ControlMessage;
  send(recipient: number, message: ControlMessage): void;
}

/** Tells the others what they need to know of us, each when its channels are open (docs/protocol.md, "Control messages"). */
export class Introductions {
  private begun = false;

  constructor(private readonly us: Introduced) {}

  /**
   * Our channels are open: introduces us to those who are there, or resumes what they know from before. In a sealed
   * call that is done for each when keys are exchanged.
   */
  begin(sealed: boolean): void {
    const { others, keyframes } = this.us;
    this.begun = true;
    if (sealed) return;
    const isNew = [...others.values()].every(({ known }) => known === null);
    if (isNew) {
      this.tellState();
      this.tellReading();
      keyframes.sendInUse();
      return;
    }
    for (const [id, other] of others) {
      if (other.known === null) this.introduce(id, other);
      else this.tellAnew(id, other, true);
    }
  }

  tellState(recipient: number = EVERYBODY): void {
    this.us.send(recipient, this.us.state());
  }

  /** Tells everybody that hears us whether bundles behind their voice reach us: they do if their voice has a slot here. */
  tellReading(): void {
    if (!this.begun || !this.us.readsTrailers) return;
    for (const [id, other] of this.us.others) {
      const read = this.us.voices.hears(id);
      if (!other.greeted || read === other.readingTold) continue;
      other.readingTold = read;
      this.us.send(id, { type: 'trailers', read });
    }
  }

  /** A newcomer's first `state` says that its channels are open: only now would anything reach it. */
  greet(newcomer: number, other: Other): void {
    if (!other.greeted) this.introduce(newcomer, other);
  }

  /** Keys were exchanged: what was said before could not be read. Both ends say it again when either's connection is new. */
  greetWithKeys(id: number): void {
    const other = this.us.others.get(id);
    if (other === undefined) return;
    if (!other.greeted && other.known === null) this.greet(id, other);
    else this.tellAnew(id, other, false);
  }

  /** Somebody has come back, and has our keyframes up to `newest`; with `answer` they know nothing of us on their new connection. */
  welcomeBack(id: number, other: Other, newest: number | null, answer: boolean): void {
    if (answer) this.tellAnew(id, other, false);
    this.us.keyframes.sendAfter(id, newest);
  }

  private introduce(id: number, other: Other): void {
    other.greeted = true;
    this.tellState(id);
    this.tellReading();
    this.us.keyframes.sendInUse(id);
  }

  /** Tells somebody, of whom or who knows things from before, all that the new connection does not know. */
  private tellAnew(id: number, other: Other, answer: boolean): void {
    other.greeted = true;
    other.readingTold = false;
    this.tellState(id);
    this.tellReading();
    this.us.send(id, { type: 'resume', newest: other.newestKeyframe, answer });
  }
}
