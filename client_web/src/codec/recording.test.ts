import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pseudoRandom } from '../testing/pseudo_random';
import { parseBundle } from './bundle';
import { WireError } from './errors';
import { crc32, readRecording, RECORD_KIND } from './recording';

const DEMONSTRATION = new Uint8Array(readFileSync(new URL('../../../server/demonstration/demo.fwr', import.meta.url)));

describe('readRecording', () => {
  const { records, damagedChunks, participants } = readRecording(DEMONSTRATION);

  it('reads the demonstration participant whole and in order', () => {
    expect(damagedChunks).toBe(0);
    const counts = Object.values(RECORD_KIND).map((kind) => records.filter((record) => record.kind === kind).length);
    expect(Math.min(...counts.slice(0, 3))).toBeGreaterThan(3);
    expect(records.every(({ timeMs }, index) => timeMs >= (records[index - 1]?.timeMs ?? 0))).toBe(true);
    for (const { kind, payload } of records) if (kind === RECORD_KIND.bundle) parseBundle(payload);
  });

  it('says who is in it', () => {
    expect([...participants.values()]).toEqual([{ id: 1, name: 'Demonstration', kind: 'file' }]);
  });

  it('loses only the metadata with the header', () => {
    const damaged = DEMONSTRATION.slice();
    damaged[5]! ^= 0xff;
    const read = readRecording(damaged);
    expect(read.records).toEqual(records);
    expect(read.participants.size).toBe(0);
  });

  it('leaves out a damaged chunk and goes on behind it', () => {
    const damaged = DEMONSTRATION.slice();
    damaged[Math.floor(damaged.length / 2)]! ^= 0xff;
    const read = readRecording(damaged);
    expect(read.damagedChunks).toBeGreaterThan(0);
    expect(read.records.length).toBeGreaterThan(records.length / 2);
    expect(read.records.at(-1)).toEqual(records.at(-1));
  });

  it('meets any bytes with a recording or a WireError', () => {
    const random = pseudoRandom(11);
    for (let round = 0; round < 300; round++) {
      const file = DEMONSTRATION.slice(0, 4_000);
      for (let change = 0; change < 20; change++) file[random(file.length)] = random(256);
      try {
        readRecording(file);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }
    expect(() => readRecording(new Uint8Array(3))).toThrow(WireError);
  });
});

describe('crc32', () => {
  it('gives the check value of the standard, in one part or two', () => {
    const digits = new TextEncoder().encode('123456789');
    expect(crc32(digits)).toBe(0xcbf43926);
    expect(crc32(digits.subarray(0, 4), digits.subarray(4))).toBe(0xcbf43926);
  });
});
