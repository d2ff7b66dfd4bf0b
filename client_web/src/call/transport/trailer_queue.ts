import { CallError } from '../errors';
import { addTrailer } from './trailer';

/** While voice packets go out, at least one comes in such a time: the longest lasts 120 ms. */
const LONGEST_WAIT_MS = 300;

/** Larger bundles would not fit beside a voice packet: they are not taken. */
const MAX_BUNDLE_BYTES = 900;

/** Opus says with a packet of one or two bytes that the voice pauses; it must arrive as it is. */
const PAUSE_BYTES = 2;

interface Waiting {
  bundle: Uint8Array<ArrayBuffer>;
  sinceMs: number;
}

/** Bundles that wait for the next voice packet. All times are milliseconds of one growing clock. */
export class TrailerQueue {
  private waiting: Waiting[] = [];
  private lastPacketMs = -Infinity;

  /** Takes a bundle; `false` if no voice packets go out at present, or it is too large to go with one. */
  push(bundle: Uint8Array<ArrayBuffer>, nowMs: number): boolean {
    if (nowMs - this.lastPacketMs > LONGEST_WAIT_MS || bundle.length > MAX_BUNDLE_BYTES) return false;
    this.waiting.push({ bundle, sinceMs: nowMs });
    return true;
  }

  /**
   * Puts as many waiting bundles as fit behind a voice packet; empty `voice` is a packet that need not be sent.
   * Returns the payload to send and what it carries.
   */
  load(voice: Uint8Array, nowMs: number): { payload: Uint8Array; bundles: Uint8Array[] } {
    this.lastPacketMs = nowMs;
    const pauses = voice.length > 0 && voice.length <= PAUSE_BYTES;
    for (let count = pauses ? 0 : this.waiting.length; count > 0; count -= 1) {
      const bundles = this.waiting.slice(0, count).map(({ bundle }) => bundle);
      try {
        const payload = addTrailer(voice, bundles);
        this.waiting = this.waiting.slice(count);
        return { payload, bundles };
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
      }
    }
    return { payload: voice, bundles: [] };
  }

  /** Gives back the bundles for which no voice packet came in time. */
  takeExpired(nowMs: number): Uint8Array<ArrayBuffer>[] {
    const expired = this.waiting.filter(({ sinceMs }) => nowMs - sinceMs > LONGEST_WAIT_MS);
    this.waiting = this.waiting.slice(expired.length);
    return expired.map(({ bundle }) => bundle);
  }
}
