import { describe, expect, it } from 'vitest';
import { entropyTable, fromHexadecimal, goldenVectors, motionModel } from '../testing/golden_vectors';
import { pseudoRandom } from '../testing/pseudo_random';
import { MODE, encodeBundle, type Bundle, type Frame } from './bundle';
import { Decoder } from './decoder';
import { PICTURE_CODEC } from './intra_picture';
import { encodeKeyframe } from './keyframes';
import { SpeechDrive } from './speech/drive';
import { SAMPLE_RATE } from './speech/features';
import { MouthFusion, parseCovariances } from './speech/fusion';

const table = entropyTable();
const ZEROS = new Array<number>(32).fill(0);
const MOTIONS = new Map(Array.from({ length: 256 }, (_, number) => [number, ZEROS]));

function keyframe(number: number, content = 1, hasFace = true): Uint8Array {
  const picture = Uint8Array.of(content, 2, 3);
  return encodeKeyframe(table, {
    number,
    timeTicks: 0,
    side: 256,
    shape: hasFace ? ZEROS : null,
    motion: hasFace ? ZEROS : null,
    pictureCodec: PICTURE_CODEC.av1,
    picture,
  });
}

function bundle(index: number, numbers: [number, number] = [1, 1], change: Partial<Bundle['header']> = {}): Uint8Array {
  const [keyframeA, keyframeB] = numbers;
  const header = { sequence: index, timeTicks: 12 * index, keyframeA, keyframeB, voiceActive: false, ...change };
  const frames = [0, 4, 4].map((gapTicks) => ({ gapTicks, mode: MODE.animated, pick: 0 as const, motion: ZEROS }));
  return encodeBundle(table, { header, frames, speech: null, auxiliary: null }, MOTIONS);
}

function madeUpFusion(): MouthFusion {
  const [head] = goldenVectors<{ covariances: string }>('speech');
  return new MouthFusion(parseCovariances(fromHexadecimal(head?.covariances ?? '')));
}

