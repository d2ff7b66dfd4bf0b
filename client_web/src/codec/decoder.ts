/** The receiver of one face: bundles and keyframes in, the frame to draw now out. */
import {
  MODE,
  SEQUENCE_MODULUS,
  decodeFrames,
  parseBundle,
  type Bundle,
  type BundleHeader,
  type PackedBundle,
} from './bundle';
import type { EntropyTable } from './contexts';
import { UnknownKeyframeError, WireError } from './errors';
import type { FaceDecoderStatistics } from './face';
import { CACHED_KEYFRAMES, parseKeyframe, type Keyframe } from './keyframes';
import { LipSync } from './lip_sync';
import type { Motion } from './motion';
import { Playout, type TimedFrame } from './playout';
import type { SpeechDrive } from './speech/drive';
import { SAMPLE_RATE } from './speech/features';
import { VoiceClock } from './speech/voice_clock';
import type { HeardSound } from './speech/voice_tap';

/** A keyframe may still be on its way when the first bundle names it; only then is it asked for. */
const FIRST_REQUEST_MS = 500;
const REQUEST_INTERVAL_MS = 1_000;

/** A frame that is due, with the keyframes it is drawn from. */
export interface DueFrame {
  frame: TimedFrame;
  /** Shown as it is unless the frame is animated; then it has a face. */
  picked: Keyframe;
  /** The bundle's other keyframe, if it has one with a face and it is here. */
  other: Keyframe | null;
}

/** Decodes one participant's face. All times are ms of one steady clock. */
export class Decoder {
  voiceActive = false;
  /** Bundles and keyframes that did not parse. */
  dropped = 0;
  /** Refines motion, and replaces it where it is missing, by what it hears; null until it is loaded, or where it cannot be. */
  drive: SpeechDrive | null = null;
  /** Drawn where motion was missing and the voice moved the face. */
  picturesBySound = 0;

  readonly lipSync = new LipSync();

  private readonly playout = new Playout();
  private readonly voiceClock = new VoiceClock();
  private readonly keyframes = new Map<number, Keyframe>();
  private readonly motions = new Map<number, Motion>();
  private readonly missing = new Map<number, { askedMs: number }>();
  private newestSequence: number | null = null;
  private drawn: TimedFrame | null = null;
  /** The frame that was due last. */
  private newest: TimedFrame | null = null;

  constructor(
    private readonly table: EntropyTable,
    /** Asks the sender for that keyframe. */
    private readonly request: (number: number) => void,
  ) {}

  /** How much later than the fastest bundle of the last 10 s pictures are shown, ms. */
  get playoutDelayMs(): number {
    return this.playout.bufferingMs;
  }

  /** How much later than the times in bundles say frames are shown, by the clock of arrivals, ms; null before the first. */
  get behindMs(): number | null {
    return this.playout.behindMs;
  }

  /** Takes a bundle; one that does not parse is counted and dropped. */
  addBundle(data: Uint8Array, arrivalMs: number): void {
    try {
      const packed = parseBundle(data);
      this.noteVoice(packed.header);
      const bundle = this.decodeFrames(packed);
      this.playout.add(bundle, arrivalMs);
      if (bundle.frames.length > 0) this.voiceClock.noteBundle(this.playout.newestFrameMs, arrivalMs);
    } catch (error) {
      if (error instanceof UnknownKeyframeError) this.miss(error.number, arrivalMs);
      else if (error instanceof WireError) this.dropped++;
      else throw error;
    }
  }

  /** Lets the drive hear the sound of a packet; resolves when it has. */
  async addSound({ samples, endMs, arrivalMs }: HeardSound): Promise<void> {
    const lengthMs = (1000 * samples.length) / SAMPLE_RATE;
    this.voiceClock.noteVoice(endMs, lengthMs, arrivalMs);
    const timeMs = this.voiceClock.toFrames(endMs - lengthMs);
    if (timeMs !== null) await this.drive?.voice.add(samples, timeMs);
  }

  /** Takes note that what the voice said at `voiceMs` of its own clock was played at `playedMs`. */
  notePlayed(voiceMs: number, playedMs: number): void {
    const frameMs = this.voiceClock.toFrames(voiceMs);
    if (frameMs !== null) this.lipSync.noteSound(playedMs - frameMs);
  }

  /** Throws `WireError`, too, if a frame is to be animated from a keyframe that is here and has no face. */
  private decodeFrames(packed: PackedBundle): Bundle {
    const { keyframeA, keyframeB } = packed.header;
    const checkFace = (number: number): void => {
      if (this.keyframes.has(number) && !this.motions.has(number)) {
        throw new WireError(`animated frame that picks keyframe ${number}, which has no face`);
      }
    };
    try {
      const bundle = decodeFrames(this.table, packed, this.motions);
      for (const { mode, pick } of bundle.frames) if (mode === MODE.animated) checkFace(pick ? keyframeB : keyframeA);
      return bundle;
    } catch (error) {
      if (error instanceof UnknownKeyframeError) checkFace(error.number);
      throw error;
    }
  }

