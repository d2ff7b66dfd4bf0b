/**
 * 3-D motion of a face: head pose, gaze and expression as 32 small integers, and the landmarks they stand for.
 *
 * A face is a mean 3-D shape, deformed by a person's identity coefficients (*shape*) and by expression coefficients,
 * under a scaled orthographic head pose: the 3-D morphable model of Blanz and Vetter (SIGGRAPH 1999) over MediaPipe's
 * 478 landmarks. The layout and the steps are in docs/wire-format.md. Points are x, y, z, x, y, z … in one array.
 */
import { WireError } from './errors';
import { solvePositiveDefinite } from './linear_algebra';
import { fitPose, rotationMatrix, rotationVector, type Pose } from './pose';

/** Points of the landmark model. */
export const LANDMARKS = 478;
/** Those of the face's surface; the ten behind them are the two irises (centre and ring). */
export const SURFACE = 468;
export const SHAPE_LENGTH = 32;
export const MOTION_LENGTH = 32;
export const MOTION_LIMIT = 2047;
export const SHAPE_LIMIT = 127;
export const POSE = 6;
export const GAZE = 2;
export const EXPRESSION = MOTION_LENGTH - POSE - GAZE;
const POSE_STEPS = [1 / 90, 1 / 90, 1 / 90, 1 / 224, 1 / 224, 1 / 90, 1 / 50, 1 / 50];
const IRIS_POINTS = 5;
const SURFACE_VALUES = 3 * SURFACE;

/** Eye corners (the one at the left of an upright picture first) and the first iris point of each eye. */
const EYES = [
  { left: 33, right: 133, iris: 468 },
  { left: 362, right: 263, iris: 473 },
] as const;

/** 478 points as x, y, z, x, y, z …; right, down and away from the viewer. */
export type Landmarks = Float64Array;
/** 32 numbers as the wire lays them out; integers, but for frames between two of the wire's. */
export type Motion = readonly number[];
/** 32 integers: a person's identity coefficients. */
export type Shape = readonly number[];

/** Mean face and bases as stored in `motion.msgpack`; a row of a basis is the change of all surface points for one step. */
export interface MotionTable {
  /** 478 points in canonical units: the rigid points' root mean square radius is 1. */
  mean: Float64Array;
  /** 32 rows of 468 points. */
  shapeBasis: Float64Array[];
  /** 24 rows of 468 points. */
  expressionBasis: Float64Array[];
  /** Importance of each surface point in a fit of expression. */
  pointWeights: Float64Array;
  /** How rigidly each surface point moves with the skull. */
  rigidWeights: Float64Array;
}

/** Turns landmarks into motion and motion into landmarks. */
export class MotionModel {
  /** The mean face's 468 surface points, canonical units. */
  readonly meanSurface: Float64Array;
  private readonly expressionFit: Float64Array[];
  private readonly shapeFit: Float64Array[];

  constructor(private readonly table: MotionTable) {
    this.meanSurface = table.mean.slice(0, SURFACE_VALUES);
    this.expressionFit = weightedInverse(table.expressionBasis, table.pointWeights);
    const both = weightedInverse([...table.shapeBasis, ...table.expressionBasis], table.pointWeights);
    this.shapeFit = both.slice(0, SHAPE_LENGTH);
  }

  /** Importance of each of the 468 surface points. */
  get pointWeights(): Float64Array {
    return this.table.pointWeights;
  }

  /** 24 rows: the change of all surface points for one step of a coefficient. */
  get expressionBasis(): Float64Array[] {
    return this.table.expressionBasis;
  }

  /** Returns the coefficients of expression nearest to a displacement of the 468 surface points. */
  expressionOf(displacement: Float64Array): number[] {
    return project(this.expressionFit, displacement, new Float64Array(SURFACE_VALUES));
  }

  /** Returns the surface of a person at rest, canonical units. */
  neutral(shape: Shape): Float64Array {
    return deform(this.meanSurface, this.table.shapeBasis, shape);
  }

