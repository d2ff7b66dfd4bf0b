import { describe, expect, it } from 'vitest';
import { entropyTable, fromHexadecimal, goldenVectors, motionModel } from '../testing/golden_vectors';
import { BundleWriter } from './bundle_writer';
import { KeyframePool } from './keyframe_pool';
import { DEFAULT_SETTINGS } from './settings';

interface PoolVector {
  time_ms: number;
  motion: number[];
  jump: boolean;
  faceless: boolean;
  made: boolean;
  ranked: number[];
  bundles: string[];
}

describe('the keyframe pool and the bundle writer', () => {
  it('decide as the golden vectors do, byte for byte', () => {
    const model = motionModel();
    const pool = new KeyframePool(model.pointWeights, DEFAULT_SETTINGS);
    const writer = new BundleWriter(entropyTable(), DEFAULT_SETTINGS.bundleMs);
    const shape = new Array<number>(32).fill(0);
    const vectors = goldenVectors<PoolVector>('pool');
    expect(vectors.length).toBeGreaterThan(100);
    vectors.forEach((vector, index) => {
      const landmarks = model.landmarks(shape, vector.motion);
      if (vector.jump) pool.noteJump();
      const made = pool.needsKeyframe(landmarks, vector.time_ms);
      if (made) pool.add({ number: index % 256, motion: vector.motion }, landmarks, 2000 + index, vector.time_ms);
      const ranked = pool.pick(landmarks, vector.time_ms);
      const voiceActive = index % 50 > 25;
      const bundles = vector.faceless
        ? writer.add(vector.time_ms, null, [], voiceActive)
        : writer.add(vector.time_ms, vector.motion, ranked, voiceActive);
      expect({ index, made, ranked: ranked.map(({ number }) => number), bundles }).toEqual({
        index,
        made: vector.made,
        ranked: vector.ranked,
        bundles: vector.bundles.map(fromHexadecimal),
      });
    });
  });

  it('picks a keyframe once it is confirmed, and makes no other before', () => {
    const model = motionModel();
    const pool = new KeyframePool(model.pointWeights, DEFAULT_SETTINGS);
    const motions = goldenVectors<PoolVector>('pool').map(({ motion }) => motion);
    const [first = [], second = []] = [motions[0], motions[60]];
    const shape = new Array<number>(32).fill(0);
    const pick = (timeMs: number): number | undefined => pool.pick(model.landmarks(shape, second), timeMs)[0]?.number;
    pool.add({ number: 0, motion: first }, model.landmarks(shape, first), 2_000, 0);
    pool.confirm(0);
    pool.noteJump();
    expect(pool.needsKeyframe(model.landmarks(shape, second), 2_000)).toBe(true);
    pool.add({ number: 1, motion: second }, model.landmarks(shape, second), 2_000, 2_000);
    expect(pick(4_000)).toBe(0);
    pool.noteJump();
    expect(pool.needsKeyframe(model.landmarks(shape, first), 4_000)).toBe(false);
    pool.confirm(1);
    expect(pick(4_040)).toBe(1);
    expect(pool.needsKeyframe(model.landmarks(shape, first), 4_040)).toBe(true);
  });
});
