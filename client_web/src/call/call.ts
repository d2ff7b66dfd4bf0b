import { DEFAULT_BUDGET, type BudgetSettings } from './budget/link_budget';
import type { ChannelCounters, ChannelName } from './channels';
import type { Reaction } from './control';
import type { Bytes } from './encryption/primitives';
import { NOT_ENCRYPTED, type EncryptionStatistics } from './encryption/status';
import type { CallError } from './errors';
import { Emitter, type CallEvents, type KeyframeAbility, type ParticipantState } from './events';
import type { TransportStatistics } from './exchange';
import type { KeyframeStore } from './keyframe_delivery';
import type { HostMessage, Source } from './messages';
import { Presence, type LocalState, type PresencePhase } from './presence';
import { roundTripMs } from './round_trip';
import type { Session } from './session';
import type { TransportPreference, VoicePlayed } from './transport/transport';
import { voiceTotals, type VoiceTotals } from './voice_totals';
import { RateWindow, wireTotals, type WireRate } from './wire_rate';

/** How to enter a room. */
export interface CallSettings {
  /** The page's own URL: says which server, and whether over TLS. */
  page: string;
  /** 1–64 characters of `A–Z a–z 0–9 _ -`. */
  room: string;
  /** 1–64 characters. */
  name: string;
  source: Source;
  state: ParticipantState;
  /** Our voice; `null` without a microphone. */
  microphone: MediaStreamTrack | null;
  /** The join token of the link; `null` without one. */
  token: string | null;
  /** The secret of the link; `null` if it has no key, so that the call is not end-to-end encrypted. */
  linkSecret: Bytes | null;
  /** By which transports bundles may go. */
  transport: TransportPreference;
  /** Which keyframes this end can decode; the others are told. */
  keyframes: KeyframeAbility;
  /** What is sent to newcomers and on request. */
  store: KeyframeStore;
  /** What the call may take of the link; usually as little as a telephone call. */
  budget?: BudgetSettings;
}

/** Numbers about the call, for the page and for tests. */
export interface CallStatistics {
  /** `null` until measured. */
  rate: WireRate | null;
  /** `false` where the browser does not count packets (Firefox), so that there will be no rate. */
  rateCounted: boolean;
  /** Since the present connection began; `null` before there is one. */
  channels: Readonly<Record<ChannelName, ChannelCounters>> | null;
  /** The voices that came by the present connection; half a second old at most. */
  voices: VoiceTotals;
  /** To the server and back, ms; `null` until measured. */
  roundTripMs: number | null;
  /** How bundles travel; `null` before there is a connection. */
  transport: TransportStatistics | null;
  /** How the call is protected, and what was dropped because it could not be opened. */
  encryption: EncryptionStatistics;
  /** Messages dropped because they broke the protocol. */
  messagesRejected: number;
}

/** What there is to say before a call. */
export const NO_STATISTICS: CallStatistics = {
  rate: null,
  rateCounted: true,
  channels: null,
  voices: voiceTotals([]),
  roundTripMs: null,
  transport: null,
  encryption: NOT_ENCRYPTED,
  messagesRejected: 0,
};

/** Where the call stands; `in-call` as soon as messages reach the relay. */
export type CallPhase = 'idle' | PresencePhase;

const RATE_INTERVAL_MS = 500;

/**
 * A call in one room: joins, reports what happens as {@link CallEvents}, and joins again when the connection is lost.
 * Knows nothing of the page or of what bundles and keyframes contain.
 */
export class Call extends Emitter<CallEvents> {
  private readonly page: string;
  private readonly room: string;
  private readonly local: LocalState;
  private presence: Presence | null = null;
  /** The session that the rates are of. */
  private measured: Session | null = null;
  private window = new RateWindow();
  private rateTimer: ReturnType<typeof setInterval> | undefined;
  private messagesRejected = 0;
  private rateCounted = true;
  private voices: VoiceTotals = voiceTotals([]);
  private roundTripMs: number | null = null;
  private voiceTaps = 0;

  constructor(settings: CallSettings) {
    super();
    this.page = settings.page;
    this.room = settings.room;
    const { room, linkSecret, name, source, state, microphone, token, transport, keyframes, store, budget = DEFAULT_BUDGET } = settings;
    this.local = { room, linkSecret, name, source, state, microphone, token, pass: null, transport, isVoiceTapped: false, keyframes, store, budget };
  }

  get phase(): CallPhase {
    return this.presence?.phase ?? 'idle';
  }

  /** Enters the room; the outcome comes as `joined` or `ended`. Call it once. */
  join(): void {
    this.rateTimer = setInterval(() => void this.measureRate(), RATE_INTERVAL_MS);
    this.presence = new Presence(this.page, this.room, this.local, {
      report: (name, payload) => {
        if (name === 'rejected') this.messagesRejected += 1;
        this.emit(name, payload);
      },
      onEnd: (cause) => this.finish(cause),
    });
  }

  /** Leaves the room for good. */
  leave(): void {
    if (this.phase === 'ended') return;
    this.presence?.leave();
    this.finish(null);
  }

