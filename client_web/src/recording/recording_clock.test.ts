import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordingClock } from './recording_clock';

describe('RecordingClock', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('counts voice packets by their timestamps, also where these wrap', () => {
    const clock = new RecordingClock();
    vi.advanceTimersByTime(1_000);
    expect(clock.voiceMs(1, 2 ** 32 - 2_880)).toBe(1_000);
    vi.advanceTimersByTime(95);
    expect(clock.voiceMs(1, 0)).toBe(1_060);
    expect(clock.voiceMs(1, 2 ** 32 - 1_440)).toBe(1_030);
    expect(clock.voiceMs(2, 77)).toBe(1_095);
  });

  it('takes the time of arrival where timestamps drift or a voice begins anew', () => {
    const clock = new RecordingClock();
    clock.voiceMs(1, 0);
    vi.advanceTimersByTime(500);
    expect(clock.voiceMs(1, 2_880)).toBe(500);
    clock.forget(1);
    vi.advanceTimersByTime(60);
    expect(clock.voiceMs(1, 5_761)).toBe(560);
  });
});
