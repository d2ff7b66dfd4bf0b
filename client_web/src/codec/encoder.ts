/** The sender: camera pictures with their landmarks in, bundles and keyframes out. */
import { BundleWriter } from './bundle_writer';
import type { EntropyTable } from './contexts';
import { StableCrop, toCropUnits, type Crop } from './crop';
import type { EncoderTimings } from './face';
import { PICTURE_CODEC, type CodedPicture } from './intra_picture';
import { KeyframePool } from './keyframe_pool';
import { NUMBERS, encodeKeyframe, ticks } from './keyframes';
import { quantise, type Landmarks, type Motion, type MotionModel, type Shape } from './motion';
import type { PictureCoder } from './picture_stream_encoder';
import { DEFAULT_SETTINGS, type EncoderSettings } from './settings';
import { StageTiming } from './stage_timing';

/** One camera picture; the keyframe's picture is only cut out when it is needed. */
export interface CameraPicture {
  width: number;
  height: number;
  /** Returns the square of the picture at `side` × `side` pixels. */
  cut(crop: Crop, side: number): ImageData;
}

/** What one camera picture gave: perhaps a keyframe, perhaps bundles (to be sent after the keyframe). */
export interface Encoded {
  keyframe: Uint8Array<ArrayBuffer> | null;
  bundles: Uint8Array<ArrayBuffer>[];
}

/** Encodes one person's face; one picture at a time. */
export class Encoder {
  private readonly timings = { motion: new StageTiming(), entropy: new StageTiming(), keyframe: new StageTiming() };
  private readonly stableCrop = new StableCrop();
  private readonly pool: KeyframePool;
  private readonly writer: BundleWriter;
  private shape: Shape | null = null;
  private previous: Motion | null = null;
  private number = 0;
  private mayPredict = true;
  private needsIntra = true;
  private chainBytes = 0;
  private making: Promise<void> | null = null;
  private made: Uint8Array<ArrayBuffer> | { error: unknown } | null = null;
  private lastFrameMs = 0;
  private faceLostMs: number | null = null;

  constructor(
    private readonly model: MotionModel,
    private readonly table: EntropyTable,
    private readonly coder: PictureCoder,
    private readonly settings: EncoderSettings = DEFAULT_SETTINGS,
  ) {
    this.pool = new KeyframePool(model.pointWeights, settings);
    this.writer = new BundleWriter(table, settings.bundleMs);
  }

  /** Numbers of the keyframes in use, oldest first. */
  get keyframeNumbers(): number[] {
    return this.pool.numbers;
  }

  get stageTimings(): Omit<EncoderTimings, 'landmarks'> {
    const { motion, entropy, keyframe } = this.timings;
    return { motion: motion.mean, entropy: entropy.mean, keyframe: keyframe.mean };
  }

  /** The square of the camera picture that is being sent; `null` before the first face. */
  get crop(): Crop | null {
    return this.stableCrop.crop;
  }

  /** Makes the next picture an intra keyframe, as somebody needs too much to continue from. */
  beginChain(): void {
    this.needsIntra = true;
  }

  /** Says whether keyframes may be predicted; if not, each is intra, and the next picture is one. */
  setPrediction(allowed: boolean): void {
    if (this.mayPredict && !allowed) this.needsIntra = true;
    this.mayPredict = allowed;
  }

  /** Lets frames pick a keyframe that everybody has. */
  confirmKeyframe(number: number): void {
    this.pool.confirm(number);
  }

  /** Says what keyframes may cost on average from now on, kbit/s. */
  setKeyframeKbps(kbps: number): void {
    this.pool.keyframeKbps = kbps;
  }

