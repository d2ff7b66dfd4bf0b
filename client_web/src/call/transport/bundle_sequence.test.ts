import { describe, expect, it } from 'vitest';
import { BundleSequence } from './bundle_sequence';

const bundle = (number: number): Uint8Array => Uint8Array.of(0x10, (number >> 8) & 255, number & 255);

describe('BundleSequence', () => {
  it('counts what is lost and drops what came before, around the end of the range', () => {
    const sequence = new BundleSequence();
    const numbers = [65_533, 65_534, 1, 1, 65_535, 65_534, 2, 5];
    expect(numbers.map((number) => sequence.accept(bundle(number)))).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
      true,
      true,
    ]);
    expect([sequence.lost, sequence.duplicates]).toEqual([3, 2]);
  });

  it('begins anew where a sender begins anew', () => {
    const sequence = new BundleSequence();
    for (const number of [500, 501, 0, 1, 5_000, 5_001]) expect(sequence.accept(bundle(number))).toBe(true);
    expect([sequence.lost, sequence.duplicates]).toEqual([0, 0]);
  });
});
