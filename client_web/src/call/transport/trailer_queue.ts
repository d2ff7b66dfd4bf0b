import { CallError } from '../errors';
import { Redundancy } from './redundancy';
import { addTrailer } from './trailer';

/** While voice packets go out, at least one comes in such a time: the longest lasts 120 ms. */
const LONGEST_WAIT_MS = 300;

/** Larger bundles would not fit beside a voice packet: they are not taken. */
const MAX_BUNDLE_BYTES = 900;

/** Opus says with a packet of one or two bytes that the voice pauses; it must arrive as it is. */
export const PAUSE_BYTES = 2;

interface Waiting {
  bundle: Uint8Array<ArrayBuffer>;
  sinceMs: number;
}

/** Bundles that wait for the next voice packet. All times are milliseconds of one growing clock. */
export class TrailerQueue {
  /** What is sent more than once. */
  readonly redundancy = new Redundancy();
  private waiting: Waiting[] = [];
  private lastPacketMs = -Infinity;

  /** Takes a bundle; `false` if no voice packets go out at present, or it is too large to go with one. */
  push(bundle: Uint8Array<ArrayBuffer>, nowMs: number): boolean {
    if (nowMs - this.lastPacketMs > LONGEST_WAIT_MS || bundle.length > MAX_BUNDLE_BYTES) return false;
    this.waiting.push({ bundle, sinceMs: nowMs });
    return true;
  }

  /**
   * Puts as many waiting bundles as fit behind a voice packet, after what is sent again; empty `voice` is a packet that
   * need not be sent. Returns the payload to send and the bundles that it is the first to carry.
   * @param timestamp of the RTP packet: samples at 48 kHz.
   */
  load(voice: Uint8Array, timestamp: number, nowMs: number): { payload: Uint8Array; bundles: Uint8Array[] } {
    this.lastPacketMs = nowMs;
    const pauses = voice.length > 0 && voice.length <= PAUSE_BYTES;
    if (pauses || (voice.length === 0 && this.waiting.length === 0)) return { payload: voice, bundles: [] };
    const again = this.redundancy.itemsFor(timestamp);
    let count = this.waiting.length;
    const bundles = (): Uint8Array[] => this.waiting.slice(0, count).map(({ bundle }) => bundle);
    while (count > 0 && loadedWith(voice, bundles()) === null) count -= 1;
    const fresh = bundles();
    const payload = loadedWith(voice, [...again, ...fresh]) ?? loadedWith(voice, fresh) ?? voice;
    this.waiting = this.waiting.slice(count);
    this.redundancy.note(timestamp, voice, fresh);
    return { payload, bundles: fresh };
  }

  /** Gives back the bundles for which no voice packet came in time. */
  takeExpired(nowMs: number): Uint8Array<ArrayBuffer>[] {
    const expired = this.waiting.filter(({ sinceMs }) => nowMs - sinceMs > LONGEST_WAIT_MS);
    this.waiting = this.waiting.slice(expired.length);
    return expired.map(({ bundle }) => bundle);
  }
}

/** Puts `items` behind a voice packet; `null` if there are none, or they do not fit. */
function loadedWith(voice: Uint8Array, items: readonly Uint8Array[]): Uint8Array | null {
  if (items.length === 0) return null;
  try {
    return addTrailer(voice, items);
  } catch (error) {
    if (error instanceof CallError) return null;
    throw error;
  }
}
