/**
 * The sender's choice among the keyframes that the receivers have, and when to make a new one.
 *
 * Landmark distance stands for picture error: it picks nearly as well, and costs nothing (docs/architecture.md).
 */
import type { Reference } from './bundle_writer';
import type { Landmarks } from './motion';
import type { EncoderSettings } from './settings';

/** Pixels of a 256-pixel picture in one crop unit. */
const PIXELS_PER_UNIT = 128;
const UPPER_LIP = 13;
const LOWER_LIP = 14;

interface PooledKeyframe {
  reference: Reference;
  /** As a receiver rebuilds them. */
  landmarks: Landmarks;
  usableFromMs: number;
}

/** The newest keyframes of one sender; all share one shape. */
export class KeyframePool {
  /** What keyframes may cost on average. */
  keyframeKbps: number;
  private readonly weights: Float64Array;
  private keyframes: PooledKeyframe[] = [];
  private picked: number | null = null;
  private poorSinceMs: number | null = null;
  private madeMs = 0;
  private creditBytes: number;
  private jumped = false;
  /** Whether somebody says which keyframes have arrived: then nothing is guessed. */
  private areConfirmed = false;

  /** `pointWeights` holds the importance of each point of the face's surface. */
  constructor(
    pointWeights: Float64Array,
    private readonly settings: EncoderSettings,
  ) {
    const total = pointWeights.reduce((sum, weight) => sum + weight, 0);
    this.weights = pointWeights.map((weight) => weight / total);
    this.creditBytes = settings.keyframeBurstBytes;
    this.keyframeKbps = settings.keyframeKbps;
  }

  /** Numbers of the pooled keyframes, oldest first. */
  get numbers(): number[] {
    return this.keyframes.map(({ reference }) => reference.number);
  }

  /** Takes note that the crop has moved: the background of all pooled keyframes is now in the wrong place. */
  noteJump(): void {
    this.jumped = true;
  }

  /** Forgets all keyframes: whoever comes next may be another person. */
  clear(): void {
    this.keyframes = [];
  }

  /** Pools a keyframe of `bytes` made at `timeMs`; the oldest one goes when the pool is full. */
  add(reference: Reference, landmarks: Landmarks, bytes: number, timeMs: number): void {
    const usualMs = this.areConfirmed ? this.settings.keyframeConfirmationMs : this.settings.keyframeLeadMs;
    const leadMs = this.keyframes.length > 0 ? usualMs : 0;
    const pooled = { reference, landmarks, usableFromMs: timeMs + leadMs };
    this.keyframes = [...this.keyframes, pooled].slice(-this.settings.poolSize);
    this.creditBytes = this.credit(timeMs) - bytes;
    this.madeMs = timeMs;
    this.poorSinceMs = null;
    this.jumped = false;
  }

  /** Takes note that everybody has a keyframe. */
  confirm(number: number): void {
    this.areConfirmed = true;
    for (const keyframe of this.keyframes) if (keyframe.reference.number === number) keyframe.usableFromMs = 0;
  }

  /** Tells whether the frame with these landmarks should become a keyframe. Call once for each frame. */
  needsKeyframe(landmarks: Landmarks, timeMs: number): boolean {
    if (this.keyframes.length === 0) return true;
    const nearest = Math.min(...this.keyframes.map((keyframe) => this.distance(keyframe, landmarks)));
    if (nearest <= this.settings.newKeyframePx) this.poorSinceMs = null;
    else this.poorSinceMs ??= timeMs;
    const ageMs = timeMs - this.madeMs;
    if (this.credit(timeMs) < 0) return false;
    // The link has not yet carried the one before.
    if (this.areConfirmed && (this.keyframes.at(-1)?.usableFromMs ?? 0) > timeMs) return false;
    if (this.jumped) return ageMs >= this.settings.jumpIntervalMs;
    if (this.poorSinceMs === null || ageMs < this.settings.keyframeIntervalMs) return false;
    return timeMs - this.poorSinceMs >= this.settings.newKeyframeMs;
  }

  /** Returns the best keyframe for a frame and the second best, if there are two. */
  pick(landmarks: Landmarks, timeMs: number): Reference[] {
    const arrived = this.keyframes.filter((keyframe) => keyframe.usableFromMs <= timeMs);
    const usable = arrived.length > 0 ? arrived : this.keyframes.slice(-1);
    const ranked = usable
      .map((keyframe) => ({ reference: keyframe.reference, distance: this.distance(keyframe, landmarks) }))
      .sort((left, right) => left.distance - right.distance);
    const nearest = ranked[0];
    if (nearest === undefined) return [];
    const before = ranked.find(({ reference }) => reference.number === this.picked);
    const keep = before !== undefined && before.distance * (1 - this.settings.repickShare) < nearest.distance;
    const best = keep ? before : nearest;
    this.picked = best.reference.number;
    return [best, ...ranked.filter((keyframe) => keyframe !== best)].slice(0, 2).map(({ reference }) => reference);
  }

  /** Returns the bytes that keyframes may cost now: a token bucket; the last one may overdraw it. */
  private credit(timeMs: number): number {
    const earned = ((timeMs - this.madeMs) * this.keyframeKbps) / 8;
    return Math.min(this.creditBytes + earned, this.settings.keyframeBurstBytes);
  }

  /**
   * Returns the weighted mean distance in pixels of a 256-pixel picture.
   *
   * A warp follows a shift of the whole face well, so that part of the distance counts less.
   */
  private distance(keyframe: PooledKeyframe, landmarks: Landmarks): number {
    const offsets = keyframe.landmarks.map((value, index) => value - (landmarks[index] ?? 0));
    let [shiftRight, shiftDown] = [0, 0];
    this.weights.forEach((weight, point) => {
      shiftRight += weight * (offsets[3 * point] ?? 0);
      shiftDown += weight * (offsets[3 * point + 1] ?? 0);
    });
    let rest = 0;
    this.weights.forEach((weight, point) => {
      const right = (offsets[3 * point] ?? 0) - shiftRight;
      const down = (offsets[3 * point + 1] ?? 0) - shiftDown;
      rest += weight * Math.sqrt(right * right + down * down);
    });
    const shift = this.settings.translationShare * Math.hypot(shiftRight, shiftDown);
    const mouth = this.settings.mouthShare * Math.abs(mouthOpening(landmarks) - mouthOpening(keyframe.landmarks));
    return (rest + shift + mouth) * PIXELS_PER_UNIT;
  }
}

/** The distance between the middles of the inner lips, crop units. */
function mouthOpening(landmarks: Landmarks): number {
  const between = (axis: 0 | 1): number => (landmarks[3 * UPPER_LIP + axis] ?? 0) - (landmarks[3 * LOWER_LIP + axis] ?? 0);
  return Math.hypot(between(0), between(1));
}
