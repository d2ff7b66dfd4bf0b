import { describe, expect, it } from 'vitest';
import { fragmentForRenderer } from './server_renderer';
import { VoiceFlag } from './voice_flag';

describe('what a renderer is given of the link', () => {
  it('is the key, never the join token', () => {
    expect(fragmentForRenderer('#token=a.b.c&key=AAAA')).toBe('key=AAAA');
    expect(fragmentForRenderer('#token=a.b.c')).toBeNull();
    expect(fragmentForRenderer('')).toBeNull();
  });
});

describe('the voice flag', () => {
  it('is the newest bundle’s, across the wrap of sequence numbers', () => {
    const voice = new VoiceFlag();
    voice.read(new Uint8Array([0x11, 0xff, 0xff]));
    expect(voice.active).toBe(true);
    voice.read(new Uint8Array([0x10, 0x00, 0x00]));
    expect(voice.active).toBe(false);
    voice.read(new Uint8Array([0x11, 0xff, 0xfe]));
    expect(voice.active).toBe(false);
    voice.read(new Uint8Array([0x11]));
    expect(voice.active).toBe(false);
  });
});