  /** Tries to reconnect now instead of when the wait is over. */
  retryNow(): void {
    this.presence?.retryNow();
  }

  /** Asks for what only hosts may: lock, let in, ask to mute, remove, end. */
  usePower(message: HostMessage): void {
    this.session?.usePower(message);
  }

  /**
   * Asks to see the others as video from a renderer; answers come as `view` events. `fragment` is what of the link's
   * fragment the renderer needs to read encrypted payloads: with it, end-to-end encryption ends for this view.
   */
  requestView(sdp: string, fragment: string | null): void {
    this.session?.requestView(sdp, fragment);
  }

  /** Sends one bundle to everybody, at most 1 150 bytes; dropped and counted while there is no connection. */
  sendBundle(bundle: Uint8Array): void {
    this.session?.exchange?.sendBundle(bundle);
  }

  /** Queues a keyframe for everybody, slice by slice. */
  sendKeyframe(blob: Uint8Array): void {
    this.session?.exchange?.sendKeyframe(blob);
  }

  /** Asks `from` to send its keyframe `number` (0–255) again. */
  requestKeyframe(from: number, number: number): void {
    this.session?.requestKeyframe(from, number);
  }

  /** Queues an update of the screen that we share for `recipient` (0 = everybody), behind everything else. */
  sendScreen(recipient: number, update: Uint8Array): void {
    this.session?.exchange?.screen.send(recipient, update);
  }

  /** How many updates of our screen wait to go out to `recipient`, or to anybody (0); without a connection more than any. */
  screenWaiting(recipient: number): number {
    return this.session?.exchange?.screen.waiting(recipient) ?? Infinity;
  }

  /** What waits of our screen is no longer to go out. */
  forgetScreen(): void {
    this.session?.exchange?.screen.clear();
  }

  /** Asks `from` for all of the screen it shares. */
  requestScreen(from: number): void {
    this.session?.exchange?.sendControl(from, { type: 'screen-request' });
  }

  /** Tells everybody, and each newcomer, what to show beside our name. */
  setState(state: ParticipantState): void {
    const before = this.local.state;
    const fields = Object.keys({ ...before, ...state }) as (keyof ParticipantState)[];
    if (fields.every((field) => state[field] === before[field])) return;
    this.local.state = state;
    this.session?.exchange?.sendState();
  }

  /** Writes a line to everybody, 1 to `MAX_CHAT_LENGTH` characters. Returns whether there was a connection for it. */
  sendChat(text: string): boolean {
    this.session?.say({ type: 'chat', text });
    return this.phase === 'in-call';
  }

  /** Shows everybody a reaction. */
  react(emoji: Reaction): void {
    this.session?.say({ type: 'reaction', emoji });
  }

  /** Sends the voice from another track from now on; `null` sends none. */
  async setMicrophone(track: MediaStreamTrack | null): Promise<void> {
    if (track === this.local.microphone) return;
    this.local.microphone = track;
    await this.session?.exchange?.setMicrophone(track);
  }

  /** Reports every voice packet, ours too, as `voice-packet` from now on, or no longer when everybody has closed the tap again. */
  setVoiceTap(isOpen: boolean): void {
    this.voiceTaps += isOpen ? 1 : -1;
    this.local.isVoiceTapped = this.voiceTaps > 0;
    this.session?.exchange?.setVoiceTap(this.local.isVoiceTapped);
  }

  /** The packet of a participant's voice that is being played; `null` before the first. */
  voicePlayed(id: number): VoicePlayed | null {
    return this.session?.exchange?.voicePlayed(id) ?? null;
  }

  /** Lets a participant's voice wait so long, ms, for the picture that belongs to it. */
  delayVoice(id: number, ms: number): void {
    this.session?.exchange?.delayVoice(id, ms);
  }

  statistics(): CallStatistics {
    const exchange = this.session?.exchange;
    return {
      rate: this.window.rate(),
      rateCounted: this.rateCounted,
      channels: exchange?.counters ?? null,
      voices: this.voices,
      roundTripMs: this.roundTripMs,
      transport: exchange?.transport() ?? null,
      encryption: exchange?.encryption() ?? NOT_ENCRYPTED,
      messagesRejected: this.messagesRejected,
    };
  }

  private get session(): Session | null {
    return this.presence?.session ?? null;
  }

  private finish(error: CallError | null): void {
    clearInterval(this.rateTimer);
    this.emit('ended', { error });
  }

  private async measureRate(): Promise<void> {
    const { session } = this;
    if (session !== this.measured) this.window = new RateWindow();
    this.measured = session;
    const { window } = this;
    const report = await session?.exchange?.statistics().catch(() => null);
    if (report === null || report === undefined) return;
    this.voices = voiceTotals(report);
    this.roundTripMs = roundTripMs(report);
    const totals = wireTotals(report);
    if (totals !== null) window.add(performance.now(), totals);
    if (this.phase === 'in-call') this.rateCounted = totals !== null;
  }
}
