/** How large a WebP or JPEG picture says it is, read before a browser spends memory on it. */
import { WireError } from '../codec/errors';

export interface PictureSize {
  width: number;
  height: number;
}

/** Returns the size of a WebP picture (RFC 9649). Throws `WireError` if it is none. */
export function webpSize(bytes: Uint8Array): PictureSize {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 30 || text(bytes, 0) !== 'RIFF' || text(bytes, 8) !== 'WEBP') throw new WireError('no WebP picture');
  switch (text(bytes, 12)) {
    case 'VP8 ':
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 'VP8L': {
      const packed = view.getUint32(21, true);
      return { width: (packed & 0x3fff) + 1, height: ((packed >> 14) & 0x3fff) + 1 };
    }
    default:
      throw new WireError('a WebP picture with more than a picture in it');
  }
}

const JPEG_START = 0xd8;
const JPEG_SCAN = 0xda;
/** The markers between SOF0 and SOF15 that begin no frame: DHT, JPG, DAC. */
const NO_FRAME = [0xc4, 0xc8, 0xcc];

/** Returns the size of a JPEG picture (ITU-T T.81, annex B). Throws `WireError` if it is none. */
export function jpegSize(bytes: Uint8Array): PictureSize {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes[0] !== 0xff || bytes[1] !== JPEG_START) throw new WireError('no JPEG picture');
  for (let offset = 2; offset + 9 <= bytes.length && bytes[offset] === 0xff; ) {
    const marker = view.getUint8(offset + 1);
    if (marker === JPEG_SCAN) break;
    if (marker >= 0xc0 && marker <= 0xcf && !NO_FRAME.includes(marker)) {
      return { width: view.getUint16(offset + 7), height: view.getUint16(offset + 5) };
    }
    offset += 2 + view.getUint16(offset + 2);
  }
  throw new WireError('a JPEG picture that does not say how large it is');
}

function text(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}
