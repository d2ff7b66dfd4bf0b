import { describe, expect, it } from 'vitest';
import { packRed } from './red';
import { PlayedVoices, Redundancy, sortItems } from './redundancy';

const PACKET = 2_880;
const voice = (number: number): Uint8Array => new Uint8Array(40).fill(number);

describe('Redundancy', () => {
  it('sends nothing again at depth 0, and the last ones at 1 and 2', () => {
    const redundancy = new Redundancy();
    for (const number of [1, 2, 3]) redundancy.note(number * PACKET, voice(number), []);
    expect(redundancy.itemsFor(4 * PACKET)).toEqual([]);
    redundancy.depth = 2;
    expect(sortItems(redundancy.itemsFor(4 * PACKET)).copies).toEqual([
      { age: 2 * PACKET, packet: voice(2) },
      { age: PACKET, packet: voice(3) },
    ]);
  });

  it('counts ages across the end of the timestamps, and copies nothing too old or silent', () => {
    const redundancy = new Redundancy();
    redundancy.depth = 2;
    redundancy.note(2 ** 32 - PACKET, voice(1), []);
    expect(sortItems(redundancy.itemsFor(0)).copies).toEqual([{ age: PACKET, packet: voice(1) }]);
    expect(redundancy.itemsFor(40_000)).toEqual([]);
    redundancy.note(0, Uint8Array.of(0x18), []);
    expect(sortItems(redundancy.itemsFor(PACKET)).copies).toEqual([{ age: 2 * PACKET, packet: voice(1) }]);
  });
});

describe('PlayedVoices', () => {
  it('names only what has not come', () => {
    const played = new PlayedVoices();
    const copy = { age: PACKET, packet: voice(1) };
    played.note(0, []);
    expect(played.missing(PACKET, [copy])).toEqual([]);
    expect(played.missing(3 * PACKET, [copy])).toEqual([copy]);
    played.note(3 * PACKET, [copy]);
    expect(played.missing(3 * PACKET, [copy])).toEqual([]);
  });
});

describe('packRed', () => {
  it('writes block headers, copies and the voice (RFC 2198, section 3)', () => {
    const copies = [{ age: 2_880, packet: Uint8Array.of(1, 2, 3) }];
    expect(packRed(111, Uint8Array.of(9, 9), copies)).toEqual(
      Uint8Array.of(0xef, 0x2d, 0x00, 0x03, 111, 1, 2, 3, 9, 9),
    );
    expect(packRed(111, Uint8Array.of(9), [])).toEqual(Uint8Array.of(111, 9));
  });

  it('leaves out what its fields cannot hold', () => {
    expect(packRed(111, Uint8Array.of(9), [{ age: 20_000, packet: voice(1) }])).toEqual(Uint8Array.of(111, 9));
  });
});
