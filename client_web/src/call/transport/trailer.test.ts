import { describe, expect, it } from 'vitest';
import { fromHexadecimal, goldenVectors } from '../../testing/golden_vectors';
import { pseudoRandom } from '../../testing/pseudo_random';
import { CallError } from '../errors';
import { MAX_PACKET_BYTES, addTrailer, splitTrailer } from './trailer';

interface TrailerVector {
  voice: string;
  bundles: string[];
  payload: string;
  restored: string;
}

const VOICE = fromHexadecimal('18' + '5a'.repeat(45));

describe('trailers', () => {
  it.each(goldenVectors<TrailerVector>('trailers'))('meets the golden vector $#', (vector) => {
    const bundles = vector.bundles.map(fromHexadecimal);
    const payload = fromHexadecimal(vector.payload);
    expect(addTrailer(fromHexadecimal(vector.voice), bundles)).toEqual(payload);
    expect(splitTrailer(payload)).toEqual({ voice: fromHexadecimal(vector.restored), bundles });
  });

  it.each(['', '18', '1b03616263646566', '1b4102616200' + '00', '1b4103616263fc0102'])(
    'leaves voice without a trailer alone: %s',
    (voice) => {
      const payload = fromHexadecimal(voice);
      expect(splitTrailer(payload)).toEqual({ voice: payload, bundles: [] });
    },
  );

  it.each([
    '1b',
    '1b00',
    '1b4002',
    '1b41',
    '1b41ff',
    '1b41096162',
    '1b4202616263f478',
    '1bc2020961f478',
    '1b4101f4',
    '1b4101f5',
    '1b4103f50178',
    '1b4103f5ffff',
    '1b4104f5017800',
    '1b4103f500f4',
    '1b4104f500f478',
  ])('refuses %s', (payload) => {
    expect(() => splitTrailer(fromHexadecimal(payload))).toThrow(CallError);
  });

  it('refuses to write what could not be read', () => {
    const bundle = Uint8Array.of(1);
    expect(() => addTrailer(VOICE, [])).toThrow(CallError);
    expect(() => addTrailer(VOICE, [bundle, new Uint8Array(0)])).toThrow(CallError);
    expect(() => addTrailer(VOICE, [new Uint8Array(MAX_PACKET_BYTES)])).toThrow(CallError);
    expect(() => addTrailer(Uint8Array.of(0x18), [bundle])).toThrow(CallError);
  });

  it('reads or refuses any bytes', () => {
    const random = pseudoRandom(11);
    const heads = ['', '1b41', '1b4120', '1b4108f502', '1bff'].map(fromHexadecimal);
    for (let round = 0; round < 20_000; round += 1) {
      const data = Uint8Array.from({ length: random(60) }, () => random(256));
      const payload = Uint8Array.of(...(heads[round % heads.length] ?? []), ...data);
      try {
        const { voice, bundles } = splitTrailer(payload);
        expect(bundles.every((bundle) => bundle.length > 0)).toBe(true);
        expect(voice.length).toBeLessThanOrEqual(payload.length);
      } catch (error) {
        expect(error).toBeInstanceOf(CallError);
      }
    }
  });
});
