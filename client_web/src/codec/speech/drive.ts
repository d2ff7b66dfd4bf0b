/** Moves a face by its received motion and its voice together: mirrors codec/speech/drive.py (docs/speech.md). */
import { EXPRESSION, GAZE, POSE, type Motion, type MotionModel } from '../motion';
import type { TimedFrame } from '../playout';
import type { MouthFusion } from './fusion';
import { HeardVoice } from './heard_voice';
import { IdleFace } from './idle';
import { PersonalRange } from './mouth';
import type { SpeechEncoder } from './networks';

/** The sound that counts. */
const SOUND_BEFORE_MS = 200;
const SOUND_AFTER_MS = 80;
/** A frame that is so much later than frames usually are is missing: the face counts as driven by sound. */
const DRIVEN_AFTER_MS = 60;
const USUAL_GAP_MS = 40;
const GLIDE_MS = 40;
/** Without a received frame for so long, nothing moves any more: whoever was there may be gone. */
const LONGEST_MS = 10_000;
/** A voice that was not heard for so long says nothing of the face any more: then it is held. */
const VOICE_MEMORY_MS = 1_500;

interface ReceivedMotion {
  timeMs: number;
  motion: Motion;
}

/** Drives one sender's face. Times are ms of the sender's clock. */
export class SpeechDrive {
  /** Feed it the sound. */
  readonly voice: HeardVoice;
  /** Whether this person lets sound move their face while no motion is received. */
  allowed = true;
  /** What is expected of the newest mouth's error at 256². */
  errorPx = 0;

  private readonly range: PersonalRange;
  private readonly idle: IdleFace;
  private notedMs = -Infinity;
  private shown: { motion: number[]; mediaMs: number; driven: boolean } | null = null;
  private glide: number[] = [];

  constructor(
    encoder: SpeechEncoder,
    private readonly fusion: MouthFusion,
    model: MotionModel,
  ) {
    this.voice = new HeardVoice(encoder);
    this.range = new PersonalRange(model);
    this.idle = new IdleFace(model);
  }

  /**
   * Returns the frame to show at `mediaMs`. `frame` is what playout says is due, `around` the frames that were received
   * from 0.6 s before on, in order of time. A frame without motion is returned as it is. Where no motion is received, what
   * was shown is held if this person does not let sound move their face, if no voice is heard, or after 10 s.
   */
  move(frame: TimedFrame, around: readonly TimedFrame[], mediaMs: number): TimedFrame {
    const known = around.flatMap(({ timeMs, motion }) => (motion === null ? [] : [{ timeMs, motion }]));
    const newest = known[known.length - 1];
    if (frame.motion === null || newest === undefined) {
      this.shown = null;
      return frame;
    }
    this.note(known);
    const ageMs = mediaMs - newest.timeMs;
    const driven = ageMs > usualGapMs(known) + DRIVEN_AFTER_MS;
    if (driven && !this.mayDrive(ageMs, mediaMs)) {
      return this.shown === null ? frame : { ...frame, motion: this.shown.motion };
    }
    const expression = this.expression(known, mediaMs);
    const motion = [...frame.motion.slice(0, POSE + GAZE), ...expression];
    return this.show(frame, this.idle.settle(motion, ageMs, mediaMs), mediaMs, driven);
  }

  private mayDrive(ageMs: number, mediaMs: number): boolean {
    return this.allowed && ageMs <= LONGEST_MS && mediaMs - this.voice.endsMs <= VOICE_MEMORY_MS;
  }

  private note(frames: readonly ReceivedMotion[]): void {
    for (const { timeMs, motion } of frames) {
      if (timeMs <= this.notedMs) continue;
      this.notedMs = timeMs;
      this.range.note(motion.slice(POSE + GAZE));
      this.idle.note(motion);
    }
  }

  /** Returns the 24 coefficients of expression at `mediaMs` from the frames around it and the sound. */
  private expression(frames: readonly ReceivedMotion[], mediaMs: number): number[] {
    const rest = this.range.rest ?? new Array<number>(EXPRESSION).fill(0);
    const sound = this.allowed ? this.voice.around(mediaMs, SOUND_BEFORE_MS, SOUND_AFTER_MS) : [];
    const { expression, errorPx } = this.fusion.estimate(
      {
        frames: frames.map(({ timeMs, motion }) => ({
          ms: timeMs - mediaMs,
          motion: rest.map((value, index) => (motion[POSE + GAZE + index] ?? 0) - value),
        })),
        sound: sound.map(({ timeMs, row }) => ({ ms: timeMs - mediaMs, features: row })),
      },
      this.range.scalePx,
    );
    this.errorPx = errorPx;
    return rest.map((value, index) => value + (expression[index] ?? 0));
  }

  /** Returns the frame with its target, reached without a jump where motion begins again. */
  private show(frame: TimedFrame, target: number[], mediaMs: number, driven: boolean): TimedFrame {
    const before = this.shown;
    if (before?.driven && !driven) this.glide = before.motion.map((value, index) => value - (target[index] ?? 0));
    const decay = before === null ? 0 : Math.exp(-Math.max(0, mediaMs - before.mediaMs) / GLIDE_MS);
    this.glide = this.glide.map((value) => value * decay);
    const motion = target.map((value, index) => value + (this.glide[index] ?? 0));
    this.shown = { motion, mediaMs, driven };
    return { ...frame, motion, driven };
  }
}

/** Returns the median time between frames. */
function usualGapMs(frames: readonly ReceivedMotion[]): number {
  const gaps = frames.slice(1).map(({ timeMs }, index) => timeMs - (frames[index]?.timeMs ?? timeMs));
  gaps.sort((left, right) => left - right);
  const middle = (gaps.length - 1) / 2;
  const [low, high] = [gaps[Math.floor(middle)], gaps[Math.ceil(middle)]];
  return low === undefined || high === undefined ? USUAL_GAP_MS : (low + high) / 2;
}
