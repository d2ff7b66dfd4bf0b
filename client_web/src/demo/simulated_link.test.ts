import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SimulatedLink } from './simulated_link';

describe('SimulatedLink', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('loses what may be lost, and only that share', () => {
    let arrived = 0;
    let turn = 0;
    const link = new SimulatedLink(() => ({ delayMs: 10, jitterMs: 0, loss: 0.5 }), () => (turn++ % 2 === 0 ? 0.1 : 0.9));
    for (let message = 0; message < 10; message++) link.sendOnce(() => arrived++);
    vi.advanceTimersByTime(100);
    expect(arrived).toBeGreaterThan(0);
    expect(arrived).toBeLessThan(10);
  });

  it('keeps a stream in order behind a packet that is sent again', () => {
    const order: number[] = [];
    const draws = [0, 0.01, 0.9, 0, 0.9];
    const link = new SimulatedLink(() => ({ delayMs: 50, jitterMs: 0, loss: 0.05 }), () => draws.shift() ?? 0.9);
    link.sendReliably(100, () => order.push(1), 0);
    link.sendReliably(100, () => order.push(2), 0);
    vi.advanceTimersByTime(149);
    expect(order).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(order).toEqual([1, 2]);
  });
});