  /** Takes a keyframe; returns it (the one here already if it is the same), or null if it did not parse (counted). */
  addKeyframe(data: Uint8Array): Keyframe | null {
    let keyframe: Keyframe;
    try {
      keyframe = parseKeyframe(this.table, data);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.dropped++;
      return null;
    }
    const before = this.keyframes.get(keyframe.number);
    if (before !== undefined && isSameKeyframe(before, keyframe)) return before;
    this.removeKeyframe(keyframe.number);
    this.keyframes.set(keyframe.number, keyframe);
    if (keyframe.motion !== null) this.motions.set(keyframe.number, keyframe.motion);
    this.missing.delete(keyframe.number);
    const [oldest] = this.keyframes.keys();
    if (this.keyframes.size > CACHED_KEYFRAMES && oldest !== undefined) this.removeKeyframe(oldest);
    return keyframe;
  }

  /** Forgets a keyframe whose picture does not decode; it is asked for again when a frame needs it. */
  dropKeyframe(keyframe: Keyframe): void {
    this.dropped++;
    if (this.keyframes.get(keyframe.number) === keyframe) this.removeKeyframe(keyframe.number);
  }

  /** Forgets a keyframe that continues one which is not here; it is asked for as if it had not come. */
  missKeyframe(keyframe: Keyframe, nowMs: number): void {
    if (this.keyframes.get(keyframe.number) === keyframe) this.removeKeyframe(keyframe.number);
    this.miss(keyframe.number, nowMs);
  }

  /** Returns what to draw now; null while nothing new is due, there is no face, or its keyframe is missing. */
  due(nowMs: number): DueFrame | null {
    const frame = this.dueFrame(nowMs);
    if (frame === null) return null;
    this.newest = frame;
    if (this.drawn !== null && isSameFrame(frame, this.drawn)) return null;
    if (frame.mode === MODE.none) return null;
    const picked = this.keyframes.get(frame.picked);
    if (picked === undefined) this.miss(frame.picked, nowMs);
    if (frame.mode === MODE.plain) return picked === undefined ? null : { frame, picked, other: null };
    const other = this.keyframes.get(frame.other);
    if (other === undefined) this.miss(frame.other, nowMs);
    // A number can come to stand for a keyframe without a face after the bundle was taken.
    if (picked === undefined || picked.motion === null) return null;
    return { frame, picked, other: other === undefined || other === picked || other.motion === null ? null : other };
  }

  /** Takes note that a frame was drawn. */
  noteDrawn({ frame }: DueFrame): void {
    this.drawn = frame;
    if (frame.driven) this.picturesBySound++;
  }

  /** What may honestly be said of the face: the last picture is held when it is `stale` or there is `no-face`. */
  state(nowMs: number): FaceDecoderStatistics['state'] {
    const mode = this.newest?.mode;
    if (this.drawn === null) return mode === MODE.none ? 'no-face' : 'waiting';
    if (this.newest?.driven) return 'sound';
    if (this.playout.isStale(nowMs)) return 'stale';
    if (mode === MODE.none) return 'no-face';
    return mode === MODE.plain ? 'plain' : 'live';
  }

  private dueFrame(nowMs: number): TimedFrame | null {
    const frame = this.playout.due(nowMs);
    if (this.playout.behindMs !== null) this.lipSync.notePicture(this.playout.behindMs, nowMs);
    this.playout.waitMs = this.lipSync.pictureWaitMs;
    if (frame === null || this.drive === null) return frame;
    return this.drive.move(frame, this.playout.around, this.playout.mediaMs);
  }

  private noteVoice({ sequence, voiceActive }: BundleHeader): void {
    const ahead =
      this.newestSequence === null ? 1 : (sequence - this.newestSequence + SEQUENCE_MODULUS) % SEQUENCE_MODULUS;
    if (ahead >= SEQUENCE_MODULUS / 2) return;
    this.newestSequence = sequence;
    this.voiceActive = voiceActive;
  }

  private miss(number: number, nowMs: number): void {
    const request = this.missing.get(number);
    if (request === undefined) {
      this.missing.set(number, { askedMs: nowMs + FIRST_REQUEST_MS - REQUEST_INTERVAL_MS });
    } else if (nowMs - request.askedMs >= REQUEST_INTERVAL_MS) {
      request.askedMs = nowMs;
      this.request(number);
    }
  }

  private removeKeyframe(number: number): void {
    this.keyframes.delete(number);
    this.motions.delete(number);
  }
}

function isSameFrame(one: TimedFrame, two: TimedFrame): boolean {
  return (
    one.timeMs === two.timeMs &&
    one.picked === two.picked &&
    one.other === two.other &&
    (one.motion === two.motion || (one.motion ?? []).every((value, index) => value === two.motion?.[index]))
  );
}

function isSameKeyframe(one: Keyframe, two: Keyframe): boolean {
  return (
    one.timeTicks === two.timeTicks &&
    one.picture.length === two.picture.length &&
    one.motion?.length === two.motion?.length &&
    (one.motion ?? []).every((value, index) => value === two.motion?.[index]) &&
    one.picture.every((byte, index) => byte === two.picture[index])
  );
}
