/** A face of which nothing arrives: head and eyes come to rest, and it blinks. Mirrors codec/speech/idle.py. */
import { GAZE, POSE, type Motion, type MotionModel } from '../motion';

const MEMORY_FRAMES = 250;
/** Held for so long, then on the way to rest with this time constant. */
const HOLD_MS = 200;
const SETTLE_MS = 1_500;
/** Slow sway of the resting head: in motion's steps of 1/90 rad about x, y and z, and periods. */
const SWAY_STEPS = [0.7, 1, 0.5];
const SWAY_MS = [4_300, 6_100, 7_900];
const FIRST_BLINK_MS = 2_000;
const BLINK_EVERY_MS = 3_700;
/** How far the lids are closed at each 40 ms of a blink: it closes faster than it opens. */
const BLINK = [0, 0.55, 1, 0.9, 0.45, 0.12, 0];
const BLINK_STEP_MS = 40;
const UPPER_LIDS = [246, 161, 160, 159, 158, 157, 173, 466, 388, 387, 386, 385, 384, 398];
const LOWER_LIDS = [7, 163, 144, 145, 153, 154, 155, 249, 390, 373, 374, 380, 381, 382];

/** Where one person's head rests, and how it gets there. */
export class IdleFace {
  private frames = 0;
  private readonly rest = new Float64Array(POSE + GAZE);
  private readonly blink: number[];

  constructor(model: MotionModel) {
    this.blink = model.expressionOf(lidsMeet(model.meanSurface));
  }

  /** Takes the motion of a received frame. */
  note(motion: Motion): void {
    this.frames = Math.min(this.frames + 1, MEMORY_FRAMES);
    this.rest.forEach((value, index) => {
      this.rest[index] = value + ((motion[index] ?? 0) - value) / this.frames;
    });
  }

  /** Returns the motion that follows `motion`, of which `ageMs` have passed; the mouth is left alone. */
  settle(motion: Motion, ageMs: number, mediaMs: number): number[] {
    const share = 1 - Math.exp(-Math.max(0, ageMs - HOLD_MS) / SETTLE_MS);
    const lids = lidsClosed(ageMs);
    return motion.map((value, index) => {
      if (index >= POSE + GAZE) return value + lids * (this.blink[index - POSE - GAZE] ?? 0);
      const sway = (SWAY_STEPS[index] ?? 0) * Math.sin((2 * Math.PI * mediaMs) / (SWAY_MS[index] ?? 1));
      return value + share * ((this.rest[index] ?? 0) - value + sway);
    });
  }
}

/** Returns how far the lids are closed, 0 to 1. */
function lidsClosed(ageMs: number): number {
  if (ageMs < FIRST_BLINK_MS) return 0;
  const step = ((ageMs - FIRST_BLINK_MS) % BLINK_EVERY_MS) / BLINK_STEP_MS;
  const [before = 0, after = 0] = BLINK.slice(Math.floor(step), Math.floor(step) + 2);
  return before + (after - before) * (step % 1);
}

/** Returns the displacement of the surface's points, canonical units, that closes the mean face's lids. */
function lidsMeet(mean: Float64Array): Float64Array {
  const displacement = new Float64Array(mean.length);
  UPPER_LIDS.forEach((upper, index) => {
    const lower = LOWER_LIDS[index] ?? upper;
    for (let axis = 0; axis < 3; axis++) {
      const gap = (mean[3 * lower + axis] ?? 0) - (mean[3 * upper + axis] ?? 0);
      displacement[3 * upper + axis] = 0.9 * gap;
      displacement[3 * lower + axis] = -0.1 * gap;
    }
  });
  return displacement;
}
