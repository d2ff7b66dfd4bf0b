/** Keyframes: a picture of the sender's crop with its shape and motion (docs/wire-format.md, 'Keyframe'). */
import { TIME_MODULUS, bigEndian, toTicks } from './bundle';
import type { EntropyTable } from './contexts';
import { RangeDecoder, RangeEncoder, decodeResiduals, encodeResiduals } from './entropy';
import { WireError } from './errors';
import { PICTURE_CODEC, type PictureCodec } from './intra_picture';
import { SHAPE_LIMIT, checkMotion, type Motion, type Shape } from './motion';

const VERSION = 1;
const HEADER_BYTES = 8;
const MINIMUM_SIDE = 64;
const MAXIMUM_SIDE = 1024;
const MAXIMUM_BYTES = 255_000;
export const NUMBERS = 256;
/** Keyframes of one sender that a receiver keeps at least. */
export const CACHED_KEYFRAMES = 12;

/** A picture and the motion at which it was taken; without a face it has neither shape nor motion. */
export interface Keyframe {
  /** Modulo 256. */
  number: number;
  /** Ticks of 10 ms on the sender's clock, modulo 2^24. */
  timeTicks: number;
  /** Pixels. */
  side: number;
  /** The person's identity coefficients (32). */
  shape: Shape | null;
  motion: Motion | null;
  pictureCodec: PictureCodec;
  picture: Uint8Array;
}

/** Returns the keyframe as it goes on the wire. Throws `WireError` if a field is out of range. */
export function encodeKeyframe(table: EntropyTable, keyframe: Keyframe): Uint8Array<ArrayBuffer> {
  checkSide(keyframe.side);
  const { shape, motion } = keyframe;
  const face = shape === null || motion === null ? new Uint8Array() : encodeFace(table, shape, motion);
  const header = [
    (VERSION << 4) | keyframe.pictureCodec,
    ...bigEndian(keyframe.number, 1),
    ...bigEndian(keyframe.timeTicks, 3),
    ...bigEndian(keyframe.side, 2),
    ...bigEndian(face.length, 1),
  ];
  const data = new Uint8Array(HEADER_BYTES + face.length + keyframe.picture.length);
  if (data.length > MAXIMUM_BYTES)
    throw new WireError(`keyframe of ${data.length} bytes, at most ${MAXIMUM_BYTES} fit`);
  data.set(header);
  data.set(face, HEADER_BYTES);
  data.set(keyframe.picture, HEADER_BYTES + face.length);
  return data;
}

/** Reads a keyframe; its picture is not decoded yet. Throws `WireError` if anything about it is wrong. */
export function parseKeyframe(table: EntropyTable, data: Uint8Array): Keyframe {
  if (data.length < HEADER_BYTES || data.length > MAXIMUM_BYTES) {
    throw new WireError(`keyframe of ${data.length} bytes, expected ${HEADER_BYTES + 1} to ${MAXIMUM_BYTES}`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const first = view.getUint8(0);
  if (first >> 4 !== VERSION) {
    throw new WireError(`keyframe of version ${first >> 4}, this codec reads version ${VERSION}`);
  }
  const pictureCodec = Object.values(PICTURE_CODEC).find((codec) => codec === (first & 15));
  if (pictureCodec === undefined) throw new WireError(`keyframe with unknown picture codec ${first & 15}`);
  const side = view.getUint16(5);
  checkSide(side);
  const end = HEADER_BYTES + view.getUint8(7);
  if (end >= data.length) {
    throw new WireError(`keyframe of ${data.length} bytes ends within its face section, or has no picture`);
  }
  const hasFace = end > HEADER_BYTES;
  const face = hasFace ? decodeFace(table, data.subarray(HEADER_BYTES, end)) : { shape: null, motion: null };
  return {
    number: view.getUint8(1),
    timeTicks: (view.getUint8(2) << 16) | view.getUint16(3),
    side,
    ...face,
    pictureCodec,
    picture: data.subarray(end),
  };
}

function encodeFace(table: EntropyTable, shape: Shape, motion: Motion): Uint8Array {
  const encoder = new RangeEncoder();
  const contexts = table.fresh();
  encodeResiduals(encoder, contexts.shape, shape);
  encodeResiduals(encoder, contexts.keyframe, motion);
  const face = encoder.finish();
  // Zero bytes at the end are cut, but a section without any byte says that there is no face.
  return face.length > 0 ? face : Uint8Array.of(0);
}

function decodeFace(table: EntropyTable, face: Uint8Array): { shape: Shape; motion: Motion } {
  const decoder = new RangeDecoder(face.length === 1 && face[0] === 0 ? new Uint8Array() : face);
  const contexts = table.fresh();
  const shape = decodeResiduals(decoder, contexts.shape);
  const outside = shape.find((value) => Math.abs(value) > SHAPE_LIMIT);
  if (outside !== undefined) throw new WireError(`shape value ${outside} is outside ±${SHAPE_LIMIT}`);
  const motion = checkMotion(decodeResiduals(decoder, contexts.keyframe));
  decoder.checkEnd();
  return { shape, motion };
}

function checkSide(side: number): void {
  if (side < MINIMUM_SIDE || side > MAXIMUM_SIDE || side % 8 !== 0) {
    throw new WireError(`keyframe side ${side}, expected a multiple of 8 from ${MINIMUM_SIDE} to ${MAXIMUM_SIDE}`);
  }
}

/** Returns a time in ms as the wire's ticks of 10 ms, modulo 2^24. */
export function ticks(timeMs: number): number {
  return toTicks(timeMs) % TIME_MODULUS;
}
