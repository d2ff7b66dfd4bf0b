import { describe, expect, it } from 'vitest';
import { MAX_UPDATE_BYTES } from '../call/screen_delivery';
import { WireError } from '../codec/errors';
import { pseudoRandom } from '../testing/pseudo_random';
import { parseScreenUpdate, serialiseScreenUpdate, type ScreenUpdate } from './screen_update';

const UPDATE: ScreenUpdate = {
  codec: 1,
  number: 200,
  width: 300,
  height: 140,
  settled: 128,
  tiles: [
    { column: 0, row: 0, picture: Uint8Array.of(1, 2, 3) },
    { column: 2, row: 1, picture: Uint8Array.of(4) },
  ],
};

/** The update's bytes with some of them changed. */
function damaged(changes: Record<number, number>): Uint8Array {
  const bytes = serialiseScreenUpdate(UPDATE);
  for (const [offset, value] of Object.entries(changes)) bytes[Number(offset)] = value;
  return bytes;
}

describe('screen updates', () => {
  it('come back as they were', () => {
    expect(parseScreenUpdate(serialiseScreenUpdate(UPDATE))).toEqual(UPDATE);
  });

  it.each([
    ['of another version', damaged({ 0: 0x21 })],
    ['in a codec that needs other pictures', damaged({ 0: 0x14 })],
    ['of a screen too small', damaged({ 2: 0, 3: 63 })],
    ['of a screen too large', damaged({ 4: 0x08, 5: 1 })],
    ['with a tile outside', damaged({ 7: 3 })],
    ['with a tile twice', damaged({ 14: 0, 15: 0 })],
    ['with a tile of nothing', damaged({ 10: 0 })],
    ['with a tile longer than itself', damaged({ 16: 1 })],
    ['without tiles', serialiseScreenUpdate({ ...UPDATE, tiles: [] })],
    ['cut in a header', serialiseScreenUpdate(UPDATE).slice(0, 16)],
    ['with a byte too many', Uint8Array.from([...serialiseScreenUpdate(UPDATE), 0])],
    ['too long', new Uint8Array(MAX_UPDATE_BYTES + 1)],
  ])('are refused if they are %s', (_, bytes) => {
    expect(() => parseScreenUpdate(bytes)).toThrow(WireError);
  });

  it('never break anything but themselves, whatever the bytes', () => {
    const random = pseudoRandom(8);
    for (let round = 0; round < 5_000; round += 1) {
      const bytes = serialiseScreenUpdate(UPDATE).slice(0, 1 + random(20));
      for (let change = 0; change < 3; change += 1) bytes[random(bytes.length)] = random(256);
      try {
        const { width, height, tiles } = parseScreenUpdate(bytes);
        expect(Math.max(width, height)).toBeLessThanOrEqual(2_048);
        expect(tiles.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }
  });
});
