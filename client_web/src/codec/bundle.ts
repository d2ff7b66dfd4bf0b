/** Bundles: some 120 ms of motion in one message (docs/wire-format.md, 'Bundle'). */
import type { EntropyContexts, EntropyTable } from './contexts';
import { RangeDecoder, RangeEncoder, decodeResiduals, decodeTree, encodeResiduals, encodeTree } from './entropy';
import { UnknownKeyframeError, WireError } from './errors';
import { checkMotion, type Motion } from './motion';

const VERSION = 1;
export const TICK_MS = 10;
export const TIME_MODULUS = 1 << 24;
export const SEQUENCE_MODULUS = 1 << 16;
export const MAXIMUM_FRAMES = 15;
export const MAXIMUM_GAP = 64;
/** Longest bundle that goes on the wire, so that it fits one packet everywhere. */
export const MAXIMUM_BUNDLE_BYTES = 1150;

const HEADER_BYTES = 9;
const USUAL_GAP = 4;
const FLAG = { voiceActive: 1, speech: 2, auxiliary: 4, reserved: 8 } as const;

/**
 * How a frame is to be drawn: not at all (no face was found), as a keyframe animated by the frame's motion, or as a
 * keyframe's picture as it is (the camera's own, at a low rate). The numbers are those of the wire.
 */
export const MODE = { none: 0, animated: 1, plain: 2 } as const;
export type Mode = (typeof MODE)[keyof typeof MODE];

/** One frame of a bundle. */
export interface Frame {
  /** Ticks of 10 ms since the frame before, 1 … 64; 0 for the first of a bundle. */
  gapTicks: number;
  mode: Mode;
  /** 0 for keyframe a, 1 for b. */
  pick: 0 | 1;
  /** Null unless the frame is animated. */
  motion: Motion | null;
}

/** What can be read of a bundle without knowing any keyframe. */
export interface BundleHeader {
  /** Modulo 65 536. */
  sequence: number;
  /** Of the first frame, ticks of 10 ms since the sender's clock started, modulo 2^24. */
  timeTicks: number;
  keyframeA: number;
  keyframeB: number;
  voiceActive: boolean;
}

/** A header and up to 15 frames, with the optional sections of later versions of the animator. */
export interface Bundle {
  header: BundleHeader;
  frames: Frame[];
  speech: Uint8Array | null;
  auxiliary: Uint8Array | null;
}

/** A bundle whose outer structure was checked; its motion is still range-coded. */
export interface PackedBundle {
  header: BundleHeader;
  frameCount: number;
  motion: Uint8Array;
  speech: Uint8Array | null;
  auxiliary: Uint8Array | null;
}

/** The motion of each keyframe that is cached, by number. */
export type KeyframeMotions = ReadonlyMap<number, Motion>;

/**
 * Returns the bundle's bytes. `keyframeMotions` holds the motion of each keyframe that its frames pick.
 *
 * Throws `WireError` if a field is out of range or the result would exceed 1 150 bytes.
 */
export function encodeBundle(
  table: EntropyTable,
  { header, frames, speech, auxiliary }: Bundle,
  keyframeMotions: KeyframeMotions,
): Uint8Array<ArrayBuffer> {
  if (frames.length > MAXIMUM_FRAMES) {
    throw new WireError(`${frames.length} frames in a bundle, at most ${MAXIMUM_FRAMES} fit`);
  }
  const motion = frames.length === 0 ? new Uint8Array() : encodeFrames(table, header, frames, keyframeMotions);
  let flags = header.voiceActive ? FLAG.voiceActive : 0;
  const sections = section('motion', motion, 1);
  if (speech !== null) {
    flags |= FLAG.speech;
    sections.push(...section('speech', speech, 1));
  }
  if (auxiliary !== null) {
    flags |= FLAG.auxiliary;
    sections.push(...section('auxiliary', auxiliary, 2));
  }
  const data = Uint8Array.from([
    (VERSION << 4) | flags,
    ...bigEndian(header.sequence, 2),
    ...bigEndian(header.timeTicks, 3),
    ...bigEndian(header.keyframeA, 1),
    ...bigEndian(header.keyframeB, 1),
    frames.length,
    ...sections,
  ]);
  if (data.length > MAXIMUM_BUNDLE_BYTES) {
    throw new WireError(`bundle of ${data.length} bytes, at most ${MAXIMUM_BUNDLE_BYTES} fit a packet`);
  }
  return data;
}

