import { describe, expect, it } from 'vitest';
import { wireShares } from './wire_shares';

describe('wireShares', () => {
  it('calls headers what no payload explains', () => {
    const before = { atMs: 0, voice: 0, motion: 0, keyframes: 0, control: 0 };
    const after = { atMs: 5_000, voice: 3_750, motion: 2_500, keyframes: 625, control: 0 };
    expect(wireShares(before, after, 20)).toEqual({ voice: 6, motion: 4, keyframes: 1, control: 0, headers: 9 });
  });

  it('shows nothing below zero after a new connection began to count', () => {
    const before = { atMs: 0, voice: 9_000, motion: 9_000, keyframes: 0, control: 0 };
    const after = { atMs: 1_000, voice: 100, motion: 0, keyframes: 0, control: 0 };
    expect(Object.values(wireShares(before, after, 0)).every((share) => share === 0)).toBe(true);
  });
});
