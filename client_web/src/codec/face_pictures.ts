/** The pictures of one face: its keyframes' own, decoded and prepared, and those drawn from them. */
import type { Animator, CachedKeyframe } from './animator';
import type { DueFrame } from './decoder';
import type { Keyframe } from './keyframes';
import type { MotionModel } from './motion';
import { PictureStreamDecoder } from './picture_stream_decoder';
import type { StageTiming } from './stage_timing';

/** Keeps what was computed of a keyframe as long as somebody holds the keyframe. */
export class FacePictures {
  private readonly stream: PictureStreamDecoder;
  /** Decoded pictures, the same restored, and what `animate` needs of them. */
  private readonly decoded = new WeakMap<Keyframe, ImageData>();
  private readonly restored = new WeakMap<Keyframe, ImageData>();
  private readonly cached = new WeakMap<Keyframe, CachedKeyframe>();

  /**
   * @param streamConfig how pictures are decoded that are predicted from others; null if they cannot be.
   * @param timing counts how long animating takes.
   */
  constructor(
    private readonly animator: Animator,
    private readonly model: MotionModel,
    streamConfig: VideoDecoderConfig | null,
    private readonly timing: StageTiming,
  ) {
    this.stream = new PictureStreamDecoder(streamConfig, animator.side);
  }

  /**
   * Decodes a keyframe's picture; resolves with false if that was done before. Rejects with `UnknownKeyframeError` if
   * it continues one that is not here, with `WireError` if it is broken.
   */
  async add(keyframe: Keyframe): Promise<boolean> {
    const picture = await this.stream.decode(keyframe);
    if (picture !== null) this.decoded.set(keyframe, picture);
    return picture !== null;
  }

  /** Whether a keyframe can be drawn from. */
  has(keyframe: Keyframe): boolean {
    return this.decoded.has(keyframe);
  }

  /** Returns what to show of a frame; null while a keyframe's picture is still being decoded. */
  async draw({ frame, picked, other }: DueFrame): Promise<ImageData | null> {
    if (frame.motion === null) return this.shownAsItIs(picked);
    if (picked.shape === null) return null;
    const cached = await this.prepared(picked);
    if (cached === null) return null;
    const cachedOther = other === null ? null : await this.prepared(other);
    const begin = performance.now();
    const picture = await this.animator.animate(cached, cachedOther, this.model.landmarks(picked.shape, frame.motion));
    this.timing.add(performance.now() - begin);
    return picture;
  }

  close(): void {
    this.stream.close();
  }

  /** A keyframe as it is shown by itself; null while its picture is still being decoded. */
  private async shownAsItIs(keyframe: Keyframe): Promise<ImageData | null> {
    const picture = this.decoded.get(keyframe);
    if (picture === undefined) return null;
    const restored = this.restored.get(keyframe) ?? (await this.animator.restore(picture));
    this.restored.set(keyframe, restored);
    return restored;
  }

  /** What `animate` needs of a keyframe; null without a face, or while its picture is still being decoded. */
  private async prepared(keyframe: Keyframe): Promise<CachedKeyframe | null> {
    const cached = this.cached.get(keyframe);
    if (cached !== undefined) return cached;
    const picture = this.decoded.get(keyframe);
    const { shape, motion } = keyframe;
    if (picture === undefined || shape === null || motion === null) return null;
    const prepared = await this.animator.cacheKeyframe(picture, this.model.landmarks(shape, motion));
    this.cached.set(keyframe, prepared);
    return prepared;
  }
}
