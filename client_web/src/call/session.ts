import { CallBudget, type BudgetStatistics } from './budget/call_budget';
import type { Allocation, BudgetSettings } from './budget/link_budget';
import { Connection, type ChannelCounters, type ChannelName } from './connection';
import { EVERYBODY, parseControl, serialiseControl, type ControlMessage } from './control';
import { openTraffic, type ChannelTraffic } from './encryption/channel_traffic';
import type { Bytes } from './encryption/primitives';
import type { EncryptionStatistics } from './encryption/status';
import { CallError } from './errors';
import type { CallEvents, KeyframeAbility, ParticipantState } from './events';
import { KeyframeConfirmations } from './keyframe_confirmations';
import { KeyframeSender, type KeyframeStore } from './keyframe_delivery';
import { PROTOCOL_VERSION, type HostMessage, type Participant, type ServerMessage, type Source } from './messages';
import { Introductions } from './introductions';
import { Other } from './other';
import { Signalling } from './signalling';
import { timeTicksOf } from './transport/bundle_sequence';
import type { TrailerCounters, TransportName, TransportPreference } from './transport/transport';
import { VoiceAssignment } from './voice_assignment';

/** What a session needs to know of its owner, read whenever it is needed. */
export interface LocalParticipant {
  readonly room: string;
  /** Of our link; `null` if it has no key, so that nothing is end-to-end encrypted. */
  readonly linkSecret: Bytes | null;
  readonly name: string;
  readonly source: Source;
  readonly state: ParticipantState;
  readonly microphone: MediaStreamTrack | null;
  readonly transport: TransportPreference;
  /** The join token of our link, if it has one. */
  readonly token: string | null;
  /** What the server gave us to come back with. */
  readonly pass: string | null;
  /** Which keyframes this end can decode. */
  readonly keyframes: KeyframeAbility;
  readonly store: KeyframeStore;
  /** What the call may take of the link. */
  readonly budget: BudgetSettings;
}

export interface SessionListener {
  report<Name extends keyof CallEvents>(name: Name, payload: CallEvents[Name]): void;
  /** We are in; with this we may come back. */
  onPass(pass: string | null): void;
  /** Other servers by which we may come back. */
  onNodes(nodes: string[]): void;
  /** Nothing comes from the server any more (`true`), or something does again (`false`). */
  onSilence(silent: boolean): void;
  /** The session is over; it has closed everything of its own. */
  onEnd(cause: CallError): void;
}

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
  /** What the link carries and how it is divided. */
  budget: BudgetStatistics;
}

const JOIN_LIMIT_MS = 10_000;

/** One stay in the room: one signalling socket and one peer connection, from `join` to the first failure. */
export class Session {
  /** The others by id. */
  readonly others = new Map<number, Other>();
  readonly startedMs = performance.now();
  private readonly signalling: Signalling;
  private connection: Connection | null = null;
  private traffic: ChannelTraffic | null = null;
  private keyframes: KeyframeSender | null = null;
  private readonly confirmations = new KeyframeConfirmations();
  private readonly budget: CallBudget;
  private introductions: Introductions | null = null;
  private readonly voices = new VoiceAssignment((id, track) => this.listener.report('voice', { id, track }));
  private readonly joinTimer: ReturnType<typeof setTimeout>;
  private ended = false;

  /** @param known whom an earlier session of ours knew: what we received of them still counts if they are there. */
  constructor(
    url: string,
    private readonly local: LocalParticipant,
    private readonly known: ReadonlyMap<number, Other>,
    private readonly listener: SessionListener,
  ) {
    this.budget = new CallBudget(
      {
        report: (participant, reception) =>
          this.sendControl(participant, { type: 'reception', ...reception }),
        apply: (allocation) => this.apply(allocation),
      },
      local.budget,
    );
    this.joinTimer = setTimeout(
      () => this.end(new CallError('no-answer', `The server did not answer within ${JOIN_LIMIT_MS / 1_000} s.`)),
      JOIN_LIMIT_MS,
    );
    this.signalling = new Signalling(url, {
      onOpen: () =>
        this.signalling.send({
          type: 'join',
          protocol: PROTOCOL_VERSION,
          name: local.name,
          source: local.source,
          ...(local.token === null ? {} : { token: local.token }),
          ...(local.pass === null ? {} : { pass: local.pass }),
        }),
      onMessage: (message) => this.receive(message),
      onClosed: (cause) => this.end(cause),
    });
  }

  sendBundle(bundle: Uint8Array): void {
    const strangers = this.traffic?.statistics().strangers ?? [];
    const readers = [...this.others.keys()].filter((id) => !strangers.includes(id));
    this.connection?.bundles.send(new Uint8Array(bundle), readers);
  }

  usePower(message: HostMessage): void {
    this.signalling.send(message);
  }

  requestView(sdp: string, fragment: string | null): void {
    this.signalling.send({ type: 'view', sdp, ...(fragment === null ? {} : { fragment }) });
  }

