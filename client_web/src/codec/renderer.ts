/** Draws all faces of a page with one animator: in turn, always the frame that is due now, never a queue. */
import type { Animator } from './animator';
import type { EntropyTable } from './contexts';
import { Decoder } from './decoder';
import { UnknownKeyframeError, WireError } from './errors';
import type { FaceDecoderStatistics, RendererTimings } from './face';
import { FacePictures } from './face_pictures';
import type { MotionModel } from './motion';
import { Ear } from './speech/ear';
import type { SpeechModel } from './speech/model';
import type { VoicePacket } from './speech/voice_tap';
import { StageTiming } from './stage_timing';

const PICTURE_INTERVAL_MS = 40;
const STATISTICS_INTERVAL_MS = 1_000;
/** The same where a face's state has changed. */
const CHANGE_INTERVAL_MS = 200;
/** Rest after each round of drawing, as a share of its time: on two cores the tracker needs its turn. */
const REST_SHARE = navigator.hardwareConcurrency > 2 ? 0 : 0.5;
const IDLE_MS = 5;

/** What a renderer tells about its faces. */
export interface RendererEvents {
  /** A picture has been drawn for the first time. */
  firstPicture(): void;
  keyframeNeeded(face: number, number: number): void;
  voice(face: number, active: boolean): void;
  statistics(face: number, statistics: FaceDecoderStatistics, timings: RendererTimings): void;
}

interface Face {
  decoder: Decoder;
  /** Hears this face's voice; null until voices can be heard. */
  ear: Ear | null;
  /** Whether this person lets their voice move their face where no motion arrives. */
  allowsSound: boolean;
  reportedState: FaceDecoderStatistics['state'] | null;
  context: OffscreenCanvasRenderingContext2D;
  pictures: FacePictures;
  nextPictureMs: number;
  picturesDrawn: number;
  pictureTiming: StageTiming;
}

/** Times are ms since the epoch on the page's and the worker's common steady clock. */
export class Renderer {
  private readonly faces = new Map<number, Face>();
  private readonly timings = {
    entropy: new StageTiming(),
    keyframe: new StageTiming(),
    animate: new StageTiming(),
    draw: new StageTiming(),
    speech: new StageTiming(),
    fusion: new StageTiming(),
  };
  private statisticsMs = 0;
  private hasDrawn = false;
  private speechModel: SpeechModel | null = null;

  constructor(
    private readonly animator: Animator,
    private readonly model: MotionModel,
    private readonly table: EntropyTable,
    /** How pictures are decoded that are predicted from others; null if they cannot be. */
    private readonly streamConfig: VideoDecoderConfig | null,
    private readonly events: RendererEvents,
  ) {}

  /** Whether keyframes are decoded that are predicted from others. */
  get decodesPredicted(): boolean {
    return this.streamConfig !== null;
  }

  /** Adds a face that is drawn on that canvas. */
  add(face: number, canvas: OffscreenCanvas): void {
    canvas.width = this.animator.side;
    canvas.height = this.animator.side;
    const context = canvas.getContext('2d');
    if (context === null) throw new TypeError(`the canvas of face ${face} has another context already`);
    this.faces.set(face, {
      decoder: new Decoder(this.table, (number) => this.events.keyframeNeeded(face, number)),
      ear: null,
      allowsSound: false,
      reportedState: null,
      context,
      pictures: new FacePictures(this.animator, this.model, this.streamConfig, this.timings.animate),
      nextPictureMs: 0,
      picturesDrawn: 0,
      pictureTiming: new StageTiming(),
    });
    this.letDrive(face);
  }

  remove(face: number): void {
    this.faces.get(face)?.pictures.close();
    this.faces.get(face)?.ear?.close();
    this.faces.delete(face);
  }

  /** Faces hear their voices from now on. */
  set speech(model: SpeechModel) {
    this.speechModel = model;
    for (const face of this.faces.keys()) this.letDrive(face);
  }

  /** Takes a packet of a face's voice. */
  addVoice(number: number, packet: VoicePacket): void {
    this.faces.get(number)?.ear?.push(packet);
  }

  /** Takes note that the packet of a face's voice with this RTP timestamp began to be played at `playedMs`. */
  notePlayed(number: number, timestamp: number, playedMs: number): void {
    const face = this.faces.get(number);
    const voiceMs = face?.ear?.timeOf(timestamp) ?? null;
    if (voiceMs !== null) face?.decoder.notePlayed(voiceMs, playedMs);
  }

  /** Takes note whether a person lets their voice move their face where no motion arrives. */
  allowSound(number: number, allowed: boolean): void {
    const face = this.faces.get(number);
    if (face === undefined) return;
    face.allowsSound = allowed;
    if (face.decoder.drive !== null) face.decoder.drive.allowed = allowed;
  }

