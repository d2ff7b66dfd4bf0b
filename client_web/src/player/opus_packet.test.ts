import { describe, expect, it } from 'vitest';
import { packetSamples } from './opus_packet';

describe('packetSamples', () => {
  it('counts frames of every length, one or two or more', () => {
    expect(packetSamples(Uint8Array.of(3 << 3))).toBe(2_880);
    expect(packetSamples(Uint8Array.of((3 << 3) | 1))).toBe(5_760);
    expect(packetSamples(Uint8Array.of((1 << 3) | 3, 0x80 | 3))).toBe(2_880);
    expect(packetSamples(Uint8Array.of(16 << 3))).toBe(120);
  });

  it('gives 0 for what is no packet, or too long', () => {
    expect(packetSamples(new Uint8Array())).toBe(0);
    expect(packetSamples(Uint8Array.of(3))).toBe(0);
    expect(packetSamples(Uint8Array.of((3 << 3) | 3, 3))).toBe(0);
  });
});
