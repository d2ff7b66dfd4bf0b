import { CallBudget, type BudgetStatistics } from './budget/call_budget';
import type { Allocation } from './budget/link_budget';
import type { ChannelCounters, ChannelName } from './channels';
import { Connection } from './connection';
import { EVERYBODY, parseControl, serialiseControl, type ControlMessage } from './control';
import { openTraffic, type ChannelTraffic } from './encryption/channel_traffic';
import type { EncryptionStatistics } from './encryption/status';
import { CallError } from './errors';
import type { CallEvents } from './events';
import { Introductions } from './introductions';
import { KeyframeConfirmations } from './keyframe_confirmations';
import { KeyframeSender } from './keyframe_delivery';
import type { LocalParticipant } from './local_participant';
import type { Other } from './other';
import { CLOCK_MODULUS_MS } from './sender_clock';
import { isScreenSlice, ScreenSender } from './screen_delivery';
import { timeTicksOf } from './transport/bundle_sequence';
import { isGathered, splitGathered } from './transport/gathered';
import type { TrailerCounters, TransportName, VoicePlayed } from './transport/transport';
import { VoiceAssignment } from './voice_assignment';

/** In larger rooms nobody is asked for their clock. */
const MOST_CLOCKS = 3;

/** How bundles travel. */
export interface TransportStatistics {
  /** By which transport our newest bundle went. */
  sending: TransportName;
  /** What travelled behind voice, or was to; `null` where this browser has no encoded transforms, or may not use them. */
  trailers: Readonly<TrailerCounters> | null;
  /** Bundles of those present that did not arrive though later ones did. */
  bundlesLost: number;
  /** Bundles that came twice and were dropped: under loss they are sent so. */
  bundlesDuplicate: number;
  /** How far the others' clocks, those of their bundles, are ahead of ours, by participant, ms (`SenderClock`). */
  clockOffsets: Readonly<Record<number, number>>;
  /** What the link carries and how it is divided. */
  budget: BudgetStatistics;
}

/** What an exchange asks of its session, and tells it. */
export interface ExchangeEvents {
  report<Name extends keyof CallEvents>(name: Name, payload: CallEvents[Name]): void;
  /** This offer is for the server. */
  onOffer(sdp: string): void;
  /** Nothing comes from the server any more (`true`), or something does again (`false`). */
  onSilence(silent: boolean): void;
  onLost(cause: CallError): void;
}

/** What is exchanged with the others over one peer connection: voice, bundles, keyframes and control messages. */
export class Exchange {
  private readonly connection: Connection;
  private readonly traffic: ChannelTraffic;
  private readonly keyframes: KeyframeSender;
  /** Of the screen that we share. */
  readonly screen: ScreenSender;
  private readonly confirmations = new KeyframeConfirmations();
  private readonly budget: CallBudget;
  private readonly introductions: Introductions;
  private readonly voices = new VoiceAssignment((id, track) => this.events.report('voice', { id, track }));

  /** @param others who is there besides us, by id: kept up to date by the session. */
  constructor(
    private readonly local: LocalParticipant,
    private readonly others: ReadonlyMap<number, Other>,
    iceServers: RTCIceServer[],
    ownId: number,
    private readonly events: ExchangeEvents,
  ) {
    const { microphone, transport, linkSecret, room } = local;
    this.connection = new Connection(iceServers, others.size, microphone, transport, linkSecret !== null, {
      onOffer: (sdp) => events.onOffer(sdp),
      onOpen: () => {
        this.traffic.begin(others.keys());
        this.introductions.begin(linkSecret !== null);
        events.report('open', undefined);
      },
      onChannelMessage: (channel, message) => this.receiveMessage(channel, message),
      onChannelBundle: (bundle) => this.traffic.send('motion', EVERYBODY, bundle),
      onVoicePacket: (mid, arrival) => {
        const from = this.voices.speaker(mid);
        if (from !== null) this.budget.noteVoice(from, arrival);
      },
      onTrailerBundle: (mid, bundle, { atMs }) => {
        const from = this.voices.speaker(mid);
        if (from !== null) this.receiveBundle(from, bundle, atMs);
      },
      onTappedVoice: (mid, timestamp, packet) => {
        const from = mid === null ? ownId : this.voices.speaker(mid);
        if (from !== null) events.report('voice-packet', { from, timestamp, packet });
      },
      onRejected: (error) => events.report('rejected', { error }),
      onVoiceTrack: (mid, track) => this.voices.addTrack(mid, track),
      onSilence: (silent) => events.onSilence(silent),
      onLost: (cause) => events.onLost(cause),
    });
    this.connection.setVoiceTap(local.isVoiceTapped);
    this.traffic = openTraffic(linkSecret, room, ownId, this.connection.sealsVoice, {
      transmit: (channel, message) => this.connection.send(channel, message),
      deliver: (channel, from, payload) => this.receive(channel, from, payload),
      onKeysExchanged: (participant) => this.introductions.greetWithKeys(participant),
      onStatus: (status) => events.report('encryption', { status }),
      onVoiceKeys: (message) => this.connection.takeVoiceKeys(message),
      onRejected: (error) => events.report('rejected', { error }),
    });
    this.keyframes = new KeyframeSender(
      {
        ready: () => this.connection.readyForSlice(),
        send: (to, slice) => this.traffic.send('keyframe', to, slice),
      },
      local.store,
    );
    this.screen = new ScreenSender({
      ready: () => this.keyframes.isIdle && this.connection.readyForSlice(),
      send: (to, slice) => this.traffic.send('keyframe', to, slice),
    });
    this.introductions = new Introductions({
      others,
      voices: this.voices,
      keyframes: this.keyframes,
      readsTrailers: this.connection.readsTrailers,
      state: () => ({ type: 'state', ...local.state, keyframes: local.keyframes }),
      send: (recipient, message) => this.sendControl(recipient, message),
    });
    this.budget = new CallBudget(
      {
        report: (participant, reception) => this.sendControl(participant, { type: 'reception', ...reception }),
        apply: (allocation) => this.apply(allocation),
        wait: (mid, ms) => this.voices.delayed.has(mid) || this.connection.setVoiceWait(mid, ms),
      },
      local.budget,
    );
  }

