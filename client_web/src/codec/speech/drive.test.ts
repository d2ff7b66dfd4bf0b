import { describe, expect, it } from 'vitest';
import { fromHexadecimal, goldenVectors, motionModel } from '../../testing/golden_vectors';
import { largestDifference, madeUpSound } from '../../testing/sound';
import { MODE } from '../bundle';
import { CodecError } from '../errors';
import type { Motion } from '../motion';
import type { TimedFrame } from '../playout';
import { SpeechDrive } from './drive';
import { SAMPLE_RATE } from './features';
import { MouthFusion, parseCovariances } from './fusion';
import { COLUMNS, FEATURES, type SpeechEncoder } from './networks';

interface Head {
  covariances: string;
}
interface Step {
  now_ms: number;
  allowed: boolean;
  arrived: Motion | null;
  pieces: number[];
  driven: boolean;
  motion: Motion;
  error_px: number;
}

const PIECE = (SAMPLE_RATE * 60) / 1000;
const model = motionModel();
const [head, ...steps] = goldenVectors<Head & Step>('speech');

/** The means of the first nine bands, as in tests/vectors/speech.py. */
const meanEncoder: SpeechEncoder = {
  encode: (columns) =>
    Promise.resolve(
      Float32Array.from({ length: FEATURES }, (_, band) => {
        const row = columns.subarray(band * COLUMNS, (band + 1) * COLUMNS);
        return row.reduce((sum, value) => sum + value, 0) / COLUMNS;
      }),
    ),
};

function drive(): SpeechDrive {
  const covariances = parseCovariances(fromHexadecimal(head?.covariances ?? ''));
  return new SpeechDrive(meanEncoder, new MouthFusion(covariances), model);
}

function frameAt(timeMs: number, motion: Motion): TimedFrame {
  return { timeMs, mode: MODE.animated, picked: 1, other: 1, motion };
}

describe('the drive', () => {
  it('shows what the golden vectors show through loss, silence and return', async () => {
    const driven = drive();
    const sound = madeUpSound(3);
    const received: TimedFrame[] = [];
    for (const step of steps) {
      if (step.arrived !== null) received.push(frameAt(step.now_ms, step.arrived));
      driven.allowed = step.allowed;
      for (const start of step.pieces) {
        await driven.voice.add(sound.slice(start, start + PIECE), (start * 1000) / SAMPLE_RATE);
      }
      const recent = received.filter(({ timeMs }) => timeMs >= step.now_ms - 700);
      const around = recent.length > 0 ? recent : received.slice(-1);
      const due = around[around.length - 1];
      if (due === undefined) throw new Error('nothing was received');
      const shown = driven.move(due, around, step.now_ms);
      expect({ now: step.now_ms, driven: shown.driven ?? false }).toEqual({ now: step.now_ms, driven: step.driven });
      expect(largestDifference(shown.motion ?? [], step.motion)).toBeLessThan(2e-3);
      expect(driven.errorPx).toBeCloseTo(step.error_px, 3);
    }
  });

  it('leaves a frame without motion alone', () => {
    const frame: TimedFrame = { timeMs: 0, mode: MODE.none, picked: 0, other: 0, motion: null };
    expect(drive().move(frame, [frame], 0)).toBe(frame);
  });

  it('refuses a broken table of covariances', () => {
    expect(() => parseCovariances(Uint8Array.of(0x80))).toThrow(CodecError);
    expect(() => parseCovariances(Uint8Array.of(0x81, 0xa7, ...Buffer.from('version'), 1))).toThrow(CodecError);
  });
});
