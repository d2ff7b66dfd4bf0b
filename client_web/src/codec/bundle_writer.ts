/** Collects frames until they fill a bundle. */
import {
  MAXIMUM_FRAMES,
  MAXIMUM_GAP,
  MODE,
  SEQUENCE_MODULUS,
  TICK_MS,
  TIME_MODULUS,
  encodeBundle,
  toTicks,
  type Frame,
} from './bundle';
import type { EntropyTable } from './contexts';
import type { Motion } from './motion';

const USUAL_INTERVAL_TICKS = 4;

/** A keyframe that a frame can be drawn from; without motion it can only be shown as it is. */
export interface Reference {
  number: number;
  motion: Motion | null;
}

interface PendingFrame {
  ticks: number;
  motion: Motion | null;
  picked: Reference | null;
}

/** Bundles of one sender: consecutive sequence numbers, at most two keyframes named in each. */
export class BundleWriter {
  private readonly bundleTicks: number;
  private sequence = 0;
  private pending: PendingFrame[] = [];
  private second = 0;
  private lastTicks = 0;
  private intervalTicks = USUAL_INTERVAL_TICKS;

  constructor(
    private readonly table: EntropyTable,
    bundleMs: number,
  ) {
    this.bundleTicks = Math.floor(bundleMs / TICK_MS);
  }

  /**
   * Adds a frame; returns the bundles that are complete now.
   *
   * `ranked` holds the picked keyframe and the second best, if there is one. Without `motion` the picked one is to be
   * shown as it is; without either the frame says that there is no face. A third keyframe and a
   * gap of over 640 ms begin a new bundle. A frame in the same 10 ms as the one before is dropped.
   */
  add(timeMs: number, motion: Motion | null, ranked: Reference[], voiceActive: boolean): Uint8Array<ArrayBuffer>[] {
    const now = toTicks(timeMs);
    const gap = now - this.lastTicks;
    if (this.pending.length > 0 && gap <= 0) return [];
    const complete: Uint8Array<ArrayBuffer>[] = [];
    if (gap > MAXIMUM_GAP && this.pending.length > 0) complete.push(this.close(voiceActive));
    else if (gap > 0 && gap <= MAXIMUM_GAP) this.intervalTicks = gap;
    this.lastTicks = now;
    const picked = ranked[0] ?? null;
    if (picked !== null && this.namedWith(picked.number) > 2) complete.push(this.close(voiceActive));
    this.pending.push({ ticks: now, motion, picked });
    this.second = ranked.at(-1)?.number ?? this.second;
    const filledTicks = now + this.intervalTicks - (this.pending[0]?.ticks ?? now);
    if (filledTicks >= this.bundleTicks || this.pending.length >= MAXIMUM_FRAMES) complete.push(this.close(voiceActive));
    return complete;
  }

  /** Returns how many keyframes the open bundle would name with this one. */
  private namedWith(number: number): number {
    const picked = this.pending.flatMap((frame) => (frame.picked === null ? [] : [frame.picked.number]));
    return new Set([...picked, number]).size;
  }

  private close(voiceActive: boolean): Uint8Array<ArrayBuffer> {
    const counts = new Map<number, number>();
    const motions = new Map<number, Motion>();
    for (const { picked } of this.pending) {
      if (picked === null) continue;
      counts.set(picked.number, (counts.get(picked.number) ?? 0) + 1);
      if (picked.motion !== null) motions.set(picked.number, picked.motion);
    }
    const named = [...counts].sort((left, right) => right[1] - left[1]).map(([number]) => number);
    const keyframeA = named[0] ?? this.second;
    const keyframeB = named[1] ?? this.second;
    let before = this.pending[0]?.ticks ?? 0;
    const timeTicks = before % TIME_MODULUS;
    const frames = this.pending.map(({ ticks, motion, picked }): Frame => {
      const gapTicks = ticks - before;
      before = ticks;
      const mode = motion !== null ? MODE.animated : picked !== null ? MODE.plain : MODE.none;
      return { gapTicks, mode, pick: picked === null || picked.number === keyframeA ? 0 : 1, motion };
    });
    const header = { sequence: this.sequence, timeTicks, keyframeA, keyframeB, voiceActive };
    this.sequence = (this.sequence + 1) % SEQUENCE_MODULUS;
    this.pending = [];
    return encodeBundle(this.table, { header, frames, speech: null, auxiliary: null }, motions);
  }
}
