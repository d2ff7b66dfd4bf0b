import { SAMPLE_RATE } from '../codec/speech/features';

/** A gliding tone that comes and goes over a faint hum, as in tests/vectors/speech.py. */
export function madeUpSound(seconds: number): Float32Array {
  return Float32Array.from({ length: Math.round(seconds * SAMPLE_RATE) }, (_, index) => {
    const time = index / SAMPLE_RATE;
    const loudness = Math.max(0, Math.sin(2 * Math.PI * 1.5 * time));
    const glide = Math.sin(2 * Math.PI * (200 * time + 300 * time ** 2)) * loudness;
    return 0.2 * glide + 0.01 * Math.sin(2 * Math.PI * 50 * time);
  });
}

export function largestDifference(one: ArrayLike<number>, two: ArrayLike<number>): number {
  if (one.length !== two.length) return Infinity;
  return Array.from(one).reduce((most, value, index) => Math.max(most, Math.abs(value - (two[index] ?? NaN))), 0);
}
