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

/** Somebody in a recording. */
export interface RecordedParticipant {
  /** 1–255. */
  id: number;
  /** 1–64 characters. */
  name: string;
  /** What fed them: `source` in the protocol, or `CLIP`. */
  kind: string;
}

/** The kind of a participant who was coded from a file, without a network: the clock of its bundles is the recording's. */
export const CLIP = 'clip';

/** What the header of a file says. */
export interface RecordingMetadata {
  /** ISO 8601, or empty. */
  created: string;
  participants: readonly RecordedParticipant[];
  /** IPTC's digital source type of what players make of the file, or empty. */
  sourceType: string;
}

export interface Recording {
  /** ISO 8601, or empty. */
  created: string;
  /** IPTC's digital source type, or empty. */
  sourceType: string;
  /** By id; the newest description of each. */
  participants: ReadonlyMap<number, RecordedParticipant>;
  /** In the order of their times. */
  records: RecordingRecord[];
  /** Chunks that failed a check and were left out. */
  damagedChunks: number;
}

export const MAGIC = [0x46, 0x57, 0x52, 2];
export const MARKER = [0xd7, 0x0e, 0xc4];
export const CHUNK_HEADER_BYTES = 16;
export const CHECKED_HEADER_BYTES = 10;
export const LENGTH_BITS = 20;
/** In a record's first byte this stands for a participant whose id follows in a byte of its own. */
export const LONG_PARTICIPANT = 31;
export const LONGEST_PAYLOAD = 65_535;
/** Name of the mark of rendered pictures in a header (docs/rendering.md). */
export const SOURCE_TYPE = 'DigitalSourceType';
const BODY_LENGTH_MASK = 2 ** LENGTH_BITS - 1;
const LONGEST_NAME = 64;

/** Reads a whole file; damaged chunks are left out and counted. Throws `WireError` if it is no recording of version 2. */
export function readRecording(file: Uint8Array): Recording {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 6 || MAGIC.some((byte, index) => file[index] !== byte)) {
    throw new WireError('this file does not begin as a recording (.fwr) of version 2');
  }
  const header = readHeader(file, view);
  const { created, sourceType } = header?.metadata ?? { created: '', sourceType: '' };
  const participants = new Map((header?.metadata.participants ?? []).map((participant) => [participant.id, participant]));
  const records: RecordingRecord[] = [];
  let damagedChunks = 0;
  let position = header?.end ?? MAGIC.length;
  for (;;) {
    const begin = findChunk(file, view, position);
    if (begin === null) break;
    const length = view.getUint32(begin + 2) & BODY_LENGTH_MASK;
    const end = begin + CHUNK_HEADER_BYTES + length;
    const found = end <= file.length ? readChunk(file, view, begin, end) : null;
    if (found === null) damagedChunks++;
    else {
      for (const record of found.records) records.push(record);
      for (const participant of found.described) participants.set(participant.id, participant);
    }
    position = found === null ? begin + 1 : end;
  }
  return { created, sourceType, participants, records, damagedChunks };
}

/** What the header of the file says, and where it ends; null if it is broken, which costs only that. */
function readHeader(file: Uint8Array, view: DataView): { metadata: RecordingMetadata; end: number } | null {
  const packed = file.subarray(6, 6 + view.getUint16(4));
  const end = 6 + packed.length + 4;
  if (end > file.length || crc32(packed) !== view.getUint32(end - 4)) return null;
  try {
    const { created, participants, [SOURCE_TYPE]: sourceType = '' } = unpackMap(packed);
    if (typeof created !== 'string' || typeof sourceType !== 'string' || !Array.isArray(participants)) return null;
    return { metadata: { created, sourceType, participants: participants.map(readParticipant) }, end };
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

function unpackMap(data: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = decode(data);
  } catch (cause) {
    throw new WireError(`no msgpack map (${String(cause)})`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new WireError('no msgpack map');
  return value as Record<string, unknown>;
}

function readParticipant(value: unknown): RecordedParticipant {
  const { id, name, kind } = (value ?? {}) as Record<string, unknown>;
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 1 || id > 255 || !isName(name) || !isName(kind)) {
    throw new WireError('a participant without an id of 1–255, a name and a kind of 1–64 characters');
  }
  return { id, name, kind };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && Array.from(value).length <= LONGEST_NAME;
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

interface Chunk {
  records: RecordingRecord[];
  /** Whom its participant records describe. */
  described: RecordedParticipant[];
}

/** What is in a chunk, or `null` if it is damaged. */
function readChunk(file: Uint8Array, view: DataView, begin: number, end: number): Chunk | null {
  const body = file.subarray(begin + CHUNK_HEADER_BYTES, end);
  const check = crc32(file.subarray(begin, begin + CHECKED_HEADER_BYTES), body);
  if (check !== view.getUint32(begin + 12)) return null;
  const records: RecordingRecord[] = [];
  const described: RecordedParticipant[] = [];
  const reader = new RecordReader(body);
  let timeMs = view.getUint32(begin + 6);
  try {
    while (!reader.isAtEnd) {
      const head = reader.byte();
      const short = head & 0x1f;
      const participant = short === LONG_PARTICIPANT ? reader.byte() : short;
      timeMs += reader.number();
      const record = { kind: recordKind(head >> 5), participant, timeMs, payload: reader.bytes(reader.number()) };
      if (record.kind === RECORD_KIND.participant) described.push(readParticipant(unpackMap(record.payload)));
      records.push(record);
    }
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
  return { records, described };
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
