/** What the codec hears of a voice: Opus packets decoded by WebCodecs, with their time unwrapped. Mirrors server/native/voice_tap.py. */
import { DECODED_RATE, Resampler } from './resampler';

const TIMESTAMPS = 2 ** 32;
const CONFIGURATION: AudioDecoderConfig = { codec: 'opus', sampleRate: DECODED_RATE, numberOfChannels: 1 };

/** A voice packet as it came. */
export interface VoicePacket {
  /** Opus (RFC 6716). */
  packet: Uint8Array;
  /** RTP's: samples at 48 kHz, modulo 2³². */
  timestamp: number;
  /** Of the page's steady clock, ms since the epoch. */
  arrivalMs: number;
}

/** The sound of a packet. */
export interface HeardSound {
  /** Mono, 16 kHz, ±1. */
  samples: Float32Array;
  /** Where it ends on the voice's own clock, which does not wrap. */
  endMs: number;
  arrivalMs: number;
}

/** Whether this browser decodes Opus in a worker. */
export async function decodesOpus(): Promise<boolean> {
  if (typeof AudioDecoder !== 'function') return false;
  return (await AudioDecoder.isConfigSupported(CONFIGURATION)).supported === true;
}

/** One voice, its packets in order of arrival; those that are late or broken are left out. */
export class VoiceTap {
  private decoder: AudioDecoder | null = null;
  private readonly resampler = new Resampler();
  private newest: number | null = null;
  /**
   * The packets that are being decoded, in order. Chromium gives decoded sound the time at which that before it ended,
   * whatever the packet said: pauses would be lost.
   */
  private pending: { start: number; arrivalMs: number }[] = [];

  constructor(private readonly onSound: (sound: HeardSound) => void) {}

  push({ packet, timestamp, arrivalMs }: VoicePacket): void {
    const start = this.newest === null ? timestamp : unwrapped(timestamp, this.newest);
    if (this.newest !== null && start <= this.newest) return;
    this.newest = start;
    this.pending.push({ start, arrivalMs });
    const microseconds = Math.round((start * 1e6) / DECODED_RATE);
    this.opened().decode(new EncodedAudioChunk({ type: 'key', timestamp: microseconds, data: new Uint8Array(packet) }));
  }

  /** Returns the time of an RTP timestamp on the voice's own clock, which does not wrap, ms; null before the first packet. */
  timeOf(timestamp: number): number | null {
    return this.newest === null ? null : (1000 * unwrapped(timestamp, this.newest)) / DECODED_RATE;
  }

  close(): void {
    if (this.decoder?.state === 'configured') this.decoder.close();
  }

  /** The decoder; a new one after a broken packet has closed the last. */
  private opened(): AudioDecoder {
    if (this.decoder?.state === 'configured') return this.decoder;
    this.pending = this.pending.slice(-1);
    const decoder = new AudioDecoder({
      output: (sound) => this.take(sound),
      error: (error) => console.debug(`a voice packet was not heard: ${error.message}`),
    });
    decoder.configure(CONFIGURATION);
    this.decoder = decoder;
    return decoder;
  }

  private take(sound: AudioData): void {
    const decoded = new Float32Array(sound.numberOfFrames);
    sound.copyTo(decoded, { planeIndex: 0, format: 'f32-planar' });
    sound.close();
    const packet = this.pending.shift();
    const samples = this.resampler.push(decoded);
    if (packet === undefined || samples.length === 0) return;
    const endMs = (1000 * (packet.start + decoded.length)) / DECODED_RATE;
    this.onSound({ samples, endMs, arrivalMs: packet.arrivalMs });
  }
}

function unwrapped(timestamp: number, newest: number): number {
  const half = TIMESTAMPS / 2;
  return newest + ((((timestamp - newest + half) % TIMESTAMPS) + TIMESTAMPS) % TIMESTAMPS) - half;
}
