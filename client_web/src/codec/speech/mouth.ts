/** How one person's mouth rests and moves: mirrors codec/speech/mouth.py. */
import type { MotionModel } from '../motion';

/** Pixels at 256² of one canonical unit, the root mean square radius of a face in a crop. */
const PIXELS_PER_UNIT = 38;
// prettier-ignore
const LIPS = [
  0, 13, 14, 17, 37, 39, 40, 61, 78, 80, 81, 82, 84, 87, 88, 91, 95, 146, 178, 181, 185, 191, 267, 269, 270, 291, 308,
  310, 311, 312, 314, 317, 318, 321, 324, 375, 402, 405, 409, 415,
];
const LONGEST_MEMORY = 250;
/** What is assumed before anything was received: pixels, and how many frames that counts. */
const USUAL_SCALE_PX = 1.6;
const USUAL_WEIGHT = 25;

/** Running estimates from what was received. */
export class PersonalRange {
  /** The mean of the 24 coefficients of expression; null before the first frame. */
  rest: number[] | null = null;
  private frames = 0;
  private squarePx = USUAL_SCALE_PX ** 2;
  private readonly lips: Float64Array[];

  constructor(model: MotionModel) {
    const scale = PIXELS_PER_UNIT / Math.sqrt(LIPS.length);
    this.lips = model.expressionBasis.map((row) =>
      Float64Array.from(LIPS.flatMap((point) => [(row[3 * point] ?? 0) * scale, (row[3 * point + 1] ?? 0) * scale])),
    );
  }

  /** Root mean square displacement of the lips from rest, pixels at 256². */
  get scalePx(): number {
    return Math.sqrt(this.squarePx);
  }

  /** Takes the 24 coefficients of expression of a received frame. */
  note(expression: readonly number[]): void {
    this.frames++;
    const before = this.rest ?? expression;
    const share = 1 / Math.min(this.frames, LONGEST_MEMORY);
    const rest = before.map((value, index) => value + ((expression[index] ?? 0) - value) * share);
    this.rest = rest;
    const displacement = new Float64Array(2 * LIPS.length);
    this.lips.forEach((row, coefficient) => {
      const offset = (expression[coefficient] ?? 0) - (rest[coefficient] ?? 0);
      row.forEach((value, index) => (displacement[index] = (displacement[index] ?? 0) + offset * value));
    });
    const squarePx = displacement.reduce((sum, value) => sum + value * value, 0);
    this.squarePx += (squarePx - this.squarePx) / Math.min(this.frames + USUAL_WEIGHT, LONGEST_MEMORY);
  }
}
