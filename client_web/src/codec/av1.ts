/** The little of an AV1 bitstream that a receiver of keyframes must know (AV1 Bitstream & Decoding Process, §5). */
import { WireError } from './errors';

const SEQUENCE_HEADER = 1;
const TEMPORAL_DELIMITER = 2;
const FRAME_HEADER = 3;
const FRAME = 6;
const PADDING = 15;

/** What the sequence header says about every picture behind it. */
export interface SequenceHeader {
  profile: number;
  level: number;
  /** 0 main, 1 high. */
  tier: number;
  /** Largest width and height in pixels. */
  maximumWidth: number;
  maximumHeight: number;
}

/** An intra picture as it travels in a keyframe, with what its sequence header says. */
export interface IntraUnit {
  sequence: SequenceHeader;
  bytes: Uint8Array<ArrayBuffer>;
}

interface Unit {
  type: number;
  /** The whole unit with its header. */
  bytes: Uint8Array;
  payload: Uint8Array;
}

/**
 * Returns a temporal unit without its temporal delimiter and padding, as it travels in a keyframe.
 *
 * Throws `WireError` where the open bitstream units do not parse.
 */
export function stripTemporalUnit(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const kept = parseUnits(data).filter(({ type }) => type !== TEMPORAL_DELIMITER && type !== PADDING);
  const stripped = new Uint8Array(kept.reduce((length, { bytes }) => length + bytes.length, 0));
  let offset = 0;
  for (const { bytes } of kept) {
    stripped.set(bytes, offset);
    offset += bytes.length;
  }
  return stripped;
}

/**
 * Returns the sequence header of an intra picture.
 *
 * Throws `WireError` unless the units parse, the first is a sequence header and a frame follows.
 */
export function readSequenceHeader(data: Uint8Array): SequenceHeader {
  const [first, ...others] = parseUnits(data);
  if (first?.type !== SEQUENCE_HEADER) throw new WireError('an AV1 picture does not begin with a sequence header');
  if (!others.some(({ type }) => type === FRAME || type === FRAME_HEADER)) {
    throw new WireError('an AV1 picture has no frame behind its sequence header');
  }
  return parseSequenceHeader(first.payload);
}

/**
 * Returns a temporal unit that begins a stream of square main-profile pictures (8-bit 4:2:0).
 *
 * `side` is in pixels. Throws `WireError` if it is another: a browser would spend memory on whatever size it claims.
 */
export function checkIntraUnit(temporalUnit: Uint8Array, side: number): IntraUnit {
  const bytes = stripTemporalUnit(temporalUnit);
  const sequence = readSequenceHeader(bytes);
  const { profile, maximumWidth, maximumHeight } = sequence;
  if (profile !== 0) throw new WireError(`AV1 profile ${profile} instead of 0 (8-bit 4:2:0)`);
  if (maximumWidth !== side || maximumHeight !== side) {
    throw new WireError(`an AV1 picture of ${maximumWidth} × ${maximumHeight} in a keyframe of side ${side}`);
  }
  return { sequence, bytes };
}

/** Returns a temporal unit that continues a stream. Throws `WireError` if it begins another, or does not parse. */
export function checkNextUnit(temporalUnit: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = stripTemporalUnit(temporalUnit);
  const types = parseUnits(bytes).map(({ type }) => type);
  if (types.includes(SEQUENCE_HEADER)) throw new WireError('a predicted AV1 picture has a sequence header');
  if (!types.includes(FRAME) && !types.includes(FRAME_HEADER)) throw new WireError('a predicted AV1 picture has no frame');
  return bytes;
}

function parseUnits(data: Uint8Array): Unit[] {
  const units: Unit[] = [];
  let offset = 0;
  while (offset < data.length) {
    const begin = offset;
    const header = data[offset++] ?? 0;
    if (header & 0x81) throw new WireError(`AV1 unit header 0x${header.toString(16)} has reserved bits set`);
    if (!(header & 2)) throw new WireError('an AV1 unit has no size field');
    if (header & 4) offset++;
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = data[offset++];
      if (byte === undefined || shift > 21) throw new WireError('an AV1 unit has a broken size field');
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (offset + size > data.length) {
      throw new WireError(`an AV1 unit of ${size} bytes is cut after ${data.length - offset}`);
    }
    units.push({
      type: header >> 3,
      bytes: data.subarray(begin, offset + size),
      payload: data.subarray(offset, offset + size),
    });
    offset += size;
  }
  return units;
}

class BitReader {
  private position = 0;

  constructor(private readonly data: Uint8Array) {}

  read(bits: number): number {
    let value = 0;
    for (let count = 0; count < bits; count++) {
      const byte = this.data[this.position >> 3];
      if (byte === undefined) throw new WireError('an AV1 sequence header is cut');
      value = value * 2 + ((byte >> (7 - (this.position & 7))) & 1);
      this.position++;
    }
    return value;
  }

  /** `uvlc()` of the specification, §4.10.3. */
  readVariableLength(): number {
    let zeros = 0;
    while (this.read(1) === 0) if (++zeros > 32) throw new WireError('an AV1 sequence header has a broken number');
    return zeros >= 32 ? 0xffffffff : this.read(zeros) + 2 ** zeros - 1;
  }
}

/** `sequence_header_obu()`, §5.5.1, as far as the size of the picture. */
function parseSequenceHeader(payload: Uint8Array): SequenceHeader {
  const reader = new BitReader(payload);
  const profile = reader.read(3);
  reader.read(1);
  let level: number;
  let tier = 0;
  if (reader.read(1)) {
    level = reader.read(5);
  } else {
    let delayBits = 0;
    let hasDecoderModel = 0;
    if (reader.read(1)) {
      reader.read(64);
      if (reader.read(1)) reader.readVariableLength();
      hasDecoderModel = reader.read(1);
      if (hasDecoderModel) {
        delayBits = reader.read(5) + 1;
        reader.read(42);
      }
    }
    const hasDisplayDelay = reader.read(1);
    const points = Array.from({ length: reader.read(5) + 1 }, () => {
      reader.read(12);
      const point = { level: reader.read(5), tier: 0 };
      if (point.level > 7) point.tier = reader.read(1);
      if (hasDecoderModel && reader.read(1)) reader.read(2 * delayBits + 1);
      if (hasDisplayDelay && reader.read(1)) reader.read(4);
      return point;
    });
    level = points[0]?.level ?? 0;
    tier = points[0]?.tier ?? 0;
  }
  const widthBits = reader.read(4) + 1;
  const heightBits = reader.read(4) + 1;
  return {
    profile,
    level,
    tier,
    maximumWidth: reader.read(widthBits) + 1,
    maximumHeight: reader.read(heightBits) + 1,
  };
}
