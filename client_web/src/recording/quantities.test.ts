import { describe, expect, it } from 'vitest';
import { clockText, sizeText } from './quantities';

describe('clockText', () => {
  it('shows hours only where there are any', () => {
    expect([0, 59_999, 61_000, 3_599_000, 3_661_000].map(clockText)).toEqual(['0:00', '0:59', '1:01', '59:59', '1:01:01']);
  });
});

describe('sizeText', () => {
  it('goes from kB to MB', () => {
    expect([300, 412_000, 4_120_000].map(sizeText)).toEqual(['0 kB', '412 kB', '4.1 MB']);
  });
});
