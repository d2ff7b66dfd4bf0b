import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WireError } from '../codec/errors';
import { RECORD_KIND } from '../codec/recording';
import { RecordingWriter } from '../codec/recording_writer';
import { pseudoRandom } from '../testing/pseudo_random';
import { readFilm, startingPoint } from './film';

const DEMONSTRATION = new Uint8Array(readFileSync(new URL('../../../server/demonstration/demo.fwr', import.meta.url)));

describe('readFilm', () => {
  const film = readFilm(DEMONSTRATION);
  const [demonstration] = film.participants;

  it('knows who is in it, for how long, and when everything is due', () => {
    expect(film.damagedChunks).toBe(0);
    expect(film.lengthMs / 1_000).toBeCloseTo(63, 0);
    expect(demonstration).toMatchObject({ id: 1, name: 'Demonstration' });
    const shown = demonstration!.records.flatMap(({ showMs }) => (showMs === null ? [] : [showMs]));
    expect(shown.every((showMs, index) => showMs > (shown[index - 1] ?? -Infinity))).toBe(true);
  });

  it('puts the voice without gaps where there is speech, and nowhere over itself', () => {
    const { voice } = demonstration!;
    const gaps = voice.slice(1).map(({ start }, index) => start - voice[index]!.start - voice[index]!.samples);
    expect(Math.min(...gaps)).toBe(0);
    expect(gaps.filter((gap) => gap === 0).length).toBeGreaterThan(voice.length / 2);
  });

  it('begins anywhere with the keyframes that were sent before', () => {
    const { keyframes, next } = startingPoint(demonstration!, 30_000, 2_000);
    expect(keyframes.map((keyframe) => keyframe[1])).toEqual([0, 1, 2, 3, 4]);
    expect(demonstration!.records[next]!.timeMs).toBeLessThanOrEqual(28_000);
    expect(startingPoint(demonstration!, 0, 2_000)).toEqual({ next: 0, keyframes: [] });
  });

  it('meets any bytes with a film or a WireError', () => {
    const random = pseudoRandom(12);
    for (let round = 0; round < 100; round++) {
      const file = DEMONSTRATION.slice(0, 6_000);
      for (let change = 0; change < 10; change++) file[random(file.length)] = random(256);
      try {
        readFilm(file);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }
  });

  it('refuses a recording in which nobody said anything', () => {
    const parts: Uint8Array[] = [];
    const metadata = { created: '', participants: [{ id: 1, name: 'Ann', kind: 'camera' }], sourceType: '' };
    new RecordingWriter((bytes) => parts.push(bytes), metadata).flush();
    expect(() => readFilm(parts[0]!)).toThrow(WireError);
  });

  it('leaves bundles out that are none', () => {
    const parts: Uint8Array[] = [];
    const writer = new RecordingWriter((bytes) => parts.push(bytes), { created: '', participants: [], sourceType: '' });
    writer.add({ kind: RECORD_KIND.bundle, participant: 9, timeMs: 40, payload: Uint8Array.of(1, 2, 3) });
    writer.flush();
    const { participants } = readFilm(Uint8Array.from(parts.flatMap((part) => [...part])));
    expect(participants).toEqual([{ id: 9, name: '', records: [], lateMs: 0, voice: [] }]);
  });
});
