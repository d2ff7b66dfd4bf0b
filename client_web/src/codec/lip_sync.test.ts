import { describe, expect, it } from 'vitest';
import { LipSync } from './lip_sync';

/** Runs a minute in which the jitter buffer holds the voice for `buffered`, or as long as it is told to. */
function settle(sync: LipSync, pictureMs: number, buffered: number, beginS = 0): void {
  let playedMs = buffered;
  for (let second = beginS; second < beginS + 60; second++) {
    playedMs += 0.5 * (Math.max(buffered, sync.voiceDelayMs ?? 0) - playedMs);
    sync.noteSound(60 + playedMs);
    sync.notePicture(pictureMs + sync.pictureWaitMs, 1_000 * second);
  }
}

describe('lip sync', () => {
  it('knows nothing before both were there', () => {
    const sync = new LipSync();
    sync.notePicture(200, 0);
    expect(sync.offsetMs).toBeNull();
    sync.noteSound(235);
    expect(sync.offsetMs).toBe(0);
  });

  it('lets the voice wait for late pictures', () => {
    const sync = new LipSync();
    settle(sync, 220, 70);
    expect(Math.abs(sync.offsetMs ?? Infinity)).toBeLessThan(15);
    expect(sync.pictureWaitMs).toBe(0);
    expect(sync.voiceDelayMs).toBeGreaterThan(150);
  });

  it('lets pictures wait for a voice that needs a large jitter buffer, and no longer than that', () => {
    const sync = new LipSync();
    settle(sync, 150, 300);
    expect(Math.abs(sync.offsetMs ?? Infinity)).toBeLessThan(15);
    expect(sync.pictureWaitMs).toBeGreaterThan(100);
    settle(sync, 250, 60, 60);
    expect(Math.abs(sync.offsetMs ?? Infinity)).toBeLessThan(15);
    expect(sync.pictureWaitMs).toBe(0);
  });

  it('does not let the voice wait for ever', () => {
    const sync = new LipSync();
    settle(sync, 1_000, 70);
    expect(sync.voiceDelayMs).toBe(400);
  });
});
