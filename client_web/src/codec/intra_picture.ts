/** Square pictures to and from the formats that a keyframe carries. */
import { stripTemporalUnit } from './av1';
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

/** AV1 quantiser steps that halve the bytes of a face, about. */
const STEPS_PER_HALVING = 52;
const COARSEST_QUANTISER = 220;
const FALLBACK_QUALITY = 0.6;

/** WebCodecs' quantiser setting of AV1, which TypeScript's library does not know yet. */
interface Av1EncodeOptions extends VideoEncoderEncodeOptions {
  av1: { quantizer: number };
}

/**
 * Codes a square RGBA picture as AV1 intra, or where this browser has no AV1 encoder as WebP or JPEG.
 *
 * `quantiser` is AV1's index, 0 (best) to 255; a picture of more than `limitBytes` is coded once more, coarser. Throws
 * `CodecError` `no-webcodecs` if it can write none of the formats.
 */
export async function encodePicture(picture: ImageData, quantiser: number, limitBytes: number): Promise<CodedPicture> {
  const config = av1Config(picture.width);
  if (typeof VideoEncoder === 'undefined' || !(await VideoEncoder.isConfigSupported(config)).supported) {
    return encodeFallback(picture);
  }
  try {
    let bytes = await encodeAv1(picture, config, quantiser);
    if (bytes.length > limitBytes) {
      const coarser = quantiser + Math.ceil(STEPS_PER_HALVING * Math.log2((1.1 * bytes.length) / limitBytes));
      bytes = await encodeAv1(picture, config, Math.min(coarser, COARSEST_QUANTISER));
    }
    return { codec: PICTURE_CODEC.av1, bytes };
  } catch (error) {
    // Hardware encoders may be busy or lost at any time; the picture must go out all the same.
    if (error instanceof DOMException) return encodeFallback(picture);
    throw error;
  }
}

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

/** The smallest AV1 level that holds a square picture (AV1, annex A.3). */
function av1Level(side: number): string {
  if (side * side <= 147_456) return '00';
  return side * side <= 278_784 ? '01' : '08';
}

function av1Config(side: number): VideoEncoderConfig {
  return {
    codec: `av01.0.${av1Level(side)}M.08`,
    width: side,
    height: side,
    bitrateMode: 'quantizer',
    latencyMode: 'quality',
  };
}

async function encodeAv1(
  picture: ImageData,
  config: VideoEncoderConfig,
  quantiser: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let failure: DOMException | undefined;
  const encoder = new VideoEncoder({
    output: (chunk) => {
      const bytes = new Uint8Array(chunk.byteLength);
      chunk.copyTo(bytes);
      chunks.push(bytes);
    },
    error: (error) => {
      failure = error;
    },
  });
  const frame = new VideoFrame(convertToI420(picture), {
    format: 'I420',
    codedWidth: picture.width,
    codedHeight: picture.height,
    timestamp: 0,
    colorSpace: COLOUR_SPACE,
  });
  try {
    encoder.configure(config);
    encoder.encode(frame, { keyFrame: true, av1: { quantizer: quantiser } } as Av1EncodeOptions);
    await encoder.flush();
  } catch (error) {
    throw failure ?? error;
  } finally {
    frame.close();
    if (encoder.state !== 'closed') encoder.close();
  }
  const [chunk] = chunks;
  if (chunk === undefined) throw new CodecError('no-webcodecs', 'the AV1 encoder of this browser gave no picture');
  return stripTemporalUnit(chunk);
}

async function encodeFallback(picture: ImageData): Promise<CodedPicture> {
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