  /**
   * Takes one camera picture with its landmarks in pixels, or null: no face.
   *
   * `timeMs` is the sender's clock and must grow. Throws `CodecError` `no-webcodecs` if a keyframe cannot be coded.
   */
  async encode(
    picture: CameraPicture,
    landmarks: Landmarks | null,
    timeMs: number,
    voiceActive: boolean,
  ): Promise<Encoded> {
    if (landmarks === null) return { keyframe: null, bundles: this.faceless(timeMs, voiceActive) };
    if (this.faceLostMs !== null && timeMs - this.faceLostMs > this.settings.absenceMs) this.forgetPerson();
    this.faceLostMs = null;
    this.lastFrameMs = timeMs;
    const { crop, shape, motion, rebuilt } = this.timings.motion.measure(() => this.measure(picture, landmarks));
    if ((this.pool.needsKeyframe(rebuilt, timeMs) || this.needsIntra) && this.making === null) {
      const isFull = this.chainBytes > this.settings.chainBytes;
      const intra = this.needsIntra || isFull || !this.mayPredict;
      this.needsIntra = false;
      const coded = this.coder.encode(picture.cut(crop, this.settings.pictureSide), intra);
      this.making = this.makeKeyframe(coded, shape, motion, rebuilt, timeMs);
    }
    // Coding takes longer than a frame: only the first keyframe is waited for.
    if (this.pool.numbers.length === 0) await this.making;
    const keyframe = this.takeKeyframe();
    const ranked = this.pool.pick(rebuilt, timeMs);
    const begin = performance.now();
    const bundles = this.writer.add(timeMs, motion, ranked, voiceActive);
    if (bundles.length > 0) this.timings.entropy.add(performance.now() - begin);
    return { keyframe, bundles };
  }

  /** Returns the crop, the person's shape, the motion in the crop, and the landmarks that a receiver rebuilds of it. */
  private measure(
    picture: CameraPicture,
    landmarks: Landmarks,
  ): { crop: Crop; shape: Shape; motion: Motion; rebuilt: Landmarks } {
    const { crop, jumped } = this.stableCrop.update(landmarks, picture.width, picture.height);
    const inCrop = toCropUnits(crop, landmarks);
    if (jumped) {
      this.pool.noteJump();
      this.previous = null;
    }
    const shape = (this.shape ??= this.model.fitShape(inCrop));
    const motion = quantise(this.model.fit(shape, inCrop), this.previous, this.settings.hysteresis);
    this.previous = motion;
    return { crop, shape, motion, rebuilt: this.model.landmarks(shape, motion) };
  }

  /** Starts over after an absence: whoever is back may be somebody else. */
  private forgetPerson(): void {
    this.shape = null;
    this.needsIntra = true;
    this.pool.clear();
  }

  /** Says that there is no face: at once, and later only now and then. */
  private faceless(timeMs: number, voiceActive: boolean): Uint8Array<ArrayBuffer>[] {
    this.previous = null;
    this.faceLostMs ??= timeMs;
    const settled = timeMs - this.faceLostMs > this.settings.facelessIntervalMs;
    if (settled && timeMs - this.lastFrameMs < this.settings.facelessIntervalMs) return [];
    this.lastFrameMs = timeMs;
    return this.writer.add(timeMs, null, [], voiceActive);
  }

  /** Returns a keyframe that has been coded meanwhile; throws what stopped it. */
  private takeKeyframe(): Uint8Array<ArrayBuffer> | null {
    const { made } = this;
    this.made = null;
    if (made === null || made instanceof Uint8Array) return made;
    throw made.error;
  }

  private async makeKeyframe(
    coded: Promise<CodedPicture>,
    shape: Shape,
    motion: Motion,
    landmarks: Landmarks,
    timeMs: number,
  ): Promise<void> {
    const begin = performance.now();
    try {
      this.made = this.addKeyframe(await coded, shape, motion, landmarks, timeMs);
    } catch (error) {
      this.made = { error };
    } finally {
      this.making = null;
      this.timings.keyframe.add(performance.now() - begin);
    }
  }

  private addKeyframe(
    picture: CodedPicture,
    shape: Shape,
    motion: Motion,
    landmarks: Landmarks,
    timeMs: number,
  ): Uint8Array<ArrayBuffer> {
    const data = encodeKeyframe(this.table, {
      number: this.number,
      timeTicks: ticks(timeMs),
      side: this.settings.pictureSide,
      shape,
      motion,
      pictureCodec: picture.codec,
      picture: picture.bytes,
    });
    this.chainBytes = data.length + (picture.codec === PICTURE_CODEC.av1Next ? this.chainBytes : 0);
    this.pool.add({ number: this.number, motion }, landmarks, data.length, timeMs);
    this.number = (this.number + 1) % NUMBERS;
    return data;
  }
}
