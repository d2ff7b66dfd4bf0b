import { CallError } from '../errors';
import { noDrops, type DropCounters } from '../encryption/opening_error';
import type { VoiceKeyMessage } from '../encryption/voice_cipher';
import type { RedundancyDepth } from './redundancy';
import type { FromTransforms, ToTransforms, TransformOptions } from './transform_messages';
import type { BundleTransport, TrailerCounters, VoiceArrival } from './transport';

export interface ThinTransportListener {
  /** Bundles have left behind a voice packet. */
  onSent(): void;
  /** A voice packet came in the slot that was attached as number `slot`. */
  onVoice(slot: number, arrival: VoiceArrival): void;
  /** A bundle came behind a voice packet of that slot. */
  onBundle(slot: number, bundle: Uint8Array, arrival: VoiceArrival): void;
  /** From an open tap: an Opus packet of that slot, or our own (`null`), with its RTP timestamp (48 kHz). */
  onTapped(slot: number | null, timestamp: number, packet: Uint8Array): void;
  /** No voice packet took this bundle: none go out at present, or it is too large. */
  onReturned(bundle: Uint8Array<ArrayBuffer>): void;
  /** A voice packet was malformed; it was played as it was. */
  onRejected(error: CallError): void;
}

/**
 * Bundles behind the sound of voice packets, put there and taken out by encoded transforms in a worker, which also seal
 * and open both where the link has a key. A bundle waits for the next voice packet, which Chromium hands out in silence
 * and while muted too; without any it comes back.
 */
export class ThinTransport implements BundleTransport {
  readonly counters: TrailerCounters = {
    bundlesSent: 0,
    bytesSent: 0,
    soundlessSent: 0,
    bundlesReceived: 0,
    bytesReceived: 0,
    soundlessReceived: 0,
    bundlesReturned: 0,
  };
  /** Voice packets that could not be opened, with the bundles behind them. */
  voiceDropped: Readonly<DropCounters> = noDrops();
  private readonly worker = new Worker(new URL('./transform.worker.ts', import.meta.url), { type: 'module' });

  /** @param hasKey whether the link has a key: without one, voice is not sealed. */
  constructor(
    private readonly listener: ThinTransportListener,
    hasKey: boolean,
  ) {
    this.worker.onmessage = ({ data }: MessageEvent<FromTransforms>) => this.receive(data);
    this.post({ type: 'begin', hasKey });
  }

  /** Whether this browser has encoded transforms. */
  static isAvailable(): boolean {
    return typeof RTCRtpScriptTransform === 'function' && typeof Worker === 'function';
  }

  /** Bundles go out behind this sender's voice. To be called before it is negotiated. */
  attachSender(sender: RTCRtpSender): void {
    sender.transform = this.makeTransform({ role: 'send' });
  }

  /** Bundles are taken from this receiver's voice. To be called before it is negotiated: later it has no effect. */
  attachReceiver(receiver: RTCRtpReceiver, slot: number): void {
    receiver.transform = this.makeTransform({ role: 'receive', slot });
  }

  send(bundle: Uint8Array<ArrayBuffer>): void {
    this.post({ type: 'bundle', bundle });
  }

  /** Seals and opens voice by this from now on. */
  takeVoiceKeys(message: VoiceKeyMessage): void {
    this.post(message);
  }

  /** Sends each voice packet and bundle again so many times, behind the packets that follow. */
  setRedundancy(depth: RedundancyDepth): void {
    this.post({ type: 'redundancy', depth });
  }

  /** Hands out every voice packet from now on, ours too, or no longer. */
  setVoiceTap(isOpen: boolean): void {
    this.post({ type: 'tap', isOpen });
  }

  close(): void {
    this.worker.onmessage = null;
    this.worker.terminate();
  }

  private post(message: ToTransforms): void {
    this.worker.postMessage(message);
  }

  private makeTransform(options: TransformOptions): RTCRtpScriptTransform {
    return new RTCRtpScriptTransform(this.worker, options);
  }

  private receive(message: FromTransforms): void {
    switch (message.type) {
      case 'sent':
        this.counters.bundlesSent += message.bundles;
        this.counters.bytesSent += message.bytes;
        this.counters.soundlessSent += message.hasSound ? 0 : 1;
        this.listener.onSent();
        break;
      case 'returned':
        this.counters.bundlesReturned += 1;
        this.listener.onReturned(message.bundle);
        break;
      case 'received':
        this.counters.soundlessReceived += message.hasSound ? 0 : 1;
        this.listener.onVoice(message.slot, message.arrival);
        for (const bundle of message.bundles) {
          this.counters.bundlesReceived += 1;
          this.counters.bytesReceived += bundle.length;
          this.listener.onBundle(message.slot, bundle, message.arrival);
        }
        break;
      case 'tapped':
        this.listener.onTapped(message.slot, message.timestamp, message.packet);
        break;
      case 'dropped':
        this.voiceDropped = message.counters;
        break;
      case 'rejected':
        this.listener.onRejected(new CallError('bad-trailer', message.message));
    }
  }
}
