import { describe, expect, it } from 'vitest';
import { goldenVectors, motionModel } from '../testing/golden_vectors';
import { CodecError, WireError } from './errors';
import { checkMotion, quantise } from './motion';
import { parseMotionTable } from './motion_table';
import { fitPose, rotationMatrix, rotationVector } from './pose';

interface MotionVector {
  shape: number[];
  motion: number[];
  landmarks: number[][];
  noisy: number[][];
  fitted_shape: number[];
  fitted: number[];
  quantised: number[];
}

const HYSTERESIS = 0.22;
const model = motionModel();

function largestDifference(one: ArrayLike<number>, two: ArrayLike<number>): number {
  expect(one.length).toBe(two.length);
  return Math.max(...Array.from(one, (value, index) => Math.abs(value - (two[index] ?? NaN))));
}

describe('the motion model', () => {
  it.each(goldenVectors<MotionVector>('motion'))('meets a golden vector', (vector) => {
    const landmarks = model.landmarks(vector.shape, vector.motion);
    expect(largestDifference(landmarks, vector.landmarks.flat())).toBeLessThan(1e-4);
    const noisy = Float64Array.from(vector.noisy.flat());
    expect(model.fitShape(noisy)).toEqual(vector.fitted_shape);
    const fitted = model.fit(vector.fitted_shape, noisy);
    expect(largestDifference(fitted, vector.fitted)).toBeLessThan(1e-4);
    expect(quantise(fitted, vector.motion, HYSTERESIS)).toEqual(vector.quantised);
  });

  it('refuses a table of another version or size', () => {
    expect(() => parseMotionTable(Uint8Array.of(0x80))).toThrow(CodecError);
    expect(() => parseMotionTable(Uint8Array.of(0xc1))).toThrow(CodecError);
  });
});

describe('quantise', () => {
  it('holds the previous integer within the hysteresis and limits the range', () => {
    expect(quantise([0.7, 0.73, 1e6, -1e6], [0, 0, 0, 0], HYSTERESIS)).toEqual([0, 1, 2047, -2047]);
    expect(quantise([0.7], null, HYSTERESIS)).toEqual([1]);
  });
});

describe('checkMotion', () => {
  it('refuses a value out of range', () => {
    expect(() => checkMotion([0, -2048])).toThrow(WireError);
  });
});

describe('poses', () => {
  it('turns vectors into rotations and back', () => {
    for (const vector of [
      [0.3, -0.2, 0.1],
      [0, 0, 0],
      [2.5, 0.5, -1],
      [1e-12, 0, 0],
    ]) {
      expect(largestDifference(rotationVector(rotationMatrix(vector)), vector)).toBeLessThan(1e-9);
    }
  });

  it('finds a known similarity', () => {
    const source = Float64Array.of(0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 1, 1);
    const rotation = rotationMatrix([0.4, -0.9, 0.2]);
    const target = source.map((_, index) => {
      const [row, point] = [index % 3, index - (index % 3)];
      const turned = [0, 1, 2].reduce(
        (sum, axis) => sum + (rotation[3 * row + axis] ?? 0) * (source[point + axis] ?? 0),
        0,
      );
      return 0.7 * turned + (row === 0 ? 0.1 : row === 1 ? -0.2 : 0);
    });
    const pose = fitPose(source, target, Float64Array.of(1, 2, 3, 4, 5));
    expect(largestDifference(pose.rotation, rotation)).toBeLessThan(1e-9);
    expect(largestDifference([...pose.translation, pose.scale], [0.1, -0.2, 0, 0.7])).toBeLessThan(1e-9);
  });
});
