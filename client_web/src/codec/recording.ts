/** Reads recordings (`.fwr`, version 2): what participants sent, in the wire's own bytes (docs/wire-format.md). */
import { decode } from '@msgpack/msgpack';
import { WireError } from './errors';

export const RECORD_KIND = { bundle: 1, keyframe: 2, sound: 3, participant: 4 } as const;
export type RecordKind = (typeof RECORD_KIND)[keyof typeof RECORD_KIND];

/** Something that a participant sent. */
export interface RecordingRecord {
  kind: RecordKind;
  participant: number;
  /** Since the recording began. */
  timeMs: number;
  payload: Uint8Array<ArrayBuffer>;
}

export interface Recording {
  /** ISO 8601, or empty. */
  created: string;
  /** In the order of their times. */
  records: RecordingRecord[];
  /** Chunks that failed a check and were left out. */
  damagedChunks: number;
}

const MAGIC = [0x46, 0x57, 0x52, 2];
const MARKER = [0xd7, 0x0e, 0xc4];
const CHUNK_HEADER_BYTES = 16;
const CHECKED_HEADER_BYTES = 10;
const BODY_LENGTH_MASK = 0xf_ffff;
const LONG_PARTICIPANT = 31;
const LONGEST_PAYLOAD = 65_535;

/** Reads a whole file; damaged chunks are left out and counted. Throws `WireError` if it is no recording of version 2. */
export function readRecording(file: Uint8Array): Recording {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 6 || MAGIC.some((byte, index) => file[index] !== byte)) {
    throw new WireError('this file does not begin as a recording (.fwr) of version 2');
  }
  const metadataEnd = 6 + view.getUint16(4);
  const records: RecordingRecord[] = [];
  let damagedChunks = 0;
  let position = metadataEnd + 4;
  for (;;) {
    const begin = findChunk(file, view, position);
    if (begin === null) break;
    const length = view.getUint32(begin + 2) & BODY_LENGTH_MASK;
    const end = begin + CHUNK_HEADER_BYTES + length;
    const found = end <= file.length ? readChunk(file, view, begin, end) : null;
    if (found === null) damagedChunks++;
    else records.push(...found);
    position = found === null ? begin + 1 : end;
  }
  return { created: createdAt(file.subarray(6, metadataEnd)), records, damagedChunks };
}

function createdAt(metadata: Uint8Array): string {
  try {
    const { created } = decode(metadata) as { created?: unknown };
    return typeof created === 'string' ? created : '';
  } catch {
    // A broken header of the file costs only its metadata.
    return '';
  }
}

/** The offset of the next chunk whose header passes its check. */
function findChunk(file: Uint8Array, view: DataView, from: number): number | null {
  for (let at = from; at + CHUNK_HEADER_BYTES <= file.length; at++) {
    if (MARKER.some((byte, index) => file[at + index] !== byte)) continue;
    const check = crc32(file.subarray(at, at + CHECKED_HEADER_BYTES)) & 0xffff;
    if (check === view.getUint16(at + CHECKED_HEADER_BYTES)) return at;
  }
  return null;
}

/** The records of a chunk, or `null` if it is damaged. */
function readChunk(file: Uint8Array, view: DataView, begin: number, end: number): RecordingRecord[] | null {
  const body = file.subarray(begin + CHUNK_HEADER_BYTES, end);
  const check = crc32(file.subarray(begin, begin + CHECKED_HEADER_BYTES), body);
  if (check !== view.getUint32(begin + 12)) return null;
  const records: RecordingRecord[] = [];
  const reader = new RecordReader(body);
  let timeMs = view.getUint32(begin + 6);
  try {
    while (!reader.isAtEnd) {
      const head = reader.byte();
      const short = head & 0x1f;
      const participant = short === LONG_PARTICIPANT ? reader.byte() : short;
      timeMs += reader.number();
      records.push({ kind: recordKind(head >> 5), participant, timeMs, payload: reader.bytes(reader.number()) });
    }
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
  return records;
}

function recordKind(value: number): RecordKind {
  const found = Object.values(RECORD_KIND).find((kind) => kind === value);
  if (found === undefined) throw new WireError(`a record of kind ${value}`);
  return found;
}

class RecordReader {
  private position = 0;

  constructor(private readonly body: Uint8Array) {}

  get isAtEnd(): boolean {
    return this.position >= this.body.length;
  }

  byte(): number {
    const value = this.body[this.position++];
    if (value === undefined) throw new WireError('a record that is cut off');
    return value;
  }

  /** LEB128, at most 5 bytes. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new WireError('a number of more than 5 bytes');
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    if (length > LONGEST_PAYLOAD || this.position + length > this.body.length) throw new WireError('a record that is cut off');
    this.position += length;
    return this.body.slice(this.position - length, this.position);
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** CRC-32 (ISO 3309) of all parts together. */
export function crc32(...parts: Uint8Array[]): number {
  let value = 0xffffffff;
  for (const part of parts) {
    for (const byte of part) value = (CRC_TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  }
  return (value ^ 0xffffffff) >>> 0;
}
