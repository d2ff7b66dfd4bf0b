import { describe, expect, it } from 'vitest';
import { entropyTable, motionModel } from '../testing/golden_vectors';
import { decodeFrames, parseBundle } from './bundle';
import { Encoder, type CameraPicture } from './encoder';
import { PICTURE_CODEC } from './intra_picture';
import { parseKeyframe } from './keyframes';
import type { Motion } from './motion';
import type { PictureCoder } from './picture_stream_encoder';
import { DEFAULT_SETTINGS } from './settings';

const table = entropyTable();
const model = motionModel();
const SHAPE = new Array<number>(32).fill(0);
const PICTURE: CameraPicture = {
  width: 640,
  height: 480,
  cut: () => ({ width: 256, height: 256, data: new Uint8ClampedArray(), colorSpace: 'srgb' }) as ImageData,
};
const CODER: PictureCoder = {
  encode: (_, intra) =>
    Promise.resolve({ codec: intra ? PICTURE_CODEC.av1 : PICTURE_CODEC.av1Next, bytes: new Uint8Array(3000) }),
};

/** Landmarks in pixels of a 640 × 480 picture; `turn` is the head's rotation to the side in 1/90 rad. */
function landmarksAt(turn: number, x = 320): Float64Array {
  const motion = new Array<number>(32).fill(0);
  motion[1] = turn;
  return model.landmarks(SHAPE, motion).map((value, index) => value * 60 + ([x, 240, 0][index % 3] ?? 0));
}

describe('the encoder', () => {
  it('sends a keyframe first and bundles that decode from it', async () => {
    const encoder = new Encoder(model, table, CODER);
    const motions = new Map<number, Motion>();
    let frames = 0;
    for (let index = 0; index < 30; index++) {
      const { keyframe, bundles } = await encoder.encode(PICTURE, landmarksAt(index % 5), 40 * index, true);
      expect(keyframe !== null).toBe(index === 0);
      if (keyframe) motions.set(keyframe[1] ?? 0, parseKeyframe(table, keyframe).motion ?? []);
      for (const bundle of bundles) frames += decodeFrames(table, parseBundle(bundle), motions).frames.length;
    }
    expect(frames).toBe(30);
    expect(encoder.keyframeNumbers).toEqual([0]);
  });

  it('makes new keyframes when the head turns or the crop jumps, and keeps as many as the pool holds', async () => {
    const encoder = new Encoder(model, table, CODER, { ...DEFAULT_SETTINGS, poolSize: 3 });
    let made = 0;
    for (let index = 0; index < 400; index++) {
      const turn = 75 * Math.sin(index / 23);
      const { keyframe } = await encoder.encode(
        PICTURE,
        landmarksAt(turn, index < 200 ? 200 : 440),
        120 * index,
        false,
      );
      if (keyframe) made++;
    }
    expect(made).toBeGreaterThan(3);
    expect(made).toBeLessThan(16);
    expect(encoder.keyframeNumbers).toHaveLength(3);
  }, 20_000);

  it('predicts keyframes until a chain is long, somebody needs another, or prediction is not allowed', async () => {
    const encoder = new Encoder(model, table, CODER, { ...DEFAULT_SETTINGS, chainBytes: 8000, poolSize: 2 });
    const intra: boolean[] = [];
    let timeMs = 0;
    const makeKeyframes = async (count: number): Promise<void> => {
      for (const end = timeMs + 60_000, wanted = intra.length + count; intra.length < wanted && timeMs < end; timeMs += 120) {
        const { keyframe } = await encoder.encode(PICTURE, landmarksAt(90 * Math.sin(timeMs / 2700)), timeMs, false);
        if (keyframe) intra.push(parseKeyframe(table, keyframe).pictureCodec === PICTURE_CODEC.av1);
      }
    };
    await makeKeyframes(4);
    expect(intra.splice(0)).toEqual([true, false, false, true]);
    encoder.beginChain();
    await makeKeyframes(2);
    expect(intra.splice(0)).toEqual([true, false]);
    encoder.setPrediction(false);
    await makeKeyframes(3);
    expect(intra.splice(0)).toEqual([true, true, true]);
    encoder.setPrediction(true);
    await makeKeyframes(1);
    expect(intra).toEqual([false]);
  }, 20_000);

  it('says that the face is gone, and takes the next one for another person', async () => {
    const encoder = new Encoder(model, table, CODER);
    await encoder.encode(PICTURE, landmarksAt(0), 0, false);
    let bundles = 0;
    for (let timeMs = 40; timeMs < 5000; timeMs += 40) {
      bundles += (await encoder.encode(PICTURE, null, timeMs, false)).bundles.length;
    }
    expect(bundles).toBeGreaterThan(8);
    expect(bundles).toBeLessThan(25);
    const { keyframe } = await encoder.encode(PICTURE, landmarksAt(0), 5000, false);
    expect(keyframe && parseKeyframe(table, keyframe).pictureCodec).toBe(PICTURE_CODEC.av1);
    expect(encoder.keyframeNumbers).toEqual([1]);
  });
});