describe('the decoder', () => {
  it('waits, lives, goes stale', () => {
    const decoder = new Decoder(table, () => {});
    expect(decoder.state(0)).toBe('waiting');
    decoder.addKeyframe(keyframe(1));
    decoder.addBundle(bundle(0), 1000);
    const due = decoder.due(1010);
    expect(due?.picked.number).toBe(1);
    expect(due?.other).toBeNull();
    if (due) decoder.noteDrawn(due);
    expect(decoder.state(1010)).toBe('live');
    expect(decoder.state(3000)).toBe('stale');
  });

  it('asks for a missing keyframe after half a second, then once a second, until it comes', () => {
    const asked: number[] = [];
    const decoder = new Decoder(table, (number) => asked.push(number));
    for (let index = 0; index < 25; index++) decoder.addBundle(bundle(index, [9, 9]), 120 * index);
    expect(asked).toEqual([9, 9, 9]);
    decoder.addKeyframe(keyframe(9));
    for (let index = 25; index < 50; index++) decoder.addBundle(bundle(index, [9, 9]), 120 * index);
    expect(asked).toHaveLength(3);
    expect(decoder.due(50 * 120)?.picked.number).toBe(9);
  });

  it('forgets a keyframe that cannot be continued to, and asks for it', () => {
    const asked: number[] = [];
    const decoder = new Decoder(table, (number) => asked.push(number));
    const missed = decoder.addKeyframe(keyframe(9));
    if (missed) decoder.missKeyframe(missed, 0);
    for (let index = 0; index < 10; index++) decoder.addBundle(bundle(index, [9, 9]), 120 * index);
    expect(asked).toEqual([9]);
    expect(decoder.due(1200)).toBeNull();
  });

  it('draws from the picked keyframe while the other one is missing', () => {
    const decoder = new Decoder(table, () => {});
    decoder.addKeyframe(keyframe(1));
    decoder.addBundle(bundle(0, [1, 2]), 0);
    expect(decoder.due(10)).toMatchObject({ picked: { number: 1 }, other: null });
    decoder.addKeyframe(keyframe(2));
    expect(decoder.due(10)).toMatchObject({ picked: { number: 1 }, other: { number: 2 } });
  });

  it('keeps the last twelve keyframes, and takes a repeated one only once', () => {
    const decoder = new Decoder(table, () => {});
    for (let number = 1; number <= 13; number++) expect(decoder.addKeyframe(keyframe(number))).not.toBeNull();
    const newest = decoder.addKeyframe(keyframe(13));
    expect(decoder.addKeyframe(keyframe(13))).toBe(newest);
    expect(decoder.addKeyframe(keyframe(13, 7))?.number).toBe(13);
    decoder.addBundle(bundle(0, [1, 1]), 0);
    expect(decoder.due(10)).toBeNull();
    decoder.addBundle(bundle(1, [2, 2]), 120);
    expect(decoder.due(130)?.picked.number).toBe(2);
  });

  it('says no-face, and takes the voice flag from the newest bundle only', () => {
    const decoder = new Decoder(table, () => {});
    const header = { sequence: 5, timeTicks: 0, keyframeA: 0, keyframeB: 0, voiceActive: true };
    const faceless = {
      header,
      frames: [{ gapTicks: 0, mode: MODE.none, pick: 0 as const, motion: null }],
      speech: null,
      auxiliary: null,
    };
    decoder.addBundle(encodeBundle(table, faceless, MOTIONS), 0);
    expect(decoder.due(10)).toBeNull();
    expect(decoder.state(10)).toBe('no-face');
    decoder.addBundle(bundle(4), 20);
    expect(decoder.voiceActive).toBe(true);
    decoder.addBundle(bundle(6), 30);
    expect(decoder.voiceActive).toBe(false);
  });

  it('shows plain frames from keyframes without a face, and animates nothing from these', () => {
    const asked: number[] = [];
    const decoder = new Decoder(table, (number) => asked.push(number));
    decoder.addKeyframe(keyframe(1));
    decoder.addKeyframe(keyframe(2, 1, false));
    const plain = (index: number, pick: 0 | 1): Uint8Array => {
      const header = { sequence: index, timeTicks: 12 * index, keyframeA: 2, keyframeB: 3, voiceActive: false };
      const frames: Frame[] = [{ gapTicks: 0, mode: MODE.plain, pick, motion: null }];
      return encodeBundle(table, { header, frames, speech: null, auxiliary: null }, MOTIONS);
    };
    decoder.addBundle(plain(0, 0), 0);
    const due = decoder.due(10);
    expect(due).toMatchObject({ frame: { mode: MODE.plain, motion: null }, picked: { number: 2 }, other: null });
    if (due) decoder.noteDrawn(due);
    expect(decoder.state(10)).toBe('plain');
    decoder.addBundle(bundle(1, [2, 2]), 120);
    expect(decoder.dropped).toBe(1);
    decoder.addBundle(bundle(1, [1, 2]), 120);
    expect(decoder.due(130)).toMatchObject({ frame: { mode: MODE.animated }, picked: { number: 1 }, other: null });
    for (let index = 2; index < 12; index++) {
      decoder.addBundle(plain(index, 1), 120 * index);
      expect(decoder.due(120 * index + 10)).toBeNull();
    }
    expect(asked).toEqual([3]);
  });

  it('counts what does not parse and goes on', () => {
    const random = pseudoRandom(6);
    const decoder = new Decoder(table, () => {});
    for (let round = 0; round < 2000; round++) {
      const data = Uint8Array.from({ length: random(80) }, () => random(256));
      decoder.addBundle(data, round);
      decoder.addKeyframe(data);
    }
    expect(decoder.dropped).toBeGreaterThan(3900);
    decoder.addKeyframe(keyframe(1));
    decoder.addBundle(bundle(0), 5000);
    expect(decoder.due(5010)?.picked.number).toBe(1);
  });

  it('is moved by sound where motion is missing and that is allowed, says so, and lives again when motion comes', async () => {
    const decoder = new Decoder(table, () => {});
    decoder.drive = new SpeechDrive({ encode: () => Promise.resolve(new Float32Array(9)) }, madeUpFusion(), motionModel());
    decoder.drive.allowed = false;
    decoder.addKeyframe(keyframe(1));
    for (let index = 0; index < 5; index++) decoder.addBundle(bundle(index), 120 * index + 130);
    for (let piece = 0; piece < 30; piece++) {
      const samples = new Float32Array((SAMPLE_RATE * 60) / 1000);
      await decoder.addSound({ samples, endMs: 5_000 + 60 * piece, arrivalMs: 40 + 60 * piece });
    }
    const show = (nowMs: number): void => {
      const due = decoder.due(nowMs);
      if (due !== null) decoder.noteDrawn(due);
    };
    show(600);
    expect(decoder.state(600)).toBe('live');
    show(900);
    expect([decoder.state(900), decoder.picturesBySound]).toEqual(['live', 0]);
    expect(decoder.due(940), 'held').toBeNull();
    decoder.drive.allowed = true;
    show(960);
    show(1_000);
    expect([decoder.state(1_000), decoder.picturesBySound]).toEqual(['sound', 2]);
    show(4_000);
    expect([decoder.state(4_000), decoder.picturesBySound], 'nothing is heard').toEqual(['stale', 2]);
    for (let index = 32; index < 36; index++) decoder.addBundle(bundle(index), 120 * index + 130);
    show(36 * 120);
    expect(decoder.state(36 * 120)).toBe('live');
  });
});
