import { Doorbell } from './doorbell';
import { CallError, type CallErrorCode } from './errors';
import type { CallEvents } from './events';
import type { Other } from './other';
import type { LocalParticipant } from './local_participant';
import { Session } from './session';
import { lifeUrl, signallingUrl } from './signalling';

/** After a longer silence SCTP waits for seconds before it sends again: then a new connection is sooner there. */
const LONGEST_PAUSE_MS = 4_000;
/** A WebSocket opens within as many times the time of a plain request, and this. */
const HANDSHAKES = 4;
const HANDSHAKE_MARGIN_MS = 300;
/** Rings that far apart are worth a word, and an attempt though none was answered. */
const SLOW_INTERVAL_MS = 1_000;

/** Errors that trying again cannot mend. */
const FINAL_ERRORS: readonly CallErrorCode[] = [
  ...(['bad-room', 'protocol-version', 'bad-message', 'bad-server-message'] as const),
  ...(['token-required', 'bad-token', 'token-expired', 'room-locked', 'room-ended'] as const),
  ...(['not-admitted', 'not-host', 'removed', 'replaced'] as const),
];

/** Where we stand; `in-call` as soon as messages reach the relay. */
export type PresencePhase = 'joining' | 'in-call' | 'reconnecting' | 'ended';

export interface PresenceListener {
  report<Name extends keyof CallEvents>(name: Name, payload: CallEvents[Name]): void;
  /** We are out, for this reason, and everything is closed. */
  onEnd(cause: CallError): void;
}

/** What a presence keeps of us between sessions. */
export type LocalState = { -readonly [Field in keyof LocalParticipant]: LocalParticipant[Field] };

/**
 * Our presence in a room, by one session after another: when nothing reaches the server any more, or the session ends,
 * the server is looked for, and the next session begins where the last one was.
 *
 * A session that has only fallen silent is kept meanwhile: whichever is heard first goes on.
 */
export class Presence {
  /** The session we are in; `null` before the first, and once its socket or media have ended. */
  session: Session | null = null;
  phase: PresencePhase = 'joining';
  /** Since when nothing has come in the session. */
  private silentSinceMs: number | null = null;
  /** Not let in yet. */
  private successor: Session | null = null;
  private doorbell: Doorbell | null = null;
  private loss: CallError | null = null;
  /** Whom the session knows, or knew. */
  private others: ReadonlyMap<number, Other> = new Map();
  private ownId: number | null = null;

  /** Pages of other servers by which we may come back. */
  private otherPages: string[] = [];

  constructor(
    private page: string,
    private readonly room: string,
    private readonly local: LocalState,
    private readonly listener: PresenceListener,
  ) {
    this.succeed(page);
  }

  /** Leaves the room for good; nothing more is reported. */
  leave(): void {
    this.session?.leave();
    this.successor?.leave();
    this.close();
  }

  /** Looks for the server now instead of when it is time. */
  retryNow(): void {
    this.doorbell?.ring();
  }

  private close(): void {
    this.phase = 'ended';
    this.session?.close();
    this.session = null;
    this.stopRecovery();
  }

  /** Tries to come in by a server's page, by a session of its own. */
  private succeed(page: string): void {
    const session: Session = new Session(signallingUrl(page, this.room), this.local, this.others, {
      report: (name, payload) => this.take(session, name, payload),
      onPass: (pass) => (this.local.pass = pass),
      onNodes: (nodes) => this.learnPages(page, nodes),
      onSilence: (silent) => this.noteSilence(session, silent),
      onEnd: (cause) => this.sessionEnded(session, cause),
    });
    this.successor = session;
  }

  private take<Name extends keyof CallEvents>(session: Session, name: Name, payload: CallEvents[Name]): void {
    if (name === 'joined') {
      this.moveTo(session, payload as CallEvents['joined']);
      return;
    }
    this.listener.report(name, payload);
    if (name === 'open') this.connected();
  }

  /** Goes on in a session that was let in, and says what has changed since the one before. */
  private moveTo(session: Session, joined: CallEvents['joined']): void {
    const before = this.ownId === null ? null : this.others;
    this.session?.close();
    this.session = session;
    this.successor = null;
    this.silentSinceMs = null;
    this.others = session.others;
    this.ownId = joined.id;
    if (before === null) this.listener.report('joined', joined);
    else this.reportChanges(before, session.others);
    for (const { id, away } of joined.participants) this.listener.report('participant-away', { id, away });
  }

