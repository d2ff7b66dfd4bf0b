import { describe, expect, it } from 'vitest';
import { ByteRate } from './byte_rate';
import { RateLoop } from './rate_loop';

/** Bytes of a picture by an encoder whose bytes halve with every 30 steps, on a picture that gets harder. */
function cost(quantiser: number, atMs: number): number {
  return 40 + 4_000 * 2 ** (-quantiser / 30) * (1 + 0.5 * Math.sin(atMs / 3_000));
}

describe('RateLoop', () => {
  it.each([8, 10, 20, 60, 100])('keeps to %i kbit/s within 10 %%, after a first picture that is large', (kbps) => {
    const loop = new RateLoop(255);
    const rate = new ByteRate();
    let coded = 0;
    for (let nowMs = 0; nowMs < 40_000; nowMs += 40) {
      if (!loop.mayCode(kbps, nowMs)) continue;
      const isKey = coded++ === 0;
      const bytes = isKey ? 3_000 : cost(loop.quantiser, nowMs);
      loop.noteCoded(bytes, kbps, nowMs, isKey);
      rate.add(bytes, nowMs);
    }
    expect(rate.kbps(40_000)).toBeGreaterThan(0.9 * kbps);
    expect(rate.kbps(40_000)).toBeLessThan(1.1 * kbps);
  });

  it('codes fewer pictures where the coarsest still costs too much', () => {
    const loop = new RateLoop(255);
    const rate = new ByteRate();
    for (let nowMs = 0; nowMs < 60_000; nowMs += 40) {
      if (!loop.mayCode(3, nowMs)) continue;
      loop.noteCoded(190, 3, nowMs, false);
      rate.add(190, nowMs);
    }
    expect(rate.kbps(60_000)).toBeCloseTo(3, 0);
  });
});

describe('ByteRate', () => {
  it('is zero before anything was sent, and again 5 s after', () => {
    const rate = new ByteRate();
    expect(rate.kbps(0)).toBe(0);
    rate.add(1_250, 0);
    expect(rate.kbps(1_000)).toBe(10);
    expect(rate.kbps(5_000)).toBe(0);
  });
});
