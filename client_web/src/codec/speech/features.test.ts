import { describe, expect, it } from 'vitest';
import { goldenVectors } from '../../testing/golden_vectors';
import { largestDifference, madeUpSound } from '../../testing/sound';
import { BANDS, HOP, LogMel, SAMPLE_RATE, SILENCE } from './features';

interface Head {
  columns: number[][];
  every: number;
}

describe('log-mel columns', () => {
  it('meet the golden vectors', () => {
    const head = goldenVectors<Head>('speech')[0];
    if (head === undefined) throw new Error('no vector');
    const columns = new LogMel().push(madeUpSound(0.5)).filter((_, index) => index % head.every === 0);
    expect(columns.length).toBe(head.columns.length);
    head.columns.forEach((column, index) => {
      expect(largestDifference(columns[index] ?? [], column)).toBeLessThan(1e-4);
    });
  });

  it('do not depend on how the sound is cut', () => {
    const sound = madeUpSound(0.2);
    const pieces = new LogMel();
    const cut = [sound.slice(0, 1), sound.slice(1, 700), sound.slice(700)].flatMap((piece) => pieces.push(piece));
    const whole = new LogMel().push(sound);
    expect(cut).toEqual(whole);
    expect(whole.length).toBe(Math.floor(sound.length / HOP));
  });

  it('are the floor in silence', () => {
    const columns = new LogMel().push(new Float32Array(SAMPLE_RATE / 10));
    for (const column of columns) expect(largestDifference(column, new Array<number>(BANDS).fill(SILENCE))).toBeLessThan(1e-6);
  });
});