  sendBundle(bundle: Uint8Array): void {
    const { strangers } = this.traffic.statistics();
    const readers = [...this.others.keys()].filter((id) => !strangers.includes(id));
    this.connection.bundles.send(new Uint8Array(bundle), readers);
  }

  sendKeyframe(blob: Uint8Array): void {
    this.keyframes.send(blob);
  }

  sendState(): void {
    this.introductions.tellState();
  }

  sendControl(recipient: number, message: ControlMessage): void {
    this.traffic.send('control', recipient, serialiseControl(message));
  }

  async setMicrophone(track: MediaStreamTrack | null): Promise<void> {
    await this.connection.setMicrophone(track);
  }

  /** The packet of this participant's voice that is being played; `null` before the first. */
  voicePlayed(id: number): VoicePlayed | null {
    const mid = this.voices.slotOf(id);
    return mid === null ? null : this.connection.voicePlayed(mid);
  }

  /** Lets this participant's voice wait so long, ms, for the picture that belongs to it: no longer by the jitter of bundles. */
  delayVoice(id: number, ms: number): void {
    const mid = this.voices.slotOf(id);
    if (mid === null) return;
    this.voices.delayed.add(mid);
    this.connection.setVoiceWait(mid, ms);
  }

  /** Hands out every voice packet from now on, ours too, or no longer. */
  setVoiceTap(isOpen: boolean): void {
    this.connection.setVoiceTap(isOpen);
  }

  acceptAnswer(sdp: string): void {
    void this.connection.acceptAnswer(sdp);
  }

  /** Takes whose voice each transceiver plays. */
  setSlots(slots: ReadonlyMap<string, number | null>): void {
    this.voices.setSlots(slots);
    this.connection.assignSlots(slots);
    this.introductions.tellReading();
  }

  /** Somebody has come: there must be a slot for their voice. */
  ensureSlots(): void {
    this.connection.ensureSlots(this.others.size);
  }

  /** Somebody has gone. */
  forget(id: number): void {
    this.traffic.participantWent(id);
    this.connection.bundles.note(id, false);
    this.keyframes.forget(id);
    this.screen.forget(id);
    this.budget.forget(id);
  }

  /** Counters of each channel. */
  get counters(): Readonly<Record<ChannelName, ChannelCounters>> {
    return this.connection.counters;
  }

  /** How bundles travel. */
  transport(): TransportStatistics {
    const sequences = [...this.others.values()].map(({ sequence }) => sequence);
    return {
      sending: this.connection.transport,
      trailers: this.connection.trailerCounters,
      bundlesLost: sequences.reduce((total, { lost }) => total + lost, 0),
      bundlesDuplicate: sequences.reduce((total, { duplicates }) => total + duplicates, 0),
      clockOffsets: this.clockOffsets(),
      budget: this.budget.statistics(),
    };
  }

  private clockOffsets(): Record<number, number> {
    const known = [...this.others].flatMap(([id, { clock: { offsetMs } }]) => (offsetMs === null ? [] : [[id, offsetMs]]));
    return Object.fromEntries(known) as Record<number, number>;
  }

