/** Single square pictures from the formats that a keyframe carries, and to those that any browser writes. */
import { wrapAvif } from './avif';
import { CodecError, WireError } from './errors';

/** How a keyframe's picture is coded; the numbers are those of the wire (docs/wire-format.md, Keyframe). */
export const PICTURE_CODEC = { av1: 1, webp: 2, jpeg: 3, av1Next: 4 } as const;
export type PictureCodec = (typeof PICTURE_CODEC)[keyof typeof PICTURE_CODEC];

export interface CodedPicture {
  codec: PictureCodec;
  bytes: Uint8Array<ArrayBuffer>;
}

/** What the wire's AV1 pictures are in: sRGB as BT.601, limited range. */
export const COLOUR_SPACE: VideoColorSpaceInit = {
  primaries: 'bt709',
  transfer: 'iec61966-2-1',
  matrix: 'smpte170m',
  fullRange: false,
};

const FALLBACK_QUALITY = 0.6;

/**
 * Decodes a keyframe's picture, alone, of `side` × `side` pixels and scales it to RGBA of `wantedSide` × `wantedSide`.
 *
 * Throws `WireError` if it is not a picture of that format and size.
 */
export async function decodePicture(
  picture: { codec: PictureCodec; bytes: Uint8Array },
  side: number,
  wantedSide: number,
): Promise<ImageData> {
  if (picture.codec === PICTURE_CODEC.av1Next) throw new WireError('a predicted AV1 picture cannot be decoded alone');
  const file = picture.codec === PICTURE_CODEC.av1 ? wrapAvif(picture.bytes, side) : picture.bytes.slice();
  const type = { 1: 'image/avif', 2: 'image/webp', 3: 'image/jpeg' }[picture.codec];
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([file], { type }), { colorSpaceConversion: 'none' });
  } catch (error) {
    throw new WireError(`this browser cannot decode an ${type} picture of ${file.length} bytes: ${String(error)}`);
  }
  try {
    checkSize(bitmap.width, bitmap.height, side);
    return readPixels(bitmap, wantedSide);
  } finally {
    bitmap.close();
  }
}

/** Throws `WireError` unless a decoded picture has the size that its keyframe says. */
export function checkSize(width: number, height: number, side: number): void {
  if (width !== side || height !== side) {
    throw new WireError(`a picture of ${width} × ${height} in a keyframe of side ${side}`);
  }
}

/** Returns a decoded picture scaled to RGBA of `side` × `side`. The caller closes it. */
export function readPixels(picture: ImageBitmap | VideoFrame, side: number): ImageData {
  const context = context2d(side);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, side, side);
  return context.getImageData(0, 0, side, side);
}

/**
 * Converts RGBA to I420 in BT.601 limited range: chroma is the mean of 2 × 2 pixels.
 *
 * Own arithmetic, because browsers differ in theirs and the wire names one. Sides must be even.
 */
export function convertToI420({ data, width, height }: ImageData): Uint8Array<ArrayBuffer> {
  const size = width * height;
  const planes = new Uint8Array((size * 3) / 2);
  for (let pixel = 0; pixel < size; pixel++) {
    const [r, g, b] = [data[4 * pixel] ?? 0, data[4 * pixel + 1] ?? 0, data[4 * pixel + 2] ?? 0];
    planes[pixel] = Math.round(16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255);
  }
  const sumOf2x2 = (at: number): number =>
    (data[at] ?? 0) + (data[at + 4] ?? 0) + (data[at + 4 * width] ?? 0) + (data[at + 4 * width + 4] ?? 0);
  let chroma = size;
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2, chroma++) {
      const at = 4 * (y * width + x);
      const [red, green, blue] = [sumOf2x2(at), sumOf2x2(at + 1), sumOf2x2(at + 2)];
      planes[chroma] = Math.round(128 + (-37.797 * red - 74.203 * green + 112 * blue) / 1020);
      planes[chroma + size / 4] = Math.round(128 + (112 * red - 93.786 * green - 18.214 * blue) / 1020);
    }
  }
  return planes;
}

/** Codes a picture as WebP or JPEG. Throws `CodecError` `no-webcodecs` if this browser can write neither. */
export async function encodeFallback(picture: ImageData): Promise<CodedPicture> {
  const context = context2d(picture.width);
  context.putImageData(picture, 0, 0);
  const kinds = [
    { type: 'image/webp', codec: PICTURE_CODEC.webp },
    { type: 'image/jpeg', codec: PICTURE_CODEC.jpeg },
  ];
  for (const { type, codec } of kinds) {
    const blob = await context.canvas.convertToBlob({ type, quality: FALLBACK_QUALITY });
    // Browsers answer with PNG where they cannot write the wanted type.
    if (blob.type === type) return { codec, bytes: new Uint8Array(await blob.arrayBuffer()) };
  }
  throw new CodecError('no-webcodecs', 'this browser writes neither AV1 nor WebP nor JPEG; use a current one');
}

function context2d(side: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
  if (context === null) throw new CodecError('no-webcodecs', 'this browser gives its workers no 2-D canvas');
  return context;
}
