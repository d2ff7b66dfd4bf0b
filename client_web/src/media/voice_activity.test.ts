import { describe, expect, it } from 'vitest';
import { loudness, VoiceGate } from './voice_activity';

describe('VoiceGate', () => {
  const settings = { onLoudness: 0.02, offLoudness: 0.01, hangoverMs: 300 };

  it('opens above the upper loudness only', () => {
    const gate = new VoiceGate(settings);
    expect(gate.update(0.015, 0)).toBe(false);
    expect(gate.update(0.02, 50)).toBe(true);
  });

  it('stays open between the two, and for the hangover', () => {
    const gate = new VoiceGate(settings);
    gate.update(0.05, 0);
    expect(gate.update(0.012, 290)).toBe(true);
    expect(gate.update(0.001, 500)).toBe(true);
    expect(gate.update(0.001, 600)).toBe(false);
    expect(gate.update(0.012, 650)).toBe(false);
  });
});

describe('loudness', () => {
  it('is the root mean square', () => {
    expect(loudness(new Float32Array(0))).toBe(0);
    expect(loudness(Float32Array.of(0.5, -0.5))).toBeCloseTo(0.5);
  });
});
