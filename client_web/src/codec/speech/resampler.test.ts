import { describe, expect, it } from 'vitest';
import { DECODED_RATE, Resampler } from './resampler';
import { SAMPLE_RATE } from './features';

function tone(hertz: number, rate: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => Math.sin((2 * Math.PI * hertz * index) / rate));
}

/** The largest difference past the first 5 ms. */
function difference(one: Float32Array, two: (index: number) => number): number {
  return one.slice(80).reduce((most, value, index) => Math.max(most, Math.abs(value - two(index + 80))), 0);
}

describe('the resampler', () => {
  it.each([100, 1_000, 5_000, 7_000])('keeps a tone of %i Hz, in its place', (hertz) => {
    const low = new Resampler().push(tone(hertz, DECODED_RATE, 9_600));
    const wanted = tone(hertz, SAMPLE_RATE, 3_200);
    expect(low.length).toBeGreaterThan(3_200 - 20);
    expect(difference(low, (index) => wanted[index] ?? 0)).toBeLessThan(0.01);
  });

  it.each([9_000, 12_000, 20_000])('takes out a tone of %i Hz', (hertz) => {
    expect(difference(new Resampler().push(tone(hertz, DECODED_RATE, 9_600)), () => 0)).toBeLessThan(0.01);
  });

  it('does not depend on how the sound is cut', () => {
    const sound = tone(440, DECODED_RATE, 5_000);
    const resampler = new Resampler();
    const pieces = [sound.slice(0, 1), sound.slice(1, 777), sound.slice(777)].flatMap((piece) => [...resampler.push(piece)]);
    expect(pieces).toEqual([...new Resampler().push(sound)]);
  });
});
