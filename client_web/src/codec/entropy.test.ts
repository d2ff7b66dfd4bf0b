import { describe, expect, it } from 'vitest';
import { fromHexadecimal, goldenVectors } from '../testing/golden_vectors';
import { pseudoRandom } from '../testing/pseudo_random';
import {
  PROBABILITY_BITS,
  RESIDUAL_CONTEXTS,
  RangeDecoder,
  RangeEncoder,
  decodeResiduals,
  decodeTree,
  encodeResiduals,
  encodeTree,
  type Contexts,
} from './entropy';
import { WireError } from './errors';

function flatContexts(rows: number, length = RESIDUAL_CONTEXTS): Contexts[] {
  return Array.from({ length: rows }, () => new Uint16Array(length).fill(1 << (PROBABILITY_BITS - 1)));
}

describe('residuals', () => {
  it.each(goldenVectors<{ residuals: number[]; bytes: string }>('entropy'))('meets $bytes', ({ residuals, bytes }) => {
    const encoder = new RangeEncoder();
    encodeResiduals(encoder, flatContexts(residuals.length), residuals);
    expect(encoder.finish()).toEqual(fromHexadecimal(bytes));
    const decoder = new RangeDecoder(fromHexadecimal(bytes));
    expect(decodeResiduals(decoder, flatContexts(residuals.length))).toEqual(residuals);
    expect(() => decoder.checkEnd()).not.toThrow();
  });

  it('refuses what does not fit', () => {
    expect(() => encodeResiduals(new RangeEncoder(), flatContexts(1), [4096])).toThrow(WireError);
  });
});

describe('the range coder', () => {
  it('gives back random bits, also where a carry runs through many bytes', () => {
    const random = pseudoRandom(1);
    for (let round = 0; round < 300; round++) {
      const skew = 1 + random(4000);
      const bits = Array.from({ length: random(400) }, () => (random(4096) < skew ? 0 : 1) as 0 | 1);
      const encoder = new RangeEncoder();
      const [contexts] = flatContexts(1, 1);
      if (contexts === undefined) throw new Error('no contexts');
      bits.forEach((bit, index) => (index % 7 === 3 ? encoder.equiprobable(bit, 1) : encoder.bit(contexts, 0, bit)));
      const data = encoder.finish();
      const decoder = new RangeDecoder(data);
      const [fresh] = flatContexts(1, 1);
      if (fresh === undefined) throw new Error('no contexts');
      expect(bits.map((_, index) => (index % 7 === 3 ? decoder.equiprobable(1) : decoder.bit(fresh, 0)))).toEqual(bits);
      decoder.checkEnd();
    }
  });

  it('codes trees', () => {
    const encoder = new RangeEncoder();
    const [contexts, fresh] = flatContexts(2, 64);
    if (contexts === undefined || fresh === undefined) throw new Error('no contexts');
    const values = Array.from({ length: 64 }, (_, value) => value);
    for (const value of values) encodeTree(encoder, contexts, value, 6);
    const decoder = new RangeDecoder(encoder.finish());
    expect(values.map(() => decodeTree(decoder, fresh, 6))).toEqual(values);
  });

  it('refuses a string that its encoder would not have written', () => {
    expect(() => new RangeDecoder(Uint8Array.of(1, 0)).checkEnd()).toThrow(WireError);
    expect(() => new RangeDecoder(new Uint8Array(9).fill(1)).checkEnd()).toThrow(WireError);
  });

  it('survives random bytes', () => {
    const random = pseudoRandom(2);
    for (let round = 0; round < 2000; round++) {
      const data = Uint8Array.from({ length: random(60) }, () => random(256));
      for (const residual of decodeResiduals(new RangeDecoder(data), flatContexts(32))) {
        expect(Math.abs(residual)).toBeLessThan(4096);
      }
    }
  });
});
