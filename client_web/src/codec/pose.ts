/** Head pose: similarity transforms between sets of 3-D points, and rotations. */
import { largestEigenpair } from './linear_algebra';

/** Scaled orthographic head pose: crop = scale · rotation · canonical + translation. */
export interface Pose {
  /** 3 × 3, row by row. */
  rotation: number[];
  /** Crop units; its z is arbitrary and never sent. */
  translation: [number, number, number];
  scale: number;
}

/**
 * Returns the similarity that takes `source` to `target` with least weighted squares (Horn 1987; the same as Umeyama's).
 *
 * Both are x, y, z, x, y, z …; one weight a point, and as many points count as there are weights.
 */
export function fitPose(source: Float64Array, target: Float64Array, weights: Float64Array): Pose {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const sourceMean = weightedMean(source, weights, total);
  const targetMean = weightedMean(target, weights, total);
  const covariance = new Float64Array(9);
  let variance = 0;
  weights.forEach((weight, point) => {
    const share = weight / total;
    for (let row = 0; row < 3; row++) {
      const from = (source[3 * point + row] ?? 0) - (sourceMean[row] ?? 0);
      variance += share * from * from;
      for (let column = 0; column < 3; column++) {
        const to = (target[3 * point + column] ?? 0) - (targetMean[column] ?? 0);
        covariance[3 * row + column] = (covariance[3 * row + column] ?? 0) + share * from * to;
      }
    }
  });
  const [xx = 0, xy = 0, xz = 0, yx = 0, yy = 0, yz = 0, zx = 0, zy = 0, zz = 0] = covariance;
  const { value, vector } = largestEigenpair([
    [xx + yy + zz, yz - zy, zx - xz, xy - yx],
    [yz - zy, xx - yy - zz, xy + yx, zx + xz],
    [zx - xz, xy + yx, yy - xx - zz, yz + zy],
    [xy - yx, zx + xz, yz + zy, zz - xx - yy],
  ]);
  const rotation = quaternionMatrix(vector);
  const scale = value / variance;
  const shift = (row: number): number =>
    (targetMean[row] ?? 0) -
    scale * sourceMean.reduce((sum, mean, column) => sum + (rotation[3 * row + column] ?? 0) * mean, 0);
  return { rotation, translation: [shift(0), shift(1), shift(2)], scale };
}

/** Returns the 3 × 3 rotation about the axis `vector` by its length in radians (Rodrigues). */
export function rotationMatrix(vector: readonly number[]): number[] {
  const [x = 0, y = 0, z = 0] = vector;
  const angle = Math.hypot(x, y, z);
  const share = angle < 1e-9 ? 0 : Math.sin(angle / 2) / angle;
  return quaternionMatrix([Math.cos(angle / 2), x * share, y * share, z * share]);
}

/** Returns the rotation vector of a 3 × 3 rotation; angles up to just below π. */
export function rotationVector(rotation: readonly number[]): [number, number, number] {
  const [r0 = 0, r1 = 0, r2 = 0, r3 = 0, r4 = 0, r5 = 0, r6 = 0, r7 = 0, r8 = 0] = rotation;
  const axis = [r7 - r5, r2 - r6, r3 - r1] as const;
  const sine = Math.hypot(...axis) / 2;
  if (sine < 1e-9) return [0, 0, 0];
  const factor = Math.atan2(sine, (r0 + r4 + r8 - 1) / 2) / (2 * sine);
  return [axis[0] * factor, axis[1] * factor, axis[2] * factor];
}

function weightedMean(points: Float64Array, weights: Float64Array, total: number): [number, number, number] {
  const mean: [number, number, number] = [0, 0, 0];
  weights.forEach((weight, point) => {
    for (const axis of [0, 1, 2] as const) mean[axis] += ((points[3 * point + axis] ?? 0) * weight) / total;
  });
  return mean;
}

function quaternionMatrix([w = 1, x = 0, y = 0, z = 0]: readonly number[]): number[] {
  return [
    w * w + x * x - y * y - z * z,
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    w * w - x * x + y * y - z * z,
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    w * w - x * x - y * y + z * z,
  ];
}
