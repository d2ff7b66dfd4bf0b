import { describe, expect, it } from 'vitest';
import { CallError } from '../errors';
import { isGathered, splitGathered } from './gathered';

describe('splitGathered', () => {
  it('gives each bundle behind its sender', () => {
    const message = Uint8Array.of(0, 7, 0, 2, 1, 2, 9, 0, 1, 3);
    expect(isGathered(message)).toBe(true);
    expect(splitGathered(message)).toEqual([Uint8Array.of(7, 1, 2), Uint8Array.of(9, 3)]);
  });

  it.each([[[0]], [[0, 7]], [[0, 7, 0]], [[0, 7, 0, 0]], [[0, 7, 0, 2, 1]], [[0, 0, 0, 1, 1]]])('refuses %j', (bytes) => {
    expect(() => splitGathered(Uint8Array.from(bytes))).toThrow(CallError);
  });
});
