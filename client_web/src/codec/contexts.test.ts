import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { entropyTable } from '../testing/golden_vectors';
import { EntropyTable } from './contexts';
import { CodecError } from './errors';

describe('the entropy table', () => {
  it('starts every bundle afresh', () => {
    const table = entropyTable();
    const used = table.fresh();
    used.gap[0] = 1;
    used.chain[3]?.fill(7);
    expect(table.fresh().gap[0]).not.toBe(1);
    expect(table.fresh().chain[3]).not.toEqual(used.chain[3]);
    expect(table.fresh().anchor).toHaveLength(32);
  });

  it.each([
    [Uint8Array.of(0xc1)],
    [encode({ gap: [1] })],
    [encode({ version: 2 })],
    [encode({ version: 1, gap: [4096] })],
    [encode({ version: 1, gap: [2048], gap_tree: 'no' })],
  ])('is refused when it is another thing', (content) => {
    expect(() => EntropyTable.parse(content)).toThrow(CodecError);
  });
});
