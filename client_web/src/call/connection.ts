import { CHANNELS, emptyCounters, type ChannelCounters, type ChannelName } from './channels';
import type { ConnectionListener } from './connection_listener';
import { CallError } from './errors';
import { PathWatch } from './path_watch';
import type { DropCounters } from './encryption/opening_error';
import type { VoiceKeyMessage } from './encryption/voice_cipher';
import { makeSilentTrack, type SilentTrack } from './silent_track';
import { withPacketTime } from './transport/packet_time';
import { preferRed } from './transport/red';
import type { RedundancyDepth } from './transport/redundancy';
import { ThinTransport, type ThinTransportListener } from './transport/thin_transport';
import {
  BundleSender,
  type TrailerCounters,
  type TransportName,
  type TransportPreference,
  type VoicePlayed,
} from './transport/transport';

const MAX_VOICE_SLOTS = 7;
/** Candidates that take longer, relayed ones mostly, need not be told: the server learns them from the checks they send. */
const GATHERING_LIMIT_MS = 250;
const OPENING_LIMIT_MS = 15_000;
/** A bundle older than this many bytes of queue is worth nothing: it is dropped instead. */
const MAX_MOTION_QUEUE_BYTES = 1_024;

/**
 * The peer connection to the relay: one voice going out, voice slots coming in, three data channels
 * (docs/protocol.md, "Media"), and bundles behind the voices where the browser can do that. Offers are complete (no
 * trickle) and made one after the other.
 */
export class Connection {
  private readonly channels: Readonly<Record<ChannelName, RTCDataChannel>>;
  readonly counters: Readonly<Record<ChannelName, ChannelCounters>>;
  /** To note in who reads trailers of our voice. */
  readonly bundles: BundleSender;
  /** Whether bundles may go behind voice. */
  private readonly isThin: boolean;
  private readonly thin: ThinTransport | null;
  private silence: SilentTrack | null = null;
  private readonly peer: RTCPeerConnection;
  private readonly voice: RTCRtpTransceiver;
  private readonly openingTimer: ReturnType<typeof setTimeout>;
  private watch: PathWatch | null = null;
  private listener: ConnectionListener | null;
  private readonly slots: RTCRtpTransceiver[] = [];
  private redundancy: RedundancyDepth = 0;
  /** What the Opus encoder was last allowed; `null` before, when it takes what the answer said. */
  private voiceKbps: number | null = null;
  private lastTransport: TransportName = 'datachannel';
  private wantedSlots: number;
  private negotiating = false;
  /** The server's newest answer; `null` before the first. */
  private answer: string | null = null;
  /** Sound in each of our voice packets; `null`: as the server's answer says. */
  private packetMs: number | null = null;

  /**
   * @param participants how many others are in the room already: the voice slots to begin with.
   * @param microphone our voice, or `null` without one.
   * @param hasKey whether the link has a key, so that voice is to be sealed.
   */
  constructor(
    iceServers: RTCIceServer[],
    participants: number,
    microphone: MediaStreamTrack | null,
    preference: TransportPreference,
    hasKey: boolean,
    listener: ConnectionListener,
  ) {
    this.listener = listener;
    this.isThin = preference === 'auto' && ThinTransport.isAvailable();
    this.thin = this.isThin || (hasKey && ThinTransport.isAvailable()) ? this.openThinTransport(hasKey) : null;
    this.bundles = new BundleSender({ send: (bundle) => this.sendOnChannel(bundle) }, this.isThin ? this.thin : null);
    this.peer = new RTCPeerConnection({ iceServers });
    this.peer.onconnectionstatechange = () => {
      if (this.peer.connectionState === 'failed') this.lose('nothing arrives from the server any more');
    };
    this.peer.ontrack = ({ track, transceiver }) => {
      if (transceiver.mid !== null) this.listener?.onVoiceTrack(transceiver.mid, track);
    };
    this.voice = this.peer.addTransceiver(microphone ?? this.silentTrack() ?? 'audio', { direction: 'sendonly' });
    this.thin?.attachSender(this.voice.sender);
    this.channels = {
      motion: this.openChannel('motion'),
      keyframe: this.openChannel('keyframe'),
      control: this.openChannel('control'),
    };
    this.counters = { motion: emptyCounters(), keyframe: emptyCounters(), control: emptyCounters() };
    this.openingTimer = setTimeout(
      () => this.lose('no media path to the server was found: UDP may be blocked between here and there'),
      OPENING_LIMIT_MS,
    );
    this.wantedSlots = Math.min(Math.max(1, participants), MAX_VOICE_SLOTS);
    void this.negotiate();
  }

  /** Whether a keyframe slice may go out: the channel is open and the one before has left. */
  readyForSlice(): boolean {
    const { readyState, bufferedAmount } = this.channels.keyframe;
    return readyState === 'open' && bufferedAmount === 0;
  }

