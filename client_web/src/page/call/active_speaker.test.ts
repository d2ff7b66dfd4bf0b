import { describe, expect, it } from 'vitest';
import { ActiveSpeaker } from './active_speaker';

describe('ActiveSpeaker', () => {
  it('begins with whoever is there, and is nobody in an empty room', () => {
    expect(new ActiveSpeaker().update([], [], 0)).toBeNull();
    expect(new ActiveSpeaker().update([], [3, 4], 0)).toBe(3);
  });

  it('switches after a while of speech, not at a word', () => {
    const speaker = new ActiveSpeaker();
    speaker.update([1], [1, 2], 0);
    expect(speaker.update([2], [1, 2], 100)).toBe(1);
    expect(speaker.update([], [1, 2], 300)).toBe(1);
    expect(speaker.update([2], [1, 2], 400)).toBe(1);
    expect(speaker.update([2], [1, 2], 1_100)).toBe(2);
  });

  it('stays with one who goes on speaking', () => {
    const speaker = new ActiveSpeaker();
    speaker.update([1], [1, 2], 0);
    expect(speaker.update([2, 1], [1, 2], 5_000)).toBe(1);
  });

  it('moves on when the one shown leaves', () => {
    const speaker = new ActiveSpeaker();
    speaker.update([1], [1, 2], 0);
    expect(speaker.update([], [2], 100)).toBe(2);
  });
});