  /** Returns the 478 landmarks in crop units. */
  landmarks(shape: Shape, motion: Motion): Landmarks {
    const pose = motion.slice(0, POSE + GAZE).map((value, index) => value * (POSE_STEPS[index] ?? 0));
    const surface = deform(this.neutral(shape), this.table.expressionBasis, motion.slice(POSE + GAZE));
    const points = new Float64Array(3 * LANDMARKS);
    points.set(surface);
    this.placeIrises(points, pose[6] ?? 0, pose[7] ?? 0);
    const rotation = rotationMatrix(pose.slice(0, 3));
    const scale = Math.exp(pose[5] ?? 0);
    const [r0 = 0, r1 = 0, r2 = 0, r3 = 0, r4 = 0, r5 = 0, r6 = 0, r7 = 0, r8 = 0] = rotation;
    for (let index = 0; index < points.length; index += 3) {
      const x = points[index] ?? 0;
      const y = points[index + 1] ?? 0;
      const z = points[index + 2] ?? 0;
      points[index] = scale * (r0 * x + r1 * y + r2 * z) + (pose[3] ?? 0);
      points[index + 1] = scale * (r3 * x + r4 * y + r5 * z) + (pose[4] ?? 0);
      points[index + 2] = scale * (r6 * x + r7 * y + r8 * z);
    }
    return points;
  }

  /** Returns the shape of the person whose 478 landmarks in crop units these are. */
  fitShape(landmarks: Landmarks): number[] {
    let neutral = this.meanSurface;
    let shape: number[] = [];
    for (let pass = 0; pass < 3; pass++) {
      const canonical = toCanonical(landmarks, fitPose(neutral, landmarks, this.table.rigidWeights));
      shape = project(this.shapeFit, canonical, this.meanSurface);
      neutral = this.neutral(shape);
    }
    return shape.map((value) => limited(Math.round(value), SHAPE_LIMIT));
  }

  /** Returns the motion (not yet rounded) that puts a person of `shape` at these 478 landmarks in crop units. */
  fit(shape: Shape, landmarks: Landmarks): number[] {
    const neutral = this.neutral(shape);
    const pose = fitPose(neutral, landmarks, this.table.rigidWeights);
    const canonical = toCanonical(landmarks, pose);
    const poseAndGaze = [
      ...rotationVector(pose.rotation),
      ...pose.translation.slice(0, 2),
      Math.log(pose.scale),
      ...this.gaze(canonical),
    ];
    return [
      ...poseAndGaze.map((value, index) => value / (POSE_STEPS[index] ?? 1)),
      ...project(this.expressionFit, canonical, neutral),
    ];
  }

  /** Lets the iris points of `points` follow the eye corners and the gaze (right and down, in eye widths). */
  private placeIrises(points: Float64Array, right: number, down: number): void {
    const { mean } = this.table;
    for (const eye of EYES) {
      const here = measureEye(points, eye);
      const rest = measureEye(mean, eye);
      const offset = [right * here.width, down * here.width, 0];
      for (let index = 3 * eye.iris; index < 3 * (eye.iris + IRIS_POINTS); index++) {
        const axis = index % 3;
        const fromMiddle = ((mean[index] ?? 0) - (rest.middle[axis] ?? 0)) * (here.width / rest.width);
        points[index] = (here.middle[axis] ?? 0) + fromMiddle + (offset[axis] ?? 0);
      }
    }
  }

  /** Returns the mean iris offset (right, down) of both eyes from rest, in eye widths. */
  private gaze(canonical: Float64Array): number[] {
    return [0, 1].map((axis) => {
      const offsets = EYES.map((eye) => irisOffset(canonical, eye, axis) - irisOffset(this.table.mean, eye, axis));
      return ((offsets[0] ?? 0) + (offsets[1] ?? 0)) / 2;
    });
  }
}

/**
 * Rounds a motion to integers, keeping each `previous` integer from which the value is less than 0.5 + `hysteresis` away.
 *
 * Hysteresis holds a still head still without the lag of a smoothing filter. Values are limited to ±2047.
 */
