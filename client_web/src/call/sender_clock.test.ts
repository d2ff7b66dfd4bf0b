import { describe, expect, it } from 'vitest';
import { CLOCK_MODULUS_MS, SenderClock, pictureAgeMs } from './sender_clock';

const NOW = 1_700_000_000_000;

describe('SenderClock', () => {
  it('takes the answer that came fastest', () => {
    const clock = new SenderClock(NOW);
    expect(clock.offsetMs).toBeNull();
    clock.note(NOW, 5_000, NOW + 400);
    expect(clock.offsetMs).toBe(5_000 + 200 - (NOW + 400));
    clock.note(NOW + 1_000, 5_900, NOW + 1_100);
    const best = 5_900 + 50 - (NOW + 1_100);
    expect(clock.offsetMs).toBe(best);
    clock.note(NOW + 2_000, 9_000, NOW + 2_500);
    expect(clock.offsetMs).toBe(best);
  });

  it('asks soon, and then rarely', () => {
    const clock = new SenderClock(NOW);
    const asked = Array.from({ length: 70 }, (_, second) => clock.isDue(NOW + 1_000 * second));
    expect(asked.flatMap((due, second) => (due ? [second] : []))).toEqual([2, 32, 62]);
  });

  it('does not believe answers from the future, or to questions long forgotten', () => {
    const clock = new SenderClock(NOW);
    clock.note(NOW + 1, 0, NOW);
    clock.note(NOW - 40_000, 0, NOW);
    expect(clock.offsetMs).toBeNull();
  });
});

it('tells the age of a picture where the clock begins anew, too', () => {
  const offsetMs = 7_000 - NOW;
  expect(pictureAgeMs(offsetMs, NOW - 6_700)).toBe(300);
  expect(pictureAgeMs(offsetMs, NOW - 6_700 + 3 * CLOCK_MODULUS_MS)).toBe(300);
  expect(pictureAgeMs(offsetMs, NOW - 7_020)).toBe(-20);
});