  sendKeyframe(blob: Uint8Array): void {
    this.keyframes?.send(blob);
  }

  sendState(): void {
    this.introductions?.tellState();
  }

  /** Sends everybody a line of chat or a reaction. */
  say(message: Extract<ControlMessage, { type: 'chat' | 'reaction' }>): void {
    this.sendControl(EVERYBODY, message);
  }

  requestKeyframe(from: number, number: number): void {
    this.sendControl(from, { type: 'keyframe-request', number });
  }

  async setMicrophone(track: MediaStreamTrack | null): Promise<void> {
    await this.connection?.setMicrophone(track);
  }

  /** Counters of each channel, or `null` before the room was entered. */
  counters(): Readonly<Record<ChannelName, ChannelCounters>> | null {
    return this.connection?.counters ?? null;
  }

  /** How bundles travel, or `null` before the room was entered. */
  transport(): TransportStatistics | null {
    if (this.connection === null) return null;
    const sequences = [...this.others.values()].map(({ sequence }) => sequence);
    return {
      sending: this.connection.transport,
      trailers: this.connection.trailerCounters,
      bundlesLost: sequences.reduce((total, { lost }) => total + lost, 0),
      bundlesDuplicate: sequences.reduce((total, { duplicates }) => total + duplicates, 0),
      budget: this.budget.statistics(),
    };
  }

  /** How this stay is protected, and what was dropped; `null` before the room was entered. */
  encryption(): EncryptionStatistics | null {
    return this.traffic?.statistics(this.connection?.voiceDropped ?? null) ?? null;
  }

  /** The browser's statistics of the peer connection, or `null` before there is one. */
  async statistics(): Promise<RTCStatsReport | null> {
    const report = (await this.connection?.statistics()) ?? null;
    if (report !== null) this.budget.noteStatistics(report, this.voices.slots);
    return report;
  }

  /** Whether the server has answered the socket. */
  get isAnswered(): boolean {
    return this.signalling.isOpen;
  }

  /** Says goodbye and closes; nothing more is reported. */
  leave(): void {
    this.signalling.send({ type: 'leave' });
    this.close();
  }

  private receive(message: ServerMessage): void {
    switch (message.type) {
      case 'joined':
        clearTimeout(this.joinTimer);
        for (const participant of message.participants) this.enter(participant, true);
        this.connect(message.iceServers, message.id);
        this.listener.onPass(message.pass);
        this.listener.onNodes(message.nodes);
        this.listener.report('joined', { id: message.id, participants: message.participants });
        this.listener.report('room', { room: message.room });
        break;
      case 'waiting':
        clearTimeout(this.joinTimer);
        this.listener.report('waiting', undefined);
        break;
      case 'room':
        this.listener.report('room', { room: message.room });
        break;
      case 'knock':
        this.listener.report('knock', { id: message.id, name: message.name });
        break;
      case 'knock-gone':
        this.listener.report('knock-gone', { id: message.id });
        break;
      case 'mute-requested':
        this.listener.report('mute-requested', undefined);
        break;
      case 'answer':
        void this.connection?.acceptAnswer(message.sdp);
        break;
      case 'voices':
        this.voices.setSlots(message.slots);
        this.connection?.assignSlots(message.slots);
        this.introductions?.tellReading();
        break;
      case 'participant-joined':
        this.enter(message.participant, false);
        this.connection?.ensureSlots(this.others.size);
        this.listener.report('participant-joined', { participant: message.participant });
        break;
      case 'participant-left':
        this.remove(message.id, message.reason);
        break;
      case 'participant-away':
        this.listener.report('participant-away', { id: message.id, away: message.away });
        break;
      case 'view-answer':
      case 'view-pictures':
      case 'view-failed':
        this.listener.report('view', message);
        break;
      case 'error':
        this.end(new CallError(message.code, message.message));
    }
  }

  private enter(participant: Participant, wasThere: boolean): void {
    const known = this.known.get(participant.id);
    const isKnown = wasThere && known?.participant.session === participant.session;
    // With a key, nobody can read us before keys are exchanged.
    const isGreeted = wasThere && this.local.linkSecret === null;
    this.others.set(participant.id, new Other(participant, isGreeted, isKnown ? known : null));
  }

  private remove(id: number, reason: 'left' | 'lost' | 'removed'): void {
    const participant = this.others.get(id)?.participant;
    if (participant === undefined) return;
    this.others.delete(id);
    this.traffic?.participantWent(id);
    this.connection?.bundles.note(id, false);
    this.keyframes?.forget(id);
    this.budget.forget(id);
    this.listener.report('participant-left', { participant, reason });
  }

