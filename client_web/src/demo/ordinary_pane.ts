import { signal } from '@preact/signals-core';
import { RateHistory } from './rate_history';
import { RateLoop } from './rate_loop';
import type { SimulatedLink } from './simulated_link';

/** Pictures are as large as facewire's. */
export const SIDE = 256;

/** An ordinary codec as WebCodecs names it. */
interface OrdinaryCodec {
  name: string;
  config: VideoEncoderConfig;
  /** The quantiser's largest value where the browser lets each picture have its own; else it is given a bitrate. */
  coarsest: number | null;
}

const COMMON = { width: SIDE, height: SIDE, framerate: 25, latencyMode: 'realtime' } as const;

export const ORDINARY_CODECS: readonly OrdinaryCodec[] = [
  { name: 'AV1', config: { ...COMMON, codec: 'av01.0.00M.08', bitrateMode: 'quantizer' }, coarsest: 255 },
  { name: 'VP9', config: { ...COMMON, codec: 'vp09.00.10.08', bitrateMode: 'constant' }, coarsest: null },
  { name: 'H.264', config: { ...COMMON, codec: 'avc1.42001f', bitrateMode: 'constant', avc: { format: 'annexb' } }, coarsest: null },
];

/** WebCodecs' quantiser setting of AV1, which TypeScript's library does not know yet. */
interface Av1EncodeOptions extends VideoEncoderEncodeOptions {
  av1?: { quantizer: number };
}

const LARGEST_CORRECTION = 3;
const BITRATE_INTERVAL_MS = 1_000;

/** The camera through an ordinary codec at a given rate: encoder, link, decoder, canvas. */
export class OrdinaryPane {
  readonly canvas = document.createElement('canvas');
  readonly rate = new RateHistory();
  readonly picturesPerSecond = signal(0);
  /** Whether this browser lacks the codec. */
  readonly missing = signal(false);
  private readonly context: CanvasRenderingContext2D | null;
  private readonly loop: RateLoop;
  private encoder: VideoEncoder | null = null;
  private decoder: VideoDecoder | null = null;
  private coded = 0;
  private shown = 0;
  private updatedMs: number | null = null;
  private kbps = 0;
  /** How much more is asked of the browser's rate control than is wanted of it. */
  private correction = 1;
  private bitrateMs = 0;

  constructor(
    readonly codec: OrdinaryCodec,
    private readonly link: SimulatedLink,
  ) {
    this.canvas.width = this.canvas.height = SIDE;
    this.context = this.canvas.getContext('2d');
    this.loop = new RateLoop(codec.coarsest ?? 255);
  }

  get name(): string {
    return this.codec.name;
  }

  /** Opens encoder and decoder; `missing` says if there are none. */
  async open(): Promise<void> {
    const { codec, config } = { codec: this.codec.config.codec, config: this.configAt(10) };
    const isThere =
      typeof VideoEncoder !== 'undefined' &&
      (await VideoEncoder.isConfigSupported(config)).supported === true &&
      (await VideoDecoder.isConfigSupported({ codec })).supported === true;
    if (!isThere) {
      this.missing.value = true;
      return;
    }
    const failed = (): void => {
      this.missing.value = true;
    };
    this.decoder = new VideoDecoder({ output: (frame) => this.show(frame), error: failed });
    this.decoder.configure({ codec, optimizeForLatency: true });
    this.encoder = new VideoEncoder({ output: (chunk) => this.send(chunk), error: failed });
    this.encoder.configure(config);
  }

  /** Codes the picture on `source` (a square) if `kbps` allow another now. */
  take(source: OffscreenCanvas, timestampUs: number, kbps: number, nowMs: number): void {
    if (this.encoder?.state !== 'configured') return;
    this.kbps = kbps;
    this.steerBitrate(nowMs);
    if (!this.loop.mayCode(kbps, nowMs) || this.encoder.encodeQueueSize > 1) return;
    const frame = new VideoFrame(source, { timestamp: timestampUs });
    const options: Av1EncodeOptions = { keyFrame: this.coded === 0 };
    if (this.codec.coarsest !== null) options.av1 = { quantizer: this.loop.quantiser };
    this.coded++;
    this.encoder.encode(frame, options);
    frame.close();
  }

  /** To be called once a second. */
  updateFigures(nowMs: number): void {
    this.rate.update(nowMs);
    if (this.updatedMs !== null) this.picturesPerSecond.value = (1_000 * this.shown) / (nowMs - this.updatedMs);
    this.shown = 0;
    this.updatedMs = nowMs;
  }

  close(): void {
    if (this.encoder !== null && this.encoder.state !== 'closed') this.encoder.close();
    if (this.decoder !== null && this.decoder.state !== 'closed') this.decoder.close();
    this.encoder = this.decoder = null;
  }

  /** A browser's rate control gets what makes the measured rate right. */
  private steerBitrate(nowMs: number): void {
    if (this.codec.coarsest !== null || nowMs - this.bitrateMs < BITRATE_INTERVAL_MS) return;
    this.bitrateMs = nowMs;
    const measured = this.rate.kbps.value;
    if (measured > 0) {
      const corrected = this.correction * Math.sqrt(this.kbps / measured);
      this.correction = Math.min(LARGEST_CORRECTION, Math.max(1 / LARGEST_CORRECTION, corrected));
    }
    this.encoder?.configure(this.configAt(this.kbps * this.correction));
  }

  private configAt(kbps: number): VideoEncoderConfig {
    const { config, coarsest } = this.codec;
    return coarsest === null ? { ...config, bitrate: Math.max(1_000, Math.round(1_000 * kbps)) } : config;
  }

  private send(chunk: EncodedVideoChunk): void {
    const nowMs = performance.now();
    this.loop.noteCoded(chunk.byteLength, this.kbps, nowMs, chunk.type === 'key');
    this.rate.noteSent(chunk.byteLength, nowMs);
    this.link.sendReliably(chunk.byteLength, () => this.decode(chunk), nowMs);
  }

  private decode(chunk: EncodedVideoChunk): void {
    if (this.decoder?.state === 'configured') this.decoder.decode(chunk);
  }

  private show(frame: VideoFrame): void {
    this.context?.drawImage(frame, 0, 0, SIDE, SIDE);
    frame.close();
    this.shown++;
  }
}