  private reportChanges(before: ReadonlyMap<number, Other>, now: ReadonlyMap<number, Other>): void {
    for (const [id, other] of before) {
      if (now.get(id)?.known === other) continue;
      this.listener.report('participant-left', { participant: other.participant, reason: 'lost' });
    }
    for (const { participant, known } of now.values()) {
      if (known === null) this.listener.report('participant-joined', { participant });
    }
  }

  private connected(): void {
    const again = this.doorbell !== null;
    this.stopRecovery();
    this.phase = 'in-call';
    if (again) this.listener.report('reconnected', { id: this.ownId ?? 0 });
  }

  private noteSilence(session: Session, silent: boolean): void {
    if (session !== this.session) return;
    if (silent) {
      this.silentSinceMs = performance.now();
      this.recover(new CallError('media-lost', 'Nothing comes from the server any more.'));
      return;
    }
    // The server gives up this session for one that has asked to come in.
    if (this.successor?.isAnswered === true) return;
    const pauseMs = performance.now() - (this.silentSinceMs ?? 0);
    if (pauseMs < LONGEST_PAUSE_MS || session.exchange?.transport().sending === 'thin') {
      this.silentSinceMs = null;
      this.connected();
    }
  }

  private sessionEnded(session: Session, cause: CallError): void {
    if (session === this.successor) this.successor = null;
    else if (session === this.session) this.session = null;
    else return;
    // The server says `replaced` to a session whose successor it has let in already.
    const isSuperseded = this.successor !== null && cause.code === 'replaced';
    if (isSuperseded || this.mayRetry(cause)) {
      this.recover(cause);
      return;
    }
    this.close();
    this.listener.onEnd(cause);
  }

  /** Looks for a way back in, until `connected`. */
  private recover(cause: CallError): void {
    this.phase = 'reconnecting';
    this.loss = cause;
    if (this.doorbell !== null) return;
    const pages = new Map([this.page, ...this.otherPages].map((page) => [lifeUrl(page), page]));
    this.doorbell = new Doorbell(lifeUrl(this.page), this.otherPages.map(lifeUrl), {
      onAnswer: (tookMs, url) => this.knock(tookMs, pages.get(url) ?? this.page),
      onRing: (ring, nextInMs) => this.noteRing(ring, nextInMs),
    });
    this.doorbell.ring();
  }

  private noteRing(ring: number, nextInMs: number): void {
    if (ring !== 1 && nextInMs < SLOW_INTERVAL_MS) return;
    if (this.successor === null) this.knock(0, this.page);
    if (this.loss !== null) {
      this.listener.report('connection-lost', { cause: this.loss, attempt: ring, retryInMs: nextInMs });
    }
  }

  /** A server can be reached: tries to come in, unless an attempt is on its way that this network does not hold up. */
  private knock(tookMs: number, page: string): void {
    if (this.session !== null && this.silentSinceMs === null) return;
    const { successor } = this;
    if (successor !== null) {
      const isStuck = performance.now() - successor.startedMs > HANDSHAKES * tookMs + HANDSHAKE_MARGIN_MS;
      if (successor.isAnswered || !isStuck) return;
      successor.close();
    }
    this.succeed(page);
  }

  /** From now on we are at `page`; the one we were at before stays known. */
  private learnPages(page: string, nodes: string[]): void {
    this.otherPages = [...new Set([...nodes, this.page])].filter((other) => lifeUrl(other) !== lifeUrl(page));
    this.page = page;
  }

  private stopRecovery(): void {
    this.doorbell?.stop();
    this.doorbell = null;
    this.successor?.close();
    this.successor = null;
    this.loss = null;
  }

  /** A full room is final for a guest at the door, but not for one who was inside: the old seat may still be held. */
  private mayRetry(cause: CallError): boolean {
    if (FINAL_ERRORS.includes(cause.code)) return false;
    return this.ownId !== null || !(['room-full', 'too-fast'] as readonly CallErrorCode[]).includes(cause.code);
  }
}
