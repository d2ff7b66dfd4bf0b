/** Writes recordings (`.fwr`, version 2; docs/wire-format.md): mirrors codec/recording/writer.py. */
import { encode } from '@msgpack/msgpack';
import { WireError } from './errors';
import {
  CHECKED_HEADER_BYTES,
  CHUNK_HEADER_BYTES,
  crc32,
  LENGTH_BITS,
  LONG_PARTICIPANT,
  LONGEST_PAYLOAD,
  MAGIC,
  MARKER,
  RECORD_KIND,
  SOURCE_TYPE,
  type RecordedParticipant,
  type RecordingMetadata,
  type RecordingRecord,
} from './recording';

const CHUNK_MS = 1_000;
/** A chunk that has grown to this is written at once; whatever the last record adds, it stays within its bounds. */
const FULL_BYTES = 32_768;
/** Bytes of a record beyond its payload, at most. */
const LONGEST_RECORD_HEADER = 10;

/** Writes a recording in chunks of about a second: what has been written can be read, whatever becomes of the rest. */
export class RecordingWriter {
  private open: RecordingRecord[] = [];
  private openBytes = 0;

  /** @param write takes the next bytes of the file; the header at once. */
  constructor(
    private readonly write: (bytes: Uint8Array<ArrayBuffer>) => void,
    metadata: RecordingMetadata,
  ) {
    write(packHeader(metadata));
  }

  /** Appends a record; times may fall by less than a chunk. Throws `WireError` if its payload is too long. */
  add(record: RecordingRecord): void {
    if (record.payload.length > LONGEST_PAYLOAD) {
      throw new WireError(`a record of ${record.payload.length} bytes, at most ${LONGEST_PAYLOAD} fit`);
    }
    const [first] = this.open;
    if (first !== undefined && Math.abs(record.timeMs - first.timeMs) >= CHUNK_MS) this.flush();
    this.open.push(record);
    this.openBytes += record.payload.length + LONGEST_RECORD_HEADER;
    if (this.openBytes >= FULL_BYTES) this.flush();
  }

  /** Appends who a participant is. */
  addParticipant(participant: RecordedParticipant, timeMs: number): void {
    const { id, name, kind } = participant;
    this.add({ kind: RECORD_KIND.participant, participant: id, timeMs, payload: encode({ id, name, kind }) });
  }

  /** Writes what was added so far. */
  flush(): void {
    if (this.open.length === 0) return;
    const chunk = packChunk(this.open);
    this.open = [];
    this.openBytes = 0;
    this.write(chunk);
  }
}

function packHeader({ created, participants, sourceType }: RecordingMetadata): Uint8Array<ArrayBuffer> {
  const known = participants.map(({ id, name, kind }) => ({ id, name, kind }));
  const packed = encode({ created, participants: known, ...(sourceType === '' ? {} : { [SOURCE_TYPE]: sourceType }) });
  if (packed.length > 0xffff) throw new WireError(`metadata of ${packed.length} bytes, at most ${0xffff} fit`);
  const header = new Uint8Array(6 + packed.length + 4);
  const view = new DataView(header.buffer);
  header.set(MAGIC);
  view.setUint16(4, packed.length);
  header.set(packed, 6);
  view.setUint32(6 + packed.length, crc32(packed));
  return header;
}

function packChunk(unordered: readonly RecordingRecord[]): Uint8Array<ArrayBuffer> {
  const records = unordered.toSorted((one, other) => one.timeMs - other.timeMs);
  const startMs = records[0]?.timeMs ?? 0;
  let beforeMs = startMs;
  const parts = records.flatMap(({ kind, participant, timeMs, payload }) => {
    const isLong = participant >= LONG_PARTICIPANT;
    const head = [(kind << 5) | (isLong ? LONG_PARTICIPANT : participant), ...(isLong ? [participant] : [])];
    const numbers = [...leb128(timeMs - beforeMs), ...leb128(payload.length)];
    beforeMs = timeMs;
    return [Uint8Array.of(...head, ...numbers), payload];
  });
  const length = parts.reduce((total, part) => total + part.length, 0);
  const chunk = new Uint8Array(CHUNK_HEADER_BYTES + length);
  let position = CHUNK_HEADER_BYTES;
  for (const part of parts) {
    chunk.set(part, position);
    position += part.length;
  }
  const has = (kind: number): number => Number(records.some((record) => record.kind === kind));
  const flags = has(RECORD_KIND.keyframe) | (has(RECORD_KIND.participant) << 1);
  const view = new DataView(chunk.buffer);
  // The marker follows: it lies over the number's first byte, which is zero.
  view.setUint32(2, (flags << LENGTH_BITS) | length);
  chunk.set(MARKER);
  view.setUint32(6, startMs);
  const checked = chunk.subarray(0, CHECKED_HEADER_BYTES);
  view.setUint16(CHECKED_HEADER_BYTES, crc32(checked) & 0xffff);
  view.setUint32(12, crc32(checked, chunk.subarray(CHUNK_HEADER_BYTES)));
  return chunk;
}

/** Seven bits a byte, the lowest first, the high bit set in all but the last. */
function leb128(number: number): number[] {
  const bytes: number[] = [];
  for (; number > 0x7f; number = Math.floor(number / 128)) bytes.push((number & 0x7f) | 0x80);
  return [...bytes, number];
}
