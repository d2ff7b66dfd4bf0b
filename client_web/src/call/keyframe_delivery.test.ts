import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pseudoRandom } from '../testing/pseudo_random';
import { CallError } from './errors';
import { KeyframeAssembler, KeyframeSender, sliceKeyframe, SLICE_INTERVAL_MS } from './keyframe_delivery';

function keyframe(number: number, length: number, time = number): Uint8Array {
  const random = pseudoRandom(number + 1);
  const blob = Uint8Array.from({ length }, () => random(256));
  blob.set([0x11, number, 0, 0, time].slice(0, length));
  return blob;
}

describe('sliceKeyframe and KeyframeAssembler', () => {
  it.each([2, 999, 1_000, 1_001, 3_500, 255_000])('round-trip %i bytes', (length) => {
    const blob = keyframe(5, length);
    const slices = sliceKeyframe(blob);
    expect(slices.length).toBe(Math.ceil(length / 1_000));
    expect(Math.max(...slices.map((slice) => slice.length))).toBeLessThanOrEqual(1_003);
    const assembler = new KeyframeAssembler();
    const results = slices.map((slice) => assembler.push(slice));
    expect(results.slice(0, -1).every((result) => result === null)).toBe(true);
    expect(results.at(-1)).toEqual(blob);
  });

  it.each([0, 1, 255_001])('refuses to slice %i bytes', (length) => {
    expect(() => sliceKeyframe(new Uint8Array(length))).toThrow(CallError);
  });

  it('keeps two keyframes under way apart', () => {
    const [first, second] = [keyframe(1, 1_500), keyframe(2, 1_500)];
    const [a, b] = [sliceKeyframe(first), sliceKeyframe(second)];
    const assembler = new KeyframeAssembler();
    expect(assembler.push(a[0] as Uint8Array)).toBeNull();
    expect(assembler.push(b[0] as Uint8Array)).toBeNull();
    expect(assembler.push(b[1] as Uint8Array)).toEqual(second);
    expect(assembler.push(a[1] as Uint8Array)).toEqual(first);
  });

  it('starts over at a new first slice and at another count', () => {
    const [old, renewed, longer] = [keyframe(1, 1_900), keyframe(1, 1_500), keyframe(1, 2_500)];
    const assembler = new KeyframeAssembler();
    assembler.push(sliceKeyframe(old)[0] as Uint8Array);
    const results = sliceKeyframe(renewed).map((slice) => assembler.push(slice));
    expect(results.at(-1)).toEqual(renewed);
    assembler.push(sliceKeyframe(old)[0] as Uint8Array);
    expect(sliceKeyframe(longer).map((slice) => assembler.push(slice)).at(-1)).toEqual(longer);
  });

  it('holds at most four unfinished keyframes', () => {
    const assembler = new KeyframeAssembler();
    const all = [1, 2, 3, 4, 5].map((number) => sliceKeyframe(keyframe(number, 1_500)));
    for (const slices of all) assembler.push(slices[0] as Uint8Array);
    expect(assembler.push(all[0]?.[1] as Uint8Array)).toBeNull();
    expect(assembler.push(all[4]?.[1] as Uint8Array)).not.toBeNull();
  });

  it('meets truncated, oversized and random slices with a CallError only', () => {
    const assembler = new KeyframeAssembler();
    for (const slice of [[], [1], [1, 0], [1, 0, 1], [1, 0, 0, 9], [1, 3, 3, 9]]) {
      expect(() => assembler.push(Uint8Array.from(slice))).toThrow(CallError);
    }
    expect(() => assembler.push(new Uint8Array(1_004).fill(1, 2, 3))).toThrow(CallError);
    const random = pseudoRandom(4);
    for (let round = 0; round < 20_000; round += 1) {
      const slice = Uint8Array.from({ length: random(12) }, () => random(6));
      try {
        assembler.push(slice);
      } catch (error) {
        expect(error).toBeInstanceOf(CallError);
      }
    }
  });
});

