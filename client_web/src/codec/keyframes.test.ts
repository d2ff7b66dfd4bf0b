import { describe, expect, it } from 'vitest';
import { entropyTable, fromHexadecimal, goldenVectors } from '../testing/golden_vectors';
import { pseudoRandom } from '../testing/pseudo_random';
import { WireError } from './errors';
import { PICTURE_CODEC, type PictureCodec } from './intra_picture';
import { encodeKeyframe, parseKeyframe, ticks, type Keyframe } from './keyframes';

interface KeyframeVector {
  number: number;
  time_ticks: number;
  side: number;
  shape: number[] | null;
  motion: number[] | null;
  picture_codec: PictureCodec;
  picture: string;
  bytes: string;
}

const table = entropyTable();
const vectors = goldenVectors<KeyframeVector>('keyframes');

function keyframeOf(vector: KeyframeVector): Keyframe {
  const { number, side, shape, motion } = vector;
  return {
    number,
    timeTicks: vector.time_ticks,
    side,
    shape,
    motion,
    pictureCodec: vector.picture_codec,
    picture: fromHexadecimal(vector.picture),
  };
}

describe('keyframes', () => {
  it.each(vectors)('meets the golden vector of number $number', (vector) => {
    expect(encodeKeyframe(table, keyframeOf(vector))).toEqual(fromHexadecimal(vector.bytes));
    expect(parseKeyframe(table, fromHexadecimal(vector.bytes))).toEqual(keyframeOf(vector));
  });

  it('tells a face of zeros from none', () => {
    const zeros = new Array<number>(32).fill(0);
    const head = { number: 1, timeTicks: 0, side: 256, pictureCodec: PICTURE_CODEC.av1, picture: Uint8Array.of(9) };
    for (const face of [{ shape: zeros, motion: zeros }, { shape: null, motion: null }]) {
      const keyframe = { ...head, ...face };
      expect(parseKeyframe(table, encodeKeyframe(table, keyframe))).toEqual(keyframe);
    }
  });

  it('refuses a keyframe that is cut before its picture', () => {
    const data = fromHexadecimal(vectors[0]?.bytes ?? '');
    const pictureBytes = (vectors[0]?.picture.length ?? 0) / 2;
    for (let length = 0; length <= data.length - pictureBytes; length++) {
      expect(() => parseKeyframe(table, data.subarray(0, length))).toThrow(WireError);
    }
  });

  it('refuses other versions, codecs and sides', () => {
    const change = (position: number, value: number): Uint8Array => {
      const data = fromHexadecimal(vectors[0]?.bytes ?? '');
      data[position] = value;
      return data;
    };
    for (const data of [change(0, 0x21), change(0, 0x15), change(5, 0), change(6, 4), change(5, 5)]) {
      expect(() => parseKeyframe(table, data)).toThrow(WireError);
    }
  });

  it('takes 2 000 damaged keyframes without failing otherwise than it says', () => {
    const random = pseudoRandom(4);
    for (let round = 0; round < 2000; round++) {
      const data = fromHexadecimal(vectors[random(vectors.length)]?.bytes ?? '').subarray(0, 4 + random(200));
      if (round % 4 === 0) data.forEach((_, index) => (data[index] = random(256)));
      for (let damage = random(4); damage >= 0; damage--) data[random(data.length)] = random(256);
      try {
        parseKeyframe(table, data);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
      }
    }
  });
});

describe('ticks', () => {
  it('rounds to 10 ms and wraps after 46 hours', () => {
    expect(ticks(1004)).toBe(100);
    expect(ticks((2 ** 24 + 5) * 10)).toBe(5);
  });
});
