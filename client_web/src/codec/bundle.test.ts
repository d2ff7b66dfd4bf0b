import { describe, expect, it } from 'vitest';
import { entropyTable, fromHexadecimal, goldenVectors } from '../testing/golden_vectors';
import { pseudoRandom } from '../testing/pseudo_random';
import { decodeFrames, encodeBundle, parseBundle, type Bundle, type Mode } from './bundle';
import { UnknownKeyframeError, WireError } from './errors';
import type { Motion } from './motion';

interface SharedVector {
  keyframe_a: number;
  keyframe_b: number;
  motions: Record<string, number[]>;
}
interface BundleVector {
  sequence: number;
  time_ticks: number;
  voice_active: boolean;
  frames: { gap_ticks: number; mode: Mode; pick: 0 | 1; motion: number[] | null }[];
  speech: string | null;
  auxiliary: string | null;
  bytes: string;
}

const table = entropyTable();
const [shared, ...vectors] = goldenVectors<SharedVector & BundleVector>('bundles');
if (shared === undefined) throw new Error('bundles.json is empty');
const motions = new Map<number, Motion>(
  Object.entries(shared.motions).map(([number, motion]) => [Number(number), motion]),
);
const { keyframe_a: keyframeA, keyframe_b: keyframeB } = shared;

function bundleOf(vector: BundleVector): Bundle {
  return {
    header: {
      sequence: vector.sequence,
      timeTicks: vector.time_ticks,
      keyframeA,
      keyframeB,
      voiceActive: vector.voice_active,
    },
    frames: vector.frames.map(({ gap_ticks, ...frame }) => ({ gapTicks: gap_ticks, ...frame })),
    speech: vector.speech === null ? null : fromHexadecimal(vector.speech),
    auxiliary: vector.auxiliary === null ? null : fromHexadecimal(vector.auxiliary),
  };
}

describe('bundles', () => {
  it.each(vectors)('meets the golden vector of sequence $sequence', (vector) => {
    const bundle = bundleOf(vector);
    expect(encodeBundle(table, bundle, motions)).toEqual(fromHexadecimal(vector.bytes));
    expect(decodeFrames(table, parseBundle(fromHexadecimal(vector.bytes)), motions)).toEqual(bundle);
  });

  it('names the keyframe that is missing', () => {
    const animated = vectors.find(({ frames }) => frames[0]?.motion && frames[0].pick === 0);
    const packed = parseBundle(fromHexadecimal(animated?.bytes ?? ''));
    expect(() => decodeFrames(table, packed, new Map())).toThrow(UnknownKeyframeError);
    expect(() => decodeFrames(table, packed, new Map())).toThrow(/keyframe 7 /);
  });

  it('refuses every truncation and every byte too many', () => {
    for (const { bytes } of vectors) {
      const data = fromHexadecimal(bytes);
      for (let length = 0; length < data.length; length++) {
        expect(() => decodeFrames(table, parseBundle(data.subarray(0, length)), motions)).toThrow(WireError);
      }
      expect(() => parseBundle(Uint8Array.of(...data, 0))).toThrow(WireError);
    }
  });

  it('takes 2 000 damaged bundles without failing otherwise than it says', () => {
    const random = pseudoRandom(3);
    for (let round = 0; round < 2000; round++) {
      const data = fromHexadecimal(vectors[random(vectors.length)]?.bytes ?? '');
      if (round % 4 === 0) data.forEach((_, index) => (data[index] = random(256)));
      for (let damage = random(4); damage >= 0; damage--) data[random(data.length)] = random(256);
      try {
        const { frames } = decodeFrames(table, parseBundle(data), motions);
        for (const { motion } of frames)
          for (const value of motion ?? []) expect(Math.abs(value)).toBeLessThanOrEqual(2047);
      } catch (error) {
        if (!(error instanceof WireError) && !(error instanceof UnknownKeyframeError)) throw error;
      }
    }
  });

  it('refuses to write what cannot be read', () => {
    const [bundle] = vectors.filter(({ frames }) => frames.length > 2).map(bundleOf);
    if (bundle === undefined) throw new Error('no vector with three frames');
    const frame = bundle.frames[0];
    if (frame === undefined) throw new Error('no frame');
    const write = (change: Partial<Bundle>): Uint8Array => encodeBundle(table, { ...bundle, ...change }, motions);
    expect(() => write({ frames: Array.from({ length: 16 }, () => frame) })).toThrow(WireError);
    expect(() => write({ frames: [frame, { ...frame, gapTicks: 65 }] })).toThrow(WireError);
    expect(() => write({ auxiliary: new Uint8Array(1150) })).toThrow(WireError);
    expect(() => write({ speech: new Uint8Array(256) })).toThrow(WireError);
    expect(() => write({ header: { ...bundle.header, sequence: 65_536 } })).toThrow(WireError);
  });
});