  private askClocks(): void {
    if (this.others.size > MOST_CLOCKS) return;
    const asked = Date.now();
    for (const [id, { clock }] of this.others) if (clock.isDue(asked)) this.sendControl(id, { type: 'clock', asked });
  }

  /** How this stay is protected, and what was dropped. */
  encryption(): EncryptionStatistics {
    return this.traffic.statistics(this.connection.voiceDropped);
  }

  /** The browser's statistics of the peer connection. */
  async statistics(): Promise<RTCStatsReport> {
    const report = await this.connection.statistics();
    this.budget.noteStatistics(report, this.voices.slots);
    this.askClocks();
    return report;
  }

  close(): void {
    this.budget.close();
    this.keyframes.close();
    this.screen.close();
    this.traffic.close();
    this.connection.close();
  }

  private apply(allocation: Allocation): void {
    this.connection.setRedundancy(allocation.redundancy);
    this.connection.setVoiceKbps(allocation.voiceKbps);
    this.connection.setPacketMs(allocation.packetMs);
    this.local.store.setKeyframeKbps?.(allocation.keyframeKbps);
    const { sliceKbps, urgentSliceKbps, sliceBytes } = allocation;
    this.keyframes.pace = { kbps: sliceKbps, urgentKbps: urgentSliceKbps, bytes: sliceBytes };
    this.screen.pace = { kbps: sliceKbps, bytes: sliceBytes };
  }

  private receiveMessage(channel: ChannelName, message: Uint8Array): void {
    try {
      const messages = channel === 'motion' && isGathered(message) ? splitGathered(message) : [message];
      for (const one of messages) this.traffic.receive(channel, one);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.events.report('rejected', { error });
    }
  }

  private receive(channel: ChannelName, from: number, payload: Uint8Array): void {
    const other = this.others.get(from);
    if (other === undefined) return;
    if (channel === 'motion') {
      this.receiveBundle(from, payload, performance.timeOrigin + performance.now());
    } else if (channel === 'keyframe' && isScreenSlice(payload)) {
      const update = other.screen.push(payload);
      if (update !== null) this.events.report('screen', { from, update });
    } else if (channel === 'keyframe') {
      const blob = other.assembler.push(payload);
      if (blob !== null) this.receiveKeyframe(from, other, blob);
    } else {
      this.receiveControl(from, other, parseControl(payload));
    }
  }

  /** @param atMs when it reached this browser, ms since 1970. */
  private receiveBundle(from: number, bundle: Uint8Array, atMs: number): void {
    if (this.others.get(from)?.sequence.accept(bundle) !== true) return;
    this.budget.noteBundle(from, timeTicksOf(bundle), atMs);
    this.events.report('bundle', { from, bundle });
  }

  private receiveKeyframe(from: number, other: Other, blob: Uint8Array): void {
    const number = blob[1] as number;
    other.newestKeyframe = number;
    this.sendControl(from, { type: 'keyframe-received', number });
    this.events.report('keyframe', { from, blob });
  }

  private receiveControl(from: number, other: Other, message: ControlMessage): void {
    switch (message.type) {
      case 'keyframe-request':
        this.keyframes.answer(from, message.number);
        break;
      case 'screen-request':
        this.events.report('screen-request', { from });
        break;
      case 'keyframe-received': {
        const isEverywhere = this.confirmations.add(message.number, from, this.others.keys());
        if (isEverywhere) this.local.store.confirmKeyframe?.(message.number);
        break;
      }
      case 'clock':
        this.sendControl(from, { type: 'clock-answer', asked: message.asked, shows: shownByOurClock() });
        break;
      case 'clock-answer':
        other.clock.note(message.asked, message.shows, Date.now());
        break;
      case 'reception':
        this.budget.noteReception(from, message);
        break;
      case 'resume':
        this.introductions.welcomeBack(from, other, message.newest, message.answer);
        break;
      case 'trailers':
        this.connection.bundles.note(from, message.read);
        break;
      case 'chat':
        this.events.report('chat', { from, text: message.text });
        break;
      case 'reaction':
        this.events.report('reaction', { from, emoji: message.emoji });
        break;
      case 'state': {
        const { type: _, keyframes, ...state } = message;
        this.events.report('participant-state', { id: from, state, keyframes });
        this.introductions.greet(from, other);
      }
    }
  }
}

/** What the clock of our bundles shows, that of the page (W3C hr-time): whole ms, modulo `CLOCK_MODULUS_MS`. */
function shownByOurClock(): number {
  return Math.round(performance.now()) % CLOCK_MODULUS_MS;
}