describe('KeyframeSender', () => {
  const sent: Uint8Array[] = [];
  let ready = true;
  let pool: Uint8Array[] = [];
  let sender: KeyframeSender;

  beforeEach(() => {
    vi.useFakeTimers();
    sent.length = 0;
    ready = true;
    pool = [];
    // Every keyframe is predicted from those before it.
    const store = {
      keyframesInUse: () => pool,
      keyframesSince: (number: number) => {
        const position = pool.findIndex((blob) => blob[1] === number);
        return position < 0 ? pool : pool.slice(0, position + 1);
      },
    };
    sender = new KeyframeSender({ ready: () => ready, send: (to, slice) => sent.push(Uint8Array.of(to, ...slice)) }, store);
  });
  afterEach(() => {
    sender.close();
    vi.useRealTimers();
  });

  const recipientsAndNumbers = (): number[][] => sent.map((message) => [...message.subarray(0, 2)]);

  it('sends one slice every 60 ms, and none while the channel is busy', () => {
    sender.send(keyframe(1, 2_500));
    vi.advanceTimersByTime(SLICE_INTERVAL_MS);
    expect(sent.length).toBe(1);
    ready = false;
    vi.advanceTimersByTime(10 * SLICE_INTERVAL_MS);
    expect(sent.length).toBe(1);
    ready = true;
    vi.advanceTimersByTime(10 * SLICE_INTERVAL_MS);
    expect(recipientsAndNumbers()).toEqual([[0, 1], [0, 1], [0, 1]]);
  });

  it('makes up for the slow timers of a hidden tab', () => {
    sender.send(keyframe(1, 5_500));
    const clock = vi.spyOn(performance, 'now');
    clock.mockReturnValue(performance.now() + 1_000);
    vi.advanceTimersByTime(SLICE_INTERVAL_MS);
    expect(sent.length).toBe(4);
    clock.mockRestore();
  });

  it('gives a newcomer the keyframes in use, in order, once', () => {
    pool = [keyframe(255, 100, 1), keyframe(0, 100, 2)];
    sender.sendInUse(7);
    sender.sendInUse(7);
    vi.advanceTimersByTime(10 * SLICE_INTERVAL_MS);
    expect(recipientsAndNumbers()).toEqual([[7, 255], [7, 0]]);
  });

  it('answers a request at most once a second, and with the newest if the number is gone', () => {
    pool = [keyframe(4, 100), keyframe(5, 100)];
    sender.answer(7, 4);
    sender.answer(7, 4);
    sender.answer(7, 2);
    vi.advanceTimersByTime(10 * SLICE_INTERVAL_MS);
    sender.answer(7, 4);
    vi.advanceTimersByTime(SLICE_INTERVAL_MS);
    expect(recipientsAndNumbers()).toEqual([[7, 4], [7, 4], [7, 5]]);
    sender.answer(8, 4);
    vi.advanceTimersByTime(1_000);
    sender.answer(7, 4);
    vi.advanceTimersByTime(SLICE_INTERVAL_MS);
    expect(recipientsAndNumbers()).toEqual([[7, 4], [7, 4], [7, 5], [8, 4], [7, 4]]);
  });

  it('answers with all that a keyframe needs, in one piece and in order', () => {
    pool = [keyframe(4, 1_500), keyframe(5, 100), keyframe(6, 100), keyframe(7, 100)];
    sender.answer(7, 6);
    sender.answer(7, 5);
    sender.send(keyframe(8, 100));
    vi.advanceTimersByTime(2 * SLICE_INTERVAL_MS);
    sender.answer(7, 7);
    vi.advanceTimersByTime(20 * SLICE_INTERVAL_MS);
    const all = [[7, 4], [7, 4], [7, 5], [7, 6], [0, 8], [7, 4], [7, 4], [7, 5], [7, 6], [7, 7]];
    expect(recipientsAndNumbers()).toEqual(all);
  });

  it('does not answer with what is on its way to everybody', () => {
    pool = [keyframe(4, 2_500)];
    sender.send(keyframe(4, 2_500));
    sender.answer(7, 4);
    vi.advanceTimersByTime(5 * SLICE_INTERVAL_MS);
    sender.answer(7, 4);
    vi.advanceTimersByTime(10 * SLICE_INTERVAL_MS);
    expect(recipientsAndNumbers()).toEqual([[0, 4], [0, 4], [0, 4]]);
  });

  it('forgets who left', () => {
    pool = [keyframe(1, 500)];
    sender.sendInUse(7);
    sender.sendInUse(8);
    sender.forget(7);
    vi.advanceTimersByTime(10 * SLICE_INTERVAL_MS);
    expect(recipientsAndNumbers()).toEqual([[8, 1]]);
  });
});