  private connect(iceServers: RTCIceServer[], ownId: number): void {
    const { microphone, transport, linkSecret, room } = this.local;
    const connection = new Connection(iceServers, this.others.size, microphone, transport, linkSecret !== null, {
      onOffer: (sdp) => this.signalling.send({ type: 'offer', sdp }),
      onOpen: () => {
        this.traffic?.begin(this.others.keys());
        this.introductions?.begin(linkSecret !== null);
        this.listener.report('open', undefined);
      },
      onChannelMessage: (channel, message) => this.traffic?.receive(channel, message),
      onChannelBundle: (bundle) => this.traffic?.send('motion', EVERYBODY, bundle),
      onTrailerBundle: (mid, bundle) => {
        const from = this.voices.speaker(mid);
        if (from !== null) this.receiveBundle(from, bundle);
      },
      onRejected: (error) => this.listener.report('rejected', { error }),
      onVoiceTrack: (mid, track) => this.voices.addTrack(mid, track),
      onSilence: (silent) => this.listener.onSilence(silent),
      onLost: (cause) => this.end(cause),
    });
    const traffic = openTraffic(linkSecret, room, ownId, connection.sealsVoice, {
      transmit: (channel, message) => connection.send(channel, message),
      deliver: (channel, from, payload) => this.receiveFromChannel(channel, from, payload),
      onKeysExchanged: (participant) => this.introductions?.greetWithKeys(participant),
      onStatus: (status) => this.listener.report('encryption', { status }),
      onVoiceKeys: (message) => connection.takeVoiceKeys(message),
      onRejected: (error) => this.listener.report('rejected', { error }),
    });
    this.connection = connection;
    this.traffic = traffic;
    const keyframes = new KeyframeSender(
      { ready: () => connection.readyForSlice(), send: (to, slice) => traffic.send('keyframe', to, slice) },
      this.local.store,
    );
    this.keyframes = keyframes;
    this.introductions = new Introductions({
      others: this.others,
      voices: this.voices,
      keyframes,
      readsTrailers: connection.readsTrailers,
      state: () => ({ type: 'state', ...this.local.state, keyframes: this.local.keyframes }),
      send: (recipient, message) => this.sendControl(recipient, message),
    });
  }

  private apply({ redundancy, voiceKbps, keyframeKbps, sliceKbps, sliceBytes }: Allocation): void {
    this.connection?.setRedundancy(redundancy);
    this.connection?.setVoiceKbps(voiceKbps);
    this.local.store.setKeyframeKbps?.(keyframeKbps);
    if (this.keyframes !== null) this.keyframes.pace = { kbps: sliceKbps, bytes: sliceBytes };
  }

  private receiveFromChannel(channel: ChannelName, from: number, payload: Uint8Array): void {
    const other = this.others.get(from);
    if (other === undefined) return;
    if (channel === 'motion') {
      this.receiveBundle(from, payload);
    } else if (channel === 'keyframe') {
      const blob = other.assembler.push(payload);
        if (blob !== null) this.receiveKeyframe(from, other, blob);
    } else {
      this.receiveControl(from, other, payload);
    }
  }

  private receiveBundle(from: number, bundle: Uint8Array): void {
    if (this.others.get(from)?.sequence.accept(bundle) !== true) return;
    this.budget.noteBundle(from, timeTicksOf(bundle));
    this.listener.report('bundle', { from, bundle });
  }

  private receiveKeyframe(from: number, other: Other, blob: Uint8Array): void {
    const number = blob[1] as number;
    other.newestKeyframe = number;
    this.sendControl(from, { type: 'keyframe-received', number });
    this.listener.report('keyframe', { from, blob });
  }

  private receiveControl(from: number, other: Other, payload: Uint8Array): void {
    const message = parseControl(payload);
    if (message.type === 'keyframe-request') {
      this.keyframes?.answer(from, message.number);
      return;
    }
    if (message.type === 'keyframe-received') {
      const isEverywhere = this.confirmations.add(message.number, from, this.others.keys());
      if (isEverywhere) this.local.store.confirmKeyframe?.(message.number);
      return;
    }
    if (message.type === 'reception') {
      this.budget.noteReception(from, message);
      return;
    }
    if (message.type === 'resume') {
      this.introductions?.welcomeBack(from, other, message.newest, message.answer);
      return;
    }
    if (message.type === 'trailers') {
      this.connection?.bundles.note(from, message.read);
      return;
    }
    if (message.type === 'chat') {
      this.listener.report('chat', { from, text: message.text });
      return;
    }
    if (message.type === 'reaction') {
      this.listener.report('reaction', { from, emoji: message.emoji });
      return;
    }
    const { type: _, keyframes, ...state } = message;
    this.listener.report('participant-state', { id: from, state, keyframes });
    this.introductions?.greet(from, other);
  }

  private sendControl(recipient: number, message: ControlMessage): void {
    this.traffic?.send('control', recipient, serialiseControl(message));
  }

  private end(cause: CallError): void {
    if (this.ended) return;
    this.close();
    this.listener.onEnd(cause);
  }

  /** Closes without a word; nothing more is reported. */
  close(): void {
    this.ended = true;
    clearTimeout(this.joinTimer);
    this.signalling.close();
    this.budget.close();
    this.keyframes?.close();
    this.traffic?.close();
    this.connection?.close();
  }
}