export function quantise(values: Motion, previous: Motion | null, hysteresis: number): number[] {
  return values.map((value, index) => {
    const before = previous?.[index];
    if (before !== undefined && Math.abs(value - before) < 0.5 + hysteresis) return before;
    return limited(Math.round(value), MOTION_LIMIT);
  });
}

/** Returns the values as a motion; throws `WireError` if one is outside ±2047. */
export function checkMotion(values: number[]): Motion {
  const outside = values.find((value) => Math.abs(value) > MOTION_LIMIT);
  if (outside !== undefined) throw new WireError(`motion value ${outside} is outside ±${MOTION_LIMIT}`);
  return values;
}

function limited(value: number, limit: number): number {
  return Math.min(Math.max(value, -limit), limit);
}

function deform(surface: Float64Array, basis: Float64Array[], coefficients: readonly number[]): Float64Array {
  const deformed = surface.slice();
  basis.forEach((row, index) => {
    const coefficient = coefficients[index] ?? 0;
    if (coefficient === 0) return;
    for (let value = 0; value < deformed.length; value++) {
      deformed[value] = (deformed[value] ?? 0) + coefficient * (row[value] ?? 0);
    }
  });
  return deformed;
}

/** Returns the coefficients of the surface's difference from `rest` under a least-squares inverse of a basis. */
function project(inverse: Float64Array[], points: Float64Array, rest: Float64Array): number[] {
  return inverse.map((row) => {
    let sum = 0;
    for (let value = 0; value < row.length; value++)
      sum += (row[value] ?? 0) * ((points[value] ?? 0) - (rest[value] ?? 0));
    return sum;
  });
}

function toCanonical(landmarks: Landmarks, pose: Pose): Float64Array {
  const [r0 = 0, r1 = 0, r2 = 0, r3 = 0, r4 = 0, r5 = 0, r6 = 0, r7 = 0, r8 = 0] = pose.rotation;
  const [right, down, away] = pose.translation;
  const canonical = new Float64Array(landmarks.length);
  for (let index = 0; index < landmarks.length; index += 3) {
    const x = ((landmarks[index] ?? 0) - right) / pose.scale;
    const y = ((landmarks[index + 1] ?? 0) - down) / pose.scale;
    const z = ((landmarks[index + 2] ?? 0) - away) / pose.scale;
    canonical[index] = r0 * x + r3 * y + r6 * z;
    canonical[index + 1] = r1 * x + r4 * y + r7 * z;
    canonical[index + 2] = r2 * x + r5 * y + r8 * z;
  }
  return canonical;
}

function measureEye(points: Float64Array, eye: (typeof EYES)[number]): { middle: number[]; width: number } {
  const left = points.subarray(3 * eye.left, 3 * eye.left + 3);
  const right = points.subarray(3 * eye.right, 3 * eye.right + 3);
  const across = Array.from(right, (value, axis) => value - (left[axis] ?? 0));
  return { middle: across.map((value, axis) => (left[axis] ?? 0) + value / 2), width: Math.hypot(...across) };
}

/** Returns how far the iris's mean point is from the middle of the eye along one axis, in eye widths. */
function irisOffset(points: Float64Array, eye: (typeof EYES)[number], axis: number): number {
  const { middle, width } = measureEye(points, eye);
  let sum = 0;
  for (let point = eye.iris; point < eye.iris + IRIS_POINTS; point++) sum += points[3 * point + axis] ?? 0;
  return (sum / IRIS_POINTS - (middle[axis] ?? 0)) / width;
}

/** Returns the rows that, applied to a surface, give the least-squares coefficients of `basis`. */
function weightedInverse(basis: Float64Array[], pointWeights: Float64Array): Float64Array[] {
  const weighted = basis.map((row) => row.map((value, index) => value * (pointWeights[Math.floor(index / 3)] ?? 0)));
  const normal = weighted.map((left) =>
    Float64Array.from(basis, (right) => left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0)),
  );
  return solvePositiveDefinite(normal, weighted);
}
