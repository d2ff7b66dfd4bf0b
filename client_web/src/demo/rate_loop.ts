/** Holds an encoder to a measured rate: rate controls built into browsers miss theirs by far at 3–30 kbit/s. */

/** Saved bits for so long may be spent at once. */
const BURST_MS = 1_000;
const FULL_PICTURES_PER_SECOND = 25;
/** Below this rate half the pictures are coded, each better: what anybody would do with so few bits. */
const HALVING_KBPS = 40;
/** AV1 quantiser steps that halve a picture's bytes, about. */
const STEPS_PER_HALVING = 26;

/** A token bucket that says when a picture may be coded, and a quantiser that follows what pictures cost. */
export class RateLoop {
  private savedBits = 0;
  private lastMs: number | null = null;
  private lastCodedMs = -Infinity;
  private finest: number;

  /** @param coarsest the quantiser's largest value; 0 is the finest. */
  constructor(private readonly coarsest: number) {
    this.finest = 0.7 * coarsest;
  }

  /** The quantiser for the next picture. */
  get quantiser(): number {
    return Math.round(this.finest);
  }

  /** Whether a picture may be coded at `nowMs` if `kbps` are to be spent. To be asked for each picture of the camera. */
  mayCode(kbps: number, nowMs: number): boolean {
    const elapsedMs = nowMs - (this.lastMs ?? nowMs);
    this.lastMs = nowMs;
    this.savedBits = Math.min(this.savedBits + kbps * elapsedMs, kbps * BURST_MS);
    // Half an interval of grace: a camera's pictures never come exactly on time.
    return this.savedBits >= 0 && nowMs - this.lastCodedMs >= 0.75 * intervalMs(kbps);
  }

  /** A picture was coded at `nowMs` in so many bytes; `isKey`: it was not predicted, and says little of the others. */
  noteCoded(bytes: number, kbps: number, nowMs: number, isKey: boolean): void {
    this.savedBits -= 8 * bytes;
    this.lastCodedMs = nowMs;
    if (isKey) return;
    const wanted = (kbps * intervalMs(kbps)) / 8;
    const step = STEPS_PER_HALVING * Math.log2(Math.max(bytes, 1) / wanted);
    this.finest = Math.min(this.coarsest, Math.max(0, this.finest + 0.3 * step));
  }
}

function intervalMs(kbps: number): number {
  return 1_000 / (kbps < HALVING_KBPS ? FULL_PICTURES_PER_SECOND / 2 : FULL_PICTURES_PER_SECOND);
}
