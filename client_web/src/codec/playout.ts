/** The receiver's clock for pictures: which frame is due now (docs/architecture.md, 'Playout'). */
import { TICK_MS, TIME_MODULUS, type Bundle, type Mode } from './bundle';
import type { Motion } from './motion';

const WINDOW_MS = 10_000;
const QUANTILE = 0.97;
const SHRINK_MS_PER_S = 20;
const LARGEST_BUFFER_MS = 400;
const LATE_BEFORE_RESTART = 5;
const LONGEST_INTERPOLATION_MS = 640;
const STALE_MS = 1_000;
/** More than a healthy sender can have under way; bounds what a broken one can make the receiver hold. */
const MAXIMUM_WAITING_FRAMES = 250;
const PASSED_MS = 700;

/** A frame on the sender's clock with the keyframes its bundle names. */
export interface TimedFrame {
  /** Unwrapped. */
  timeMs: number;
  mode: Mode;
  /** Number of the keyframe that the sender picked. */
  picked: number;
  /** Number of the bundle's other keyframe (the same where there is one). */
  other: number;
  /** Null unless the frame is animated. */
  motion: Motion | null;
  /** Whether sound moved the mouth, for nothing else told how it moves. */
  driven?: boolean;
}

/** Orders the frames of one sender and says which one is due. Times are ms of any one steady clock. */
export class Playout {
  /** How much longer than for their own sake frames wait. */
  waitMs = 0;
  private frames: TimedFrame[] = [];
  private passed: TimedFrame[] = [];
  private delays: { arrivalMs: number; delayMs: number }[] = [];
  private delay: number | null = null;
  private updatedMs = 0;
  private newestMediaMs = -Infinity;
  private late = 0;
  private newestMs = 0;

  /** What time it is on the sender's clock, as the newest `due` said; minus infinity before. */
  get mediaMs(): number {
    return this.newestMediaMs;
  }

  /** Time of the newest received frame on the sender's clock. */
  get newestFrameMs(): number {
    return this.newestMs;
  }

  /** The received frames from 0.7 s before `mediaMs` on, in order of time. */
  get around(): TimedFrame[] {
    return [...this.passed, ...this.frames];
  }

  /** How much later than the times in bundles frames are shown, by the clock of arrivals; null before the first. */
  get behindMs(): number | null {
    return this.delay === null ? null : this.delay + this.waitMs;
  }

  /** How much later than the fastest bundle of the last 10 s pictures are shown. */
  get bufferingMs(): number {
    return this.delay === null || this.delays.length === 0 ? 0 : this.delay + this.waitMs - this.smallestDelay();
  }

  /** Takes the frames of a bundle that arrived at `arrivalMs`. */
  add(bundle: Bundle, arrivalMs: number): void {
    const startMs = this.unwrap(bundle.header.timeTicks);
    this.noteDelay(arrivalMs, arrivalMs - startMs);
    const { keyframeA, keyframeB } = bundle.header;
    let timeMs = startMs;
    for (const { gapTicks, mode, pick, motion } of bundle.frames) {
      timeMs += gapTicks * TICK_MS;
      const [picked, other] = pick ? [keyframeB, keyframeA] : [keyframeA, keyframeB];
      this.insert({ timeMs, mode, picked, other, motion });
    }
    this.newestMs = Math.max(this.newestMs, timeMs);
  }

  /**
   * Returns the frame for `nowMs`, interpolated between its neighbours; null before the first one is due.
   *
   * What was shown is never followed by anything earlier.
   */
  due(nowMs: number): TimedFrame | null {
    if (this.delay === null) return null;
    this.shrink(nowMs);
    this.newestMediaMs = Math.max(this.newestMediaMs, nowMs - this.delay - this.waitMs);
    while ((this.frames[1]?.timeMs ?? Infinity) <= this.mediaMs) this.passed.push(...this.frames.splice(0, 1));
    this.passed = this.passed.filter(({ timeMs }) => timeMs >= this.mediaMs - PASSED_MS);
    const [current, following] = this.frames;
    if (current === undefined || current.timeMs > this.mediaMs) return null;
    return following === undefined ? current : interpolate(current, following, this.mediaMs);
  }

  /** Tells whether nothing new has been due for a second. */
  isStale(nowMs: number): boolean {
    return this.delay !== null && nowMs - this.delay - this.waitMs - this.newestMs > STALE_MS;
  }

  private unwrap(timeTicks: number): number {
    const newest = Math.floor(this.newestMs / TICK_MS);
    const half = TIME_MODULUS / 2;
    const ahead = (((timeTicks - newest + half) % TIME_MODULUS) + TIME_MODULUS) % TIME_MODULUS;
    return (newest + ahead - half) * TICK_MS;
  }

  private insert(frame: TimedFrame): void {
    let position = this.frames.length;
    while ((this.frames[position - 1]?.timeMs ?? -Infinity) > frame.timeMs) position--;
    if (this.frames[position - 1]?.timeMs === frame.timeMs) return;
    this.frames.splice(position, 0, frame);
    if (this.frames.length > MAXIMUM_WAITING_FRAMES) this.frames.shift();
  }

  private noteDelay(arrivalMs: number, delayMs: number): void {
    this.delays = this.delays.filter((delay) => arrivalMs - delay.arrivalMs <= WINDOW_MS);
    if (this.delays.length > 0 && delayMs > this.smallestDelay() + LARGEST_BUFFER_MS) {
      this.late++;
      if (this.late < LATE_BEFORE_RESTART) return;
      this.restart(arrivalMs - delayMs);
    }
    this.late = 0;
    this.delays.push({ arrivalMs, delayMs });
    const targetMs = this.targetDelay();
    if (this.delay === null || targetMs > this.delay) {
      this.delay = targetMs;
      this.updatedMs = arrivalMs;
    }
    this.delay = Math.min(this.delay, this.smallestDelay() + LARGEST_BUFFER_MS);
  }

  /** Starts the window over; if the sender's clock itself was set back, forgets what it said before. */
  private restart(startMs: number): void {
    this.delays = [];
    this.delay = null;
    if (startMs > this.mediaMs - WINDOW_MS) return;
    this.frames = [];
    this.newestMediaMs = -Infinity;
    this.passed = [];
    this.newestMs = startMs;
  }

  private shrink(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.updatedMs);
    this.updatedMs = Math.max(this.updatedMs, nowMs);
    if (this.delay === null || this.delays.length === 0) return;
    this.delay = Math.max(this.targetDelay(), this.delay - (elapsedMs * SHRINK_MS_PER_S) / 1000);
  }

  private targetDelay(): number {
    const ranked = this.delays.map(({ delayMs }) => delayMs).sort((left, right) => left - right);
    return ranked[Math.floor(QUANTILE * (ranked.length - 1) + 0.5)] ?? 0;
  }

  private smallestDelay(): number {
    return Math.min(...this.delays.map(({ delayMs }) => delayMs));
  }
}

function interpolate(current: TimedFrame, following: TimedFrame, mediaMs: number): TimedFrame {
  const gapMs = following.timeMs - current.timeMs;
  const { motion } = following;
  if (current.motion === null || motion === null) return current;
  if (following.picked !== current.picked || gapMs > LONGEST_INTERPOLATION_MS) return current;
  const share = (mediaMs - current.timeMs) / gapMs;
  return {
    ...current,
    motion: current.motion.map((value, index) => value * (1 - share) + (motion[index] ?? 0) * share),
  };
}
