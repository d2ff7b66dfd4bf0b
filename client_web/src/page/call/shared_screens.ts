import { signal } from '@preact/signals';
import type { Call } from '../../call/call';
import { ScreenShare, type ShareProblem } from '../../screen/screen_share';
import { ScreenView } from '../../screen/screen_view';
import type { ScreenStatistics } from '../page_handle';

/** Nothing of a screen has come for so long: it is asked for again. */
const REQUEST_INTERVAL_MS = 5_000;

/** Somebody's screen, as the page shows it. */
export interface SharedScreen {
  participant: number;
  view: ScreenView;
}

/** The screens of a call: ours, if we share it, and those that others share. */
export class SharedScreens {
  /** Our own share; `null` while there is none. */
  readonly own = signal<ScreenShare | null>(null);
  /** Those of others, the newest last. */
  readonly others = signal<readonly SharedScreen[]>([]);
  private readonly stop: (() => void)[];

  /** @param onProblem hears why our screen is not shared. */
  constructor(
    private readonly call: Call,
    private readonly onProblem: (problem: ShareProblem) => void,
  ) {
    const timer = setInterval(() => this.requestMissing(), REQUEST_INTERVAL_MS);
    this.stop = [
      () => clearInterval(timer),
      call.on('participant-state', ({ id, state }) => this.follow(id, state.screen)),
      call.on('participant-left', ({ participant }) => this.follow(participant.id, false)),
      call.on('participant-away', ({ id, away }) => !away && this.request(id)),
      call.on('reconnected', () => this.others.value.forEach(({ participant }) => this.request(participant))),
      call.on('screen', ({ from, update }) => this.of(from)?.view.push(update)),
      call.on('screen-request', ({ from }) => this.own.value?.sendAll(from)),
    ];
  }

  /** Begins to share, which asks the person what, or ends it. */
  async toggle(): Promise<void> {
    if (this.own.value !== null) {
      this.own.value.stop();
      return;
    }
    const share = await ScreenShare.begin({
      waiting: (recipient) => this.call.screenWaiting(recipient),
      send: (recipient, update) => this.call.sendScreen(recipient, update),
    });
    if (!(share instanceof ScreenShare)) {
      this.onProblem(share);
      return;
    }
    share.onEnd = () => {
      this.own.value = null;
      this.call.forgetScreen();
    };
    this.own.value = share;
  }

  /** What this page sees of each. */
  statistics(): ScreenStatistics[] {
    return this.others.value.map(({ participant, view }) => ({
      participant,
      settled: view.settled.value,
      rejected: view.rejected,
    }));
  }

  close(): void {
    for (const stop of this.stop) stop();
    this.own.value?.stop();
    this.others.value = [];
  }

  private of(participant: number): SharedScreen | undefined {
    return this.others.value.find((screen) => screen.participant === participant);
  }

  private follow(participant: number, shares: boolean): void {
    if (shares === (this.of(participant) !== undefined)) return;
    const others = this.others.value.filter((screen) => screen.participant !== participant);
    this.others.value = shares ? [...others, { participant, view: new ScreenView() }] : others;
    if (shares) this.request(participant);
  }

  /** Whoever comes late has missed what the others have. */
  private request(participant: number): void {
    if (this.of(participant) !== undefined) this.call.requestScreen(participant);
  }

  private requestMissing(): void {
    for (const { participant, view } of this.others.value) if (view.settled.value === null) this.request(participant);
  }
}
