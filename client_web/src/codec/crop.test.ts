import { describe, expect, it } from 'vitest';
import { goldenVectors } from '../testing/golden_vectors';
import { StableCrop, toCropUnits } from './crop';

interface CropVector {
  landmarks: number[][];
  face: [number, number, number];
  crop: [number, number, number];
  jumped: boolean;
  first_in_crop_units: number[][];
}

describe('the stable crop', () => {
  it('meets the golden vectors', () => {
    const [shared, ...vectors] = goldenVectors<CropVector>('crop');
    const face = shared?.landmarks.flat() ?? [];
    const stable = new StableCrop();
    for (const vector of vectors) {
      const [x, y, size] = vector.face;
      const landmarks = Float64Array.from(face, (value, index) => value * size + ([x, y, 0][index % 3] ?? 0));
      const { crop, jumped } = stable.update(landmarks, 640, 480);
      expect([crop.left, crop.top, crop.side, jumped]).toEqual([...vector.crop, vector.jumped]);
      toCropUnits(crop, landmarks.slice(0, 9)).forEach((value, index) => {
        expect(value).toBeCloseTo(vector.first_in_crop_units.flat()[index] ?? NaN, 4);
      });
    }
  });
});
