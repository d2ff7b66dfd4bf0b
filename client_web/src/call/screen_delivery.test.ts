import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pseudoRandom } from '../testing/pseudo_random';
import { CallError } from './errors';
import { isScreenSlice, ScreenAssembler, ScreenSender } from './screen_delivery';

const UPDATE = Uint8Array.from({ length: 4_000 }, (_, index) => index % 251);

describe('a shared screen on its way', () => {
  let sent: { recipient: number; slice: Uint8Array; atMs: number }[];
  let ready: boolean;
  let sender: ScreenSender;

  beforeEach(() => {
    vi.useFakeTimers();
    sent = [];
    ready = true;
    sender = new ScreenSender({
      ready: () => ready,
      send: (recipient, slice) => sent.push({ recipient, slice, atMs: performance.now() }),
    });
  });

  afterEach(() => {
    sender.close();
    vi.useRealTimers();
  });

  it('comes together again', () => {
    sender.send(0, UPDATE);
    vi.advanceTimersByTime(10_000);
    const assembler = new ScreenAssembler();
    const whole = sent.map(({ slice }) => assembler.push(slice)).filter((update) => update !== null);
    expect(whole).toEqual([UPDATE]);
    expect(sent.every(({ slice }) => isScreenSlice(slice))).toBe(true);
    expect(sender.waiting(0)).toBe(0);
  });

  it('takes no more than its pace, and nothing while others send', () => {
    for (let count = 0; count < 20; count += 1) sender.send(0, UPDATE);
    vi.advanceTimersByTime(20_000);
    const bytes = sent.reduce((total, { slice }) => total + slice.length + 110, 0);
    expect((8 * bytes) / 20_000).toBeLessThanOrEqual(18.5);
    expect((8 * bytes) / 20_000).toBeGreaterThan(14);
    const before = sent.length;
    ready = false;
    vi.advanceTimersByTime(5_000);
    expect(sent).toHaveLength(before);
    ready = true;
    vi.advanceTimersByTime(100);
    expect(sent.length - before).toBeLessThanOrEqual(2);
  });

  it('is forgotten for whoever left', () => {
    sender.send(3, UPDATE);
    sender.send(0, UPDATE);
    sender.forget(3);
    expect(sender.waiting(3)).toBe(0);
    expect(sender.waiting(0)).toBe(1);
  });

  it('is refused where it breaks the format, whatever the bytes', () => {
    const assembler = new ScreenAssembler();
    const random = pseudoRandom(5);
    for (let round = 0; round < 5_000; round += 1) {
      const slice = Uint8Array.from({ length: random(12) }, () => random(256));
      try {
        assembler.push(slice);
      } catch (error) {
        expect(error).toBeInstanceOf(CallError);
      }
    }
    const long = Array.from({ length: 40 }, (_, index) => {
      const slice = new Uint8Array(904).fill(7);
      slice.set([9, index, 0, 40]);
      return slice;
    });
    expect(() => long.forEach((slice) => assembler.push(slice))).toThrow(CallError);
  });
});