  /** Sends one message (envelope included), or counts it as dropped. */
  send(name: ChannelName, message: Uint8Array<ArrayBuffer>): void {
    const channel = this.channels[name];
    const counters = this.counters[name];
    const congested = name === 'motion' && channel.bufferedAmount > MAX_MOTION_QUEUE_BYTES;
    if (channel.readyState !== 'open' || congested) {
      counters.messagesDropped += 1;
      return;
    }
    channel.send(message);
    counters.messagesSent += 1;
    counters.bytesSent += message.length;
  }

  /** Whether this end reads trailers of the voices in its slots. */
  get readsTrailers(): boolean {
    return this.isThin;
  }

  /** Whether this browser can seal voice. */
  get sealsVoice(): boolean {
    return this.thin !== null;
  }

  /** Voice packets that could not be opened; `null` where voice is not touched. */
  get voiceDropped(): Readonly<DropCounters> | null {
    return this.thin?.voiceDropped ?? null;
  }

  /** Seals and opens voice by this from now on. */
  takeVoiceKeys(message: VoiceKeyMessage): void {
    this.thin?.takeVoiceKeys(message);
  }

  /** Notes whose voice each slot carries, by transceiver mid: it is opened with that one's keys. */
  assignSlots(speakers: ReadonlyMap<string, number | null>): void {
    this.slots.forEach(({ mid }, slot) => {
      this.takeVoiceKeys({ type: 'slot', slot, participant: speakers.get(mid ?? '') ?? null });
    });
  }

  /** The transport by which the newest bundle went. */
  get transport(): TransportName {
    return this.lastTransport;
  }

  /** What travelled behind voice; `null` where nothing can. */
  get trailerCounters(): Readonly<TrailerCounters> | null {
    return this.isThin ? (this.thin?.counters ?? null) : null;
  }

  /** Sends each voice packet, and each bundle behind one, again so many times. */
  setRedundancy(depth: RedundancyDepth): void {
    if (depth === this.redundancy) return;
    this.redundancy = depth;
    this.thin?.setRedundancy(depth);
  }

  /** Lets the voice of the slot `mid` wait so long in its jitter buffer, ms, if the browser would not let it wait longer. */
  setVoiceWait(mid: string, ms: number): void {
    const slot = this.slots.find((transceiver) => transceiver.mid === mid);
    if (slot !== undefined && 'jitterBufferTarget' in slot.receiver) slot.receiver.jitterBufferTarget = ms;
  }

  /** The packet of the slot `mid` that is being played; `null` before the first. */
  voicePlayed(mid: string): VoicePlayed | null {
    const slot = this.slots.find((transceiver) => transceiver.mid === mid);
    const [source] = slot?.receiver.getSynchronizationSources() ?? [];
    return source === undefined ? null : { timestamp: source.rtpTimestamp, playedMs: source.timestamp };
  }

  /** Lets the Opus encoder take so much, kbit/s. */
  setVoiceKbps(kbps: number): void {
    if (kbps === this.voiceKbps) return;
    const parameters = this.voice.sender.getParameters();
    const [encoding] = parameters.encodings;
    if (encoding === undefined || this.voice.currentDirection === null) return;
    this.voiceKbps = kbps;
    encoding.maxBitrate = kbps * 1_000;
    // Refused while another change is under way: the next one comes soon.
    this.voice.sender.setParameters(parameters).catch(() => (this.voiceKbps = null));
  }

  /** Hands out every voice packet from now on, ours too, or no longer; none come where voice is not touched. */
  setVoiceTap(isOpen: boolean): void {
    this.thin?.setVoiceTap(isOpen);
  }

  /** Puts so much sound in each voice packet, ms; `null`: as the server said. */
  setPacketMs(packetMs: number | null): void {
    if (packetMs === this.packetMs || this.negotiating || this.answer === null) return;
    this.packetMs = packetMs;
    void this.applyAnswerAgain(this.answer);
  }

  /** Sends another microphone's track from now on; with `null`, silence that can carry bundles, or nothing. */
  async setMicrophone(track: MediaStreamTrack | null): Promise<void> {
    await this.voice.sender.replaceTrack(track ?? this.silentTrack());
  }

  /** Makes sure that there is a voice slot for each of `participants`; offers again if there are too few. */
  ensureSlots(participants: number): void {
    this.wantedSlots = Math.max(this.wantedSlots, Math.min(participants, MAX_VOICE_SLOTS));
    if (this.wantedSlots > this.slots.length && !this.negotiating) void this.negotiate();
  }

  /** Applies the server's answer to the offer on its way. */
  async acceptAnswer(sdp: string): Promise<void> {
    this.answer = sdp;
    try {
      await this.applyAnswer(sdp);
    } catch (error) {
      this.lose(`the server's answer was refused (${String(error)})`);
      return;
    }
    this.negotiating = false;
    this.ensureSlots(this.wantedSlots);
  }