/** Checks a bundle's outer structure. Throws `WireError` if anything about it is wrong. */
export function parseBundle(data: Uint8Array): PackedBundle {
  if (data.length <= HEADER_BYTES || data.length > MAXIMUM_BUNDLE_BYTES) {
    throw new WireError(`bundle of ${data.length} bytes, expected ${HEADER_BYTES + 1} to ${MAXIMUM_BUNDLE_BYTES}`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const first = view.getUint8(0);
  if (first >> 4 !== VERSION)
    throw new WireError(`bundle of version ${first >> 4}, this codec reads version ${VERSION}`);
  if (first & FLAG.reserved) throw new WireError('bundle with the reserved flag set');
  const frameCount = view.getUint8(8);
  if (frameCount > MAXIMUM_FRAMES) {
    throw new WireError(`bundle of ${frameCount} frames, at most ${MAXIMUM_FRAMES} are allowed`);
  }
  const sections = new Sections(data, HEADER_BYTES);
  const motion = sections.take(1);
  const speech = first & FLAG.speech ? sections.take(1) : null;
  const auxiliary = first & FLAG.auxiliary ? sections.take(2) : null;
  sections.checkEnd();
  if (motion.length > 0 && frameCount === 0) {
    throw new WireError(`bundle without frames has ${motion.length} bytes of motion`);
  }
  const header = {
    sequence: view.getUint16(1),
    timeTicks: (view.getUint8(3) << 16) | view.getUint16(4),
    keyframeA: view.getUint8(6),
    keyframeB: view.getUint8(7),
    voiceActive: (first & FLAG.voiceActive) !== 0,
  };
  return { header, frameCount, motion, speech, auxiliary };
}

/**
 * Decodes the motion of a parsed bundle. `keyframeMotions` holds the motion of every cached keyframe.
 *
 * Throws `UnknownKeyframeError` if a frame picks a keyframe that is not cached, `WireError` if the coded motion is
 * broken.
 */
export function decodeFrames(table: EntropyTable, packed: PackedBundle, keyframeMotions: KeyframeMotions): Bundle {
  const decoder = new RangeDecoder(packed.motion);
  const contexts = table.fresh();
  const frames: Frame[] = [];
  let previous: Motion | null = null;
  for (let index = 0; index < packed.frameCount; index++) {
    const gapTicks = index === 0 ? 0 : decodeGap(decoder, contexts);
    const mode = decodeTree(decoder, contexts.mode, 2);
    if (mode === MODE.none) {
      frames.push({ gapTicks, mode, pick: 0, motion: null });
      continue;
    }
    if (mode !== MODE.animated && mode !== MODE.plain) {
      throw new WireError(`frame of mode ${mode}, which version ${VERSION} does not have`);
    }
    const pick = decoder.bit(contexts.pick, 0);
    if (mode === MODE.plain) {
      frames.push({ gapTicks, mode, pick, motion: null });
      continue;
    }
    const rows = previous === null ? contexts.anchor : contexts.chain;
    const reference: Motion = previous ?? pickedMotion(packed.header, pick, keyframeMotions);
    const residuals = decodeResiduals(decoder, rows);
    const motion = checkMotion(residuals.map((residual, value) => residual + (reference[value] ?? 0)));
    frames.push({ gapTicks, mode, pick, motion });
    previous = motion;
  }
  decoder.checkEnd();
  return { header: packed.header, frames, speech: packed.speech, auxiliary: packed.auxiliary };
}

function encodeFrames(
  table: EntropyTable,
  header: BundleHeader,
  frames: Frame[],
  keyframeMotions: KeyframeMotions,
): Uint8Array {
  const encoder = new RangeEncoder();
  const contexts = table.fresh();
  let previous: Motion | null = null;
  for (const [index, { gapTicks, mode, pick, motion }] of frames.entries()) {
    if (index > 0) encodeGap(encoder, contexts, gapTicks);
    encodeTree(encoder, contexts.mode, mode, 2);
    if (mode === MODE.none) continue;
    encoder.bit(contexts.pick, 0, pick);
    if (motion === null) continue;
    const rows = previous === null ? contexts.anchor : contexts.chain;
    const reference: Motion = previous ?? pickedMotion(header, pick, keyframeMotions);
    encodeResiduals(
      encoder,
      rows,
      motion.map((value, position) => value - (reference[position] ?? 0)),
    );
    previous = motion;
  }
  return encoder.finish();
}

function pickedMotion(header: BundleHeader, pick: 0 | 1, keyframeMotions: KeyframeMotions): Motion {
  const number = pick ? header.keyframeB : header.keyframeA;
  const motion = keyframeMotions.get(number);
  if (motion === undefined) throw new UnknownKeyframeError(number);
  return motion;
}

function encodeGap(encoder: RangeEncoder, contexts: EntropyContexts, gapTicks: number): void {
  if (!Number.isInteger(gapTicks) || gapTicks < 1 || gapTicks > MAXIMUM_GAP) {
    throw new WireError(`gap of ${gapTicks} ticks between frames, expected 1 to ${MAXIMUM_GAP}`);
  }
  encoder.bit(contexts.gap, 0, gapTicks === USUAL_GAP ? 0 : 1);
  if (gapTicks !== USUAL_GAP) encodeTree(encoder, contexts.gapTree, gapTicks - 1, 6);
}

function decodeGap(decoder: RangeDecoder, contexts: EntropyContexts): number {
  return decoder.bit(contexts.gap, 0) ? decodeTree(decoder, contexts.gapTree, 6) + 1 : USUAL_GAP;
}

/** Returns a time in ms as ticks of 10 ms; halves go to the even tick, as in IEEE 754 and Python. */
export function toTicks(timeMs: number): number {
  const rounded = Math.round(timeMs / TICK_MS);
  return rounded - timeMs / TICK_MS === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Returns the bytes of an unsigned integer, most significant first. Throws `WireError` if it does not fit. */
export function bigEndian(value: number, length: number): number[] {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * length)) {
    throw new WireError(`${value} does not fit ${length} bytes`);
  }
  return Array.from({ length }, (_, index) => (value >>> (8 * (length - 1 - index))) & 0xff);
}

function section(name: string, content: Uint8Array, lengthBytes: number): number[] {
  if (content.length >= 2 ** (8 * lengthBytes)) {
    throw new WireError(`${name} section of ${content.length} bytes, at most ${2 ** (8 * lengthBytes) - 1} fit`);
  }
  return [...bigEndian(content.length, lengthBytes), ...content];
}

/** Reads length-prefixed sections, strictly. */
class Sections {
  constructor(
    private readonly data: Uint8Array,
    private position: number,
  ) {}

  take(lengthBytes: number): Uint8Array {
    const start = this.position + lengthBytes;
    const length = this.data.subarray(this.position, start).reduce((value, byte) => value * 256 + byte, 0);
    const end = start + length;
    if (end > this.data.length) {
      throw new WireError(`section ends at byte ${end} of a bundle of ${this.data.length} bytes`);
    }
    this.position = end;
    return this.data.subarray(start, end);
  }

  checkEnd(): void {
    if (this.position !== this.data.length) {
      throw new WireError(`${this.data.length - this.position} bytes too many behind a bundle`);
    }
  }
}
