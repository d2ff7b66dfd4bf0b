import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PathWatch } from './path_watch';

describe('PathWatch', () => {
  let received = 0;
  let changes: boolean[] = [];
  let watch: PathWatch;

  beforeEach(() => {
    vi.useFakeTimers();
    received = 0;
    changes = [];
    const report = (): Map<string, unknown> =>
      new Map([
        ['pair', { type: 'candidate-pair', bytesReceived: 0, requestsReceived: received, responsesReceived: 1 }],
        ['other', { type: 'inbound-rtp', bytesReceived: performance.now() }],
      ]);
    watch = new PathWatch(
      () => Promise.resolve(report() as unknown as RTCStatsReport),
      (silent) => changes.push(silent),
    );
  });

  afterEach(() => {
    watch.close();
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it('notices a dead path within 3 s of the last sign of life', async () => {
    await vi.advanceTimersByTimeAsync(1_000);
    watch.heard();
    await vi.advanceTimersByTimeAsync(2_250);
    expect(changes).toEqual([]);
    await vi.advanceTimersByTimeAsync(750);
    expect(changes).toEqual([true]);
  });

  it('takes the checks of ICE for signs of life', async () => {
    for (let second = 0; second < 20; second += 1) {
      received += 1;
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(changes).toEqual([]);
  });

  it('hears at once that the path is back, by itself or in the statistics', async () => {
    await vi.advanceTimersByTimeAsync(5_000);
    watch.heard();
    expect(changes).toEqual([true, false]);
    await vi.advanceTimersByTimeAsync(5_000);
    received += 1;
    await vi.advanceTimersByTimeAsync(250);
    expect(changes).toEqual([true, false, true, false]);
  });

  it('does not take a standstill of the page for a silence', async () => {
    watch.heard();
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);
    await vi.advanceTimersByTimeAsync(250);
    expect(changes).toEqual([]);
  });
});