  private letDrive(number: number): void {
    const face = this.faces.get(number);
    if (face === undefined || this.speechModel === null) return;
    face.decoder.drive = this.speechModel.drive();
    face.decoder.drive.allowed = face.allowsSound;
    face.ear = new Ear();
  }

  addBundle(number: number, bundle: Uint8Array, arrivalMs: number): void {
    const decoder = this.faces.get(number)?.decoder;
    if (decoder === undefined) return;
    const before = decoder.voiceActive;
    this.timings.entropy.measure(() => decoder.addBundle(bundle, arrivalMs));
    if (decoder.voiceActive !== before) this.events.voice(number, decoder.voiceActive);
  }

  async addKeyframe(number: number, blob: Uint8Array): Promise<void> {
    const face = this.faces.get(number);
    const keyframe = face?.decoder.addKeyframe(blob);
    if (face === undefined || !keyframe) return;
    const begin = performance.now();
    try {
      if (await face.pictures.add(keyframe)) this.timings.keyframe.add(performance.now() - begin);
    } catch (error) {
      // One that can be drawn already needs no second decoding.
      if (face.pictures.has(keyframe)) return;
      if (error instanceof UnknownKeyframeError) face.decoder.missKeyframe(keyframe, performance.timeOrigin + begin);
      else if (error instanceof WireError) face.decoder.dropKeyframe(keyframe);
      else throw error;
    }
  }

  /** Draws until the animator fails, and then throws what it threw. */
  async run(): Promise<never> {
    for (;;) {
      const begin = performance.now();
      let drawn = 0;
      for (const face of this.faces.values()) {
        await this.listen(face);
        // Messages wait while pictures are drawn: give way after each.
        if (await this.drawDue(face)) {
          drawn++;
          await pause(0);
        }
      }
      this.reportStatistics();
      await pause(drawn === 0 ? IDLE_MS : (performance.now() - begin) * REST_SHARE);
    }
  }

  /** Lets a face hear what its voice has said. */
  private async listen(face: Face): Promise<void> {
    const begin = performance.now();
    const frames = (await face.ear?.feed(face.decoder)) ?? 0;
    if (frames > 0) this.timings.speech.add((performance.now() - begin) / frames);
  }

  private async drawDue(face: Face): Promise<boolean> {
    const nowMs = performance.timeOrigin + performance.now();
    if (nowMs < face.nextPictureMs) return false;
    const asked = performance.now();
    const due = face.decoder.due(nowMs);
    if (due === null) return false;
    const begin = performance.now();
    if (face.decoder.drive !== null) this.timings.fusion.add(begin - asked);
    const picture = await face.pictures.draw(due);
    if (picture === null) return false;
    const animated = performance.now();
    face.nextPictureMs = Math.max(face.nextPictureMs + PICTURE_INTERVAL_MS, nowMs - PICTURE_INTERVAL_MS);
    face.context.putImageData(picture, 0, 0);
    const drawn = performance.now();
    this.timings.draw.add(drawn - animated);
    face.pictureTiming.add(drawn - begin);
    face.picturesDrawn++;
    face.decoder.noteDrawn(due);
    if (!this.hasDrawn) this.events.firstPicture();
    this.hasDrawn = true;
    return true;
  }

  private reportStatistics(): void {
    const nowMs = performance.timeOrigin + performance.now();
    const elapsedMs = nowMs - this.statisticsMs;
    const hasChanged = [...this.faces.values()].some((face) => face.decoder.state(nowMs) !== face.reportedState);
    if (elapsedMs < (hasChanged ? CHANGE_INTERVAL_MS : STATISTICS_INTERVAL_MS)) return;
    this.statisticsMs = nowMs;
    const { entropy, keyframe, animate, draw, speech, fusion } = this.timings;
    const timings: RendererTimings = {
      entropy: entropy.mean,
      keyframe: keyframe.mean,
      animate: animate.mean,
      draw: draw.mean,
      speech: speech.mean,
      fusion: fusion.mean,
    };
    for (const [number, face] of this.faces) {
      face.reportedState = face.decoder.state(nowMs);
      const statistics: FaceDecoderStatistics = {
        picturesPerSecond: (1000 * face.picturesDrawn) / elapsedMs,
        millisecondsPerPicture: face.pictureTiming.mean,
        playoutDelayMs: face.decoder.playoutDelayMs,
        behindMs: face.decoder.behindMs,
        provider: this.animator.provider,
        weights: this.animator.name,
        state: face.reportedState,
        picturesBySound: face.decoder.picturesBySound,
        soundOffsetMs: face.decoder.lipSync.offsetMs,
        voiceDelayMs: face.decoder.lipSync.voiceDelayMs,
        dropped: face.decoder.dropped,
      };
      face.picturesDrawn = 0;
      this.events.statistics(number, statistics, timings);
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
