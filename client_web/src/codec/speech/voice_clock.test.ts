import { describe, expect, it } from 'vitest';
import { pseudoRandom } from '../../testing/pseudo_random';
import { VoiceClock } from './voice_clock';

describe('the clocks of voice and frames', () => {
  it('are matched by the fastest arrivals', () => {
    const clock = new VoiceClock();
    expect(clock.toFrames(0)).toBeNull();
    const random = pseudoRandom(1);
    for (let number = 0; number < 80; number++) {
      const arrivalMs = 5_000 + 120 * number;
      const jitterMs = number === 40 ? 0 : random(40);
      clock.noteBundle(120 * number, arrivalMs + 60 + 30 + 20 + jitterMs);
      clock.noteVoice(7_000 + 120 * number, 80, arrivalMs + 60 + jitterMs);
    }
    expect(clock.toFrames(7_400)).toBeCloseTo(400, 6);
  });

  it('forgets after ten seconds', () => {
    const clock = new VoiceClock();
    clock.noteBundle(0, 1_030);
    clock.noteVoice(0, 0, 1_000);
    clock.noteBundle(11_000, 12_080);
    clock.noteVoice(11_000, 0, 12_100);
    expect(clock.toFrames(0)).toBeCloseTo(50, 6);
  });
});
