import { describe, expect, it } from 'vitest';
import { goldenVectors } from '../testing/golden_vectors';
import { MODE, type Bundle } from './bundle';
import { Playout } from './playout';

interface Arrival {
  arrival_ms: number;
  number: number;
  time_ticks: number;
  keyframe_b: number;
}
interface Look {
  now_ms: number;
  stale: boolean;
  buffering_ms: number;
  due: { time_ms: number; picked: number; other: number } | null;
  motion_0: number | null;
}

function bundleAt(timeTicks: number, value: number, pick: 0 | 1 = 0, keyframeB = 1): Bundle {
  const motion = new Array<number>(32).fill(value);
  const header = { sequence: 0, timeTicks, keyframeA: 1, keyframeB, voiceActive: false };
  const frames = [0, 1, 2].map((index) => ({
    gapTicks: index === 0 ? 0 : 4,
    mode: MODE.animated,
    pick,
    motion: motion.map((v) => v + index),
  }));
  return { header, frames, speech: null, auxiliary: null };
}

describe('the playout clock', () => {
  it('shows what the golden vectors show', () => {
    const playout = new Playout();
    for (const vector of goldenVectors<Arrival | Look>('playout')) {
      if ('arrival_ms' in vector) {
        const { number, time_ticks, keyframe_b, arrival_ms } = vector;
        playout.add(bundleAt(time_ticks, number * 3, number % 5 === 4 ? 1 : 0, keyframe_b), arrival_ms);
        continue;
      }
      const due = playout.due(vector.now_ms);
      const shown = due && { time_ms: due.timeMs, picked: due.picked, other: due.other };
      expect({ now: vector.now_ms, due: shown }).toEqual({ now: vector.now_ms, due: vector.due });
      expect(playout.isStale(vector.now_ms)).toBe(vector.stale);
      expect(playout.bufferingMs).toBeCloseTo(vector.buffering_ms, 3);
      if (vector.motion_0 !== null) expect(due?.motion?.[0]).toBeCloseTo(vector.motion_0, 3);
    }
  });

  it('goes on after the sender set its clock back', () => {
    const playout = new Playout();
    for (let sent = 0; sent < 50; sent++) playout.add(bundleAt(360_000 + 12 * sent, sent), 1_000 + 120 * sent);
    expect(playout.due(7_000)).not.toBeNull();
    for (let sent = 0; sent < 10; sent++) playout.add(bundleAt(12 * sent, sent), 8_000 + 120 * sent);
    expect(playout.due(9_080)?.timeMs).toBeGreaterThan(900);
    expect(playout.due(9_080)?.timeMs).toBeLessThan(1_300);
    expect(playout.isStale(9_080)).toBe(false);
    expect(playout.isStale(10_500)).toBe(true);
  });

  it('shows a plain frame as it is, and passes to and from it without interpolation', () => {
    const playout = new Playout();
    const { header, frames, ...rest } = bundleAt(0, 8);
    const plain = { gapTicks: 4, mode: MODE.plain, pick: 1 as const, motion: null };
    playout.add({ header, frames: frames.map((frame, index) => (index === 1 ? plain : frame)), ...rest }, 1_000);
    expect(playout.due(1_020)).toMatchObject({ timeMs: 0, mode: MODE.animated, motion: frames[0]?.motion });
    expect(playout.due(1_060)).toMatchObject({ timeMs: 40, mode: MODE.plain, picked: 1, motion: null });
    expect(playout.due(1_090)).toMatchObject({ timeMs: 80, mode: MODE.animated, motion: frames[2]?.motion });
  });

  it('holds a bounded number of frames, whatever times they claim', () => {
    const playout = new Playout();
    for (let sent = 0; sent < 3000; sent++) playout.add(bundleAt((sent * 7_919) % 2 ** 24, sent), sent);
    expect(() => playout.due(4000)).not.toThrow();
  });
});