  private async applyAnswer(sdp: string): Promise<void> {
    const dressed = this.packetMs === null ? sdp : withPacketTime(sdp, this.packetMs);
    await this.peer.setRemoteDescription({ type: 'answer', sdp: dressed });
  }

  /** Negotiates what our end has changed of the server's last answer, with ourselves: to the server nothing is new. */
  private async applyAnswerAgain(answer: string): Promise<void> {
    this.negotiating = true;
    try {
      await this.peer.setLocalDescription(await this.peer.createOffer());
      await this.applyAnswer(answer);
    } catch (error) {
      this.lose(`this browser could not negotiate anew (${String(error)})`);
      return;
    }
    this.negotiating = false;
    this.ensureSlots(this.wantedSlots);
  }

  /** The browser's statistics (W3C webrtc-stats). */
  statistics(): Promise<RTCStatsReport> {
    return this.peer.getStats();
  }

  close(): void {
    this.listener = null;
    clearTimeout(this.openingTimer);
    this.watch?.close();
    this.peer.close();
    this.thin?.close();
    this.silence?.close();
  }

  private openThinTransport(hasKey: boolean): ThinTransport {
    const listener: ThinTransportListener = {
      onSent: () => (this.lastTransport = 'thin'),
      onVoice: (slot, arrival) => {
        this.watch?.heard();
        const mid = this.slots[slot]?.mid ?? null;
        if (mid !== null) this.listener?.onVoicePacket(mid, arrival);
      },
      onBundle: (slot, bundle, arrival) => {
        const mid = this.slots[slot]?.mid ?? null;
        if (mid !== null) this.listener?.onTrailerBundle(mid, bundle, arrival);
      },
      onReturned: (bundle) => this.sendOnChannel(bundle),
      onTapped: (slot, timestamp, packet) =>
        this.listener?.onTappedVoice(slot === null ? null : (this.slots[slot]?.mid ?? ''), timestamp, packet),
      onRejected: (error) => this.listener?.onRejected(error),
    };
    return new ThinTransport(listener, hasKey);
  }

  private silentTrack(): MediaStreamTrack | null {
    if (this.isThin) this.silence ??= makeSilentTrack();
    return this.silence?.track ?? null;
  }

  private sendOnChannel(bundle: Uint8Array<ArrayBuffer>): void {
    this.lastTransport = 'datachannel';
    this.listener?.onChannelBundle(bundle);
  }

  private openChannel(name: ChannelName): RTCDataChannel {
    const channel = this.peer.createDataChannel(name, CHANNELS[name]);
    channel.binaryType = 'arraybuffer';
    channel.onopen = () => this.reportOpen();
    channel.onmessage = (event) => this.receive(name, event.data as unknown);
    channel.onclose = () => this.lose(`the server closed the channel '${name}'`);
    return channel;
  }

  private reportOpen(): void {
    if (Object.values(this.channels).some((channel) => channel.readyState !== 'open')) return;
    clearTimeout(this.openingTimer);
    this.watch = new PathWatch(
      () => this.statistics(),
      (silent) => this.listener?.onSilence(silent),
    );
    this.listener?.onOpen();
  }

  private receive(name: ChannelName, data: unknown): void {
    this.watch?.heard();
    const message = data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(0);
    this.counters[name].messagesReceived += 1;
    this.counters[name].bytesReceived += message.length;
    this.listener?.onChannelMessage(name, message);
  }

  private async negotiate(): Promise<void> {
    this.negotiating = true;
    try {
      while (this.slots.length < this.wantedSlots) {
        const transceiver = this.peer.addTransceiver('audio', { direction: 'recvonly' });
        if (this.thin !== null) preferRed(transceiver);
        this.thin?.attachReceiver(transceiver.receiver, this.slots.length);
        this.slots.push(transceiver);
      }
      await this.peer.setLocalDescription(await this.peer.createOffer());
      await this.gatheringComplete();
    } catch (error) {
      this.lose(`this browser could not make an offer (${String(error)})`);
      return;
    }
    const offer = this.peer.localDescription;
    if (offer !== null) this.listener?.onOffer(offer.sdp);
  }

  private gatheringComplete(): Promise<void> {
    if (this.peer.iceGatheringState === 'complete') return Promise.resolve();
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, GATHERING_LIMIT_MS);
      this.peer.addEventListener('icegatheringstatechange', () => {
        if (this.peer.iceGatheringState !== 'complete') return;
        clearTimeout(limit);
        resolve();
      });
    });
  }

  private lose(what: string): void {
    const listener = this.listener;
    this.close();
    listener?.onLost(new CallError('media-lost', `The media connection was lost: ${what}.`));
  }
}
