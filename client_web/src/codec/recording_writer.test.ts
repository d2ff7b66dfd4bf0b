import { describe, expect, it } from 'vitest';
import { pseudoRandom } from '../testing/pseudo_random';
import { readRecording, RECORD_KIND, type RecordingRecord } from './recording';
import { RecordingWriter } from './recording_writer';

const ANN = { id: 1, name: 'Ann', kind: 'camera' };
const BOB = { id: 200, name: 'Bob', kind: 'file' };

function written(write: (writer: RecordingWriter) => void): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new RecordingWriter((bytes) => parts.push(bytes), { created: '2026', participants: [ANN], sourceType: 'x' });
  write(writer);
  writer.flush();
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe('RecordingWriter', () => {
  it('writes what the reader reads, whatever the records are', () => {
    const random = pseudoRandom(5);
    let timeMs = 0;
    const records = Array.from({ length: 400 }, (): RecordingRecord => {
      timeMs += random(300);
      const payload = Uint8Array.from({ length: random(4) === 0 ? random(3_000) : random(40) }, () => random(256));
      const kind = ([RECORD_KIND.bundle, RECORD_KIND.keyframe, RECORD_KIND.sound] as const)[random(3)]!;
      return { kind, participant: 1 + random(255), timeMs, payload };
    });
    const read = readRecording(written((writer) => records.forEach((record) => writer.add(record))));
    expect(read.records).toEqual(records);
    expect(read).toMatchObject({ created: '2026', sourceType: 'x', damagedChunks: 0 });
  });

  it('tells of those who were there, and of those who come later', () => {
    const read = readRecording(written((writer) => writer.addParticipant(BOB, 5_000)));
    expect([...read.participants.values()]).toEqual([ANN, BOB]);
  });

  it('loses only what was not flushed', () => {
    const parts: Uint8Array[] = [];
    const writer = new RecordingWriter((bytes) => parts.push(bytes), { created: '', participants: [], sourceType: '' });
    for (const timeMs of [0, 500, 999, 1_000, 1_500]) {
      writer.add({ kind: RECORD_KIND.sound, participant: 1, timeMs, payload: Uint8Array.of(1) });
    }
    const read = readRecording(Uint8Array.from(parts.flatMap((part) => [...part])));
    expect(read.records.map(({ timeMs }) => timeMs)).toEqual([0, 500, 999]);
  });
});
