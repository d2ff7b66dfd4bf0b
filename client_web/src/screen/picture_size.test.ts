import { describe, expect, it } from 'vitest';
import { WireError } from '../codec/errors';
import { pseudoRandom } from '../testing/pseudo_random';
import { jpegSize, webpSize } from './picture_size';

const ascii = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));
const WEBP = Uint8Array.from([...ascii('RIFF'), 0, 0, 0, 0, ...ascii('WEBPVP8 '), 0, 0, 0, 0, 0, 0, 0, 0x9d, 1, 0x2a, 0x80, 0, 0, 0x01]);
const LOSSLESS = Uint8Array.from([...ascii('RIFF'), 0, 0, 0, 0, ...ascii('WEBPVP8L'), 0, 0, 0, 0, 0x2f, 0x7f, 0xc0, 0x1f, 0, 0, 0, 0, 0, 0]);
const JPEG = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 1, 0xff, 0xc0, 0, 11, 8, 0, 128, 1, 0, 1, 1, 0x11, 0]);

describe('the size that a picture says it has', () => {
  it('is read from its header', () => {
    expect(webpSize(WEBP)).toEqual({ width: 128, height: 256 });
    expect(webpSize(LOSSLESS)).toEqual({ width: 128, height: 128 });
    expect(jpegSize(JPEG)).toEqual({ width: 256, height: 128 });
  });

  it('is refused where there is none', () => {
    for (const [read, picture] of [[webpSize, WEBP], [webpSize, LOSSLESS], [jpegSize, JPEG]] as const) {
      expect(() => read(new Uint8Array(0))).toThrow(WireError);
      const random = pseudoRandom(3);
      for (let round = 0; round < 2_000; round += 1) {
        const bytes = picture.slice(0, 1 + random(picture.length));
        bytes[random(bytes.length)] = random(256);
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }
    }
  });
});
