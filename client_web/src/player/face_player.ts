import { Decoder, type DueFrame } from '../codec/decoder';
import type { DrawingTools } from '../codec/drawing_tools';
import { UnknownKeyframeError, WireError } from '../codec/errors';
import type { FaceDecoderStatistics } from '../codec/face';
import { FacePictures } from '../codec/face_pictures';
import { StageTiming } from '../codec/stage_timing';
import { startingPoint, type FilmParticipant } from './film';

/** How long before they are due records are taken: enough to interpolate towards the next bundle. */
const LEAD_MS = 250;
/** What is gone through before a start in the middle: where nothing can be drawn there, the last picture before is held. */
const RUN_UP_MS = 10_000;
const STEP_MS = 40;
/** A longer way ahead is not played through but begun anew. */
const LONGEST_STEP_MS = 2_000;

export type FaceMode = FaceDecoderStatistics['state'];

/** One participant's picture at any moment of a film: on and on cheaply, elsewhere by beginning anew. */
export class FacePlayer {
  private decoder: Decoder;
  private pictures: FacePictures;
  private next = 0;
  private shownMs = -Infinity;
  private shown: ImageData | null = null;

  constructor(
    private readonly participant: FilmParticipant,
    private readonly tools: DrawingTools,
  ) {
    this.decoder = this.freshDecoder();
    this.pictures = this.freshPictures();
  }

  /** The picture at `timeMs`, null before the first, and how it came about. One call at a time. */
  async show(timeMs: number): Promise<{ picture: ImageData | null; mode: FaceMode }> {
    if (timeMs < this.shownMs || timeMs > this.shownMs + LONGEST_STEP_MS) await this.beginAt(timeMs);
    let due: DueFrame | null = null;
    while (this.shownMs < timeMs) {
      this.shownMs = Math.min(timeMs, this.shownMs + STEP_MS);
      await this.readUntil(this.shownMs);
      due = this.decoder.due(this.shownMs) ?? due;
    }
    const picture = due === null ? null : await this.pictures.draw(due);
    if (due !== null && picture !== null) {
      this.shown = picture;
      this.decoder.noteDrawn(due);
    }
    return { picture: this.shown, mode: this.decoder.state(timeMs) };
  }

  close(): void {
    this.pictures.close();
  }

  private async beginAt(timeMs: number): Promise<void> {
    this.pictures.close();
    this.decoder = this.freshDecoder();
    this.pictures = this.freshPictures();
    this.shown = null;
    this.shownMs = timeMs - RUN_UP_MS;
    const { next, keyframes } = startingPoint(this.participant, timeMs, RUN_UP_MS);
    this.next = next;
    for (const keyframe of keyframes) await this.addKeyframe(keyframe, timeMs);
  }

  /** Takes what is due; keyframes come with the bundles around them: sooner, they would replace some still in use. */
  private async readUntil(timeMs: number): Promise<void> {
    const { records, lateMs } = this.participant;
    for (;;) {
      const record = records[this.next];
      if (record === undefined || record.timeMs > timeMs + LEAD_MS + lateMs) return;
      if (record.showMs === null) await this.addKeyframe(record.payload, timeMs);
      else if (record.showMs <= timeMs + LEAD_MS) this.decoder.addBundle(record.payload, record.showMs);
      else return;
      this.next++;
    }
  }

  private async addKeyframe(payload: Uint8Array, nowMs: number): Promise<void> {
    const keyframe = this.decoder.addKeyframe(payload);
    if (keyframe === null) return;
    try {
      await this.pictures.add(keyframe);
    } catch (error) {
      if (this.pictures.has(keyframe)) return;
      if (error instanceof UnknownKeyframeError) this.decoder.missKeyframe(keyframe, nowMs);
      else if (error instanceof WireError) this.decoder.dropKeyframe(keyframe);
      else throw error;
    }
  }

  private freshDecoder(): Decoder {
    // What is missing in a recording nobody can send again.
    return new Decoder(this.tools.table, () => {});
  }

  private freshPictures(): FacePictures {
    const { animator, model, streamConfig } = this.tools;
    return new FacePictures(animator, model, streamConfig, new StageTiming());
  }
}
