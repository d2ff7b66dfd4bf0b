import { describe, expect, it } from 'vitest';
import { clipTimesMs, showTimesMs } from './recorded_clock';

describe('showTimesMs', () => {
  it('gives bundles that came in bursts the rhythm in which they were sent', () => {
    const bursts = [0, 12, 24, 36, 48, 60].map((timeTicks, index) => ({
      timeMs: 1_000 + 120 * index + (index % 3 === 0 ? 0 : 90),
      timeTicks: 500 + timeTicks,
    }));
    expect(showTimesMs(bursts)).toEqual([880, 1_000, 1_120, 1_240, 1_360, 1_480]);
  });

  it('follows a clock that wraps, and one that starts over', () => {
    const wrapped = [2 ** 24 - 12, 0, 12].map((timeTicks, index) => ({ timeMs: 5_000 + 120 * index, timeTicks }));
    expect(showTimesMs(wrapped)).toEqual([4_880, 5_000, 5_120]);
    const restarted = [90_000, 90_012, 3, 15].map((timeTicks, index) => ({ timeMs: 120 * index, timeTicks }));
    expect(showTimesMs(restarted)).toEqual([-120, 0, 120, 240]);
  });
});

describe('clipTimesMs', () => {
  it('shows a clip by its own clock, unless that is far from the file', () => {
    expect(clipTimesMs([{ timeMs: 600, timeTicks: 0 }, { timeMs: 1_204, timeTicks: 60 }])).toEqual([0, 600]);
    expect(clipTimesMs([{ timeMs: 100_000, timeTicks: 0 }])).toEqual([99_880]);
  });
});
