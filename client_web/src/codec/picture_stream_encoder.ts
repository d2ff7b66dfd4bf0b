/** The pictures of one sender's keyframes as an AV1 stream: each is predicted from those before it. */
import { stripTemporalUnit } from './av1';
import { CodecError } from './errors';
import { COLOUR_SPACE, PICTURE_CODEC, convertToI420, encodeFallback, type CodedPicture } from './intra_picture';
import type { EncoderSettings } from './settings';

/** AV1 quantiser steps that halve the bytes of a face, about. */
const STEPS_PER_HALVING = 52;
const COARSEST_QUANTISER = 220;
const USUAL_INTERVAL_US = 1_000_000;

/** WebCodecs' quantiser setting of AV1, which TypeScript's library does not know yet. */
interface Av1EncodeOptions extends VideoEncoderEncodeOptions {
  av1: { quantizer: number };
}

/** Codes the pictures of keyframes, one at a time. */
export interface PictureCoder {
  /** Codes the next picture, a square, predicted from the last one unless `intra`. Throws `CodecError` `no-webcodecs`. */
  encode(picture: ImageData, intra: boolean): Promise<CodedPicture>;
}

/** Codes with WebCodecs as AV1; or where this browser has no AV1 encoder each picture alone, as WebP or JPEG. */
export class PictureStreamEncoder implements PictureCoder {
  private encoder: VideoEncoder | null = null;
  private chunks: Uint8Array[] = [];
  private count = 0;
  /** Of the present chain. */
  private quantiser = 0;

  /** @param content what the pictures show: letters are coded by other means of AV1 than faces (W3C mst-content-hint). */
  constructor(
    private readonly settings: EncoderSettings,
    private readonly content: 'face' | 'text' = 'face',
  ) {}

  async encode(picture: ImageData, intra: boolean): Promise<CodedPicture> {
    try {
      const encoder = await this.open(picture.width);
      if (encoder !== null) return await this.encodeWithin(encoder, picture, intra);
    } catch (error) {
      // Hardware encoders may be busy or lost at any time; the picture must go out all the same.
      if (!(error instanceof DOMException)) throw error;
      this.close();
    }
    return encodeFallback(picture);
  }

  /** Returns the browser's encoder; a new one begins with an intra picture. Null if there is none for AV1. */
  private async open(side: number): Promise<VideoEncoder | null> {
    if (this.encoder?.state === 'configured') return this.encoder;
    this.close();
    if (typeof VideoEncoder === 'undefined') return null;
    const config = av1Config(side, this.content);
    if ((await VideoEncoder.isConfigSupported(config)).supported !== true) return null;
    this.encoder = new VideoEncoder({
      output: (chunk) => {
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        this.chunks.push(bytes);
      },
      // Whoever waits for `flush` learns it there.
      error: () => {},
    });
    this.encoder.configure(config);
    return this.encoder;
  }

  private close(): void {
    if (this.encoder !== null && this.encoder.state !== 'closed') this.encoder.close();
    this.encoder = null;
    this.count = 0;
  }

  /**
   * A picture that needs too many bytes is coded once more, coarser and intra: the last one was not sent. Its chain goes
   * on as coarse.
   */
  private async encodeWithin(encoder: VideoEncoder, picture: ImageData, intra: boolean): Promise<CodedPicture> {
    const begins = intra || this.count === 0;
    if (begins) this.quantiser = this.settings.keyframeQuantiser;
    const coded = await this.encodeOnce(encoder, picture, begins);
    const excess = coded.bytes.length / this.settings.keyframeBytes;
    if (excess <= 1) return coded;
    const coarser = this.quantiser + Math.ceil(STEPS_PER_HALVING * Math.log2(1.1 * excess));
    this.quantiser = Math.min(coarser, COARSEST_QUANTISER);
    return this.encodeOnce(encoder, picture, true);
  }

  private async encodeOnce(encoder: VideoEncoder, picture: ImageData, keyFrame: boolean): Promise<CodedPicture> {
    const frame = new VideoFrame(convertToI420(picture), {
      format: 'I420',
      codedWidth: picture.width,
      codedHeight: picture.height,
      timestamp: USUAL_INTERVAL_US * this.count++,
      colorSpace: COLOUR_SPACE,
    });
    this.chunks = [];
    try {
      encoder.encode(frame, { keyFrame, av1: { quantizer: this.quantiser } } as Av1EncodeOptions);
      await encoder.flush();
    } finally {
      frame.close();
    }
    const [chunk] = this.chunks;
    if (chunk === undefined) throw new CodecError('no-webcodecs', 'the AV1 encoder of this browser gave no picture');
    return { codec: keyFrame ? PICTURE_CODEC.av1 : PICTURE_CODEC.av1Next, bytes: stripTemporalUnit(chunk) };
  }
}

/** The smallest AV1 level that holds a square picture (AV1, annex A.3). */
function av1Level(side: number): string {
  if (side * side <= 147_456) return '00';
  return side * side <= 278_784 ? '01' : '08';
}

function av1Config(side: number, content: 'face' | 'text'): VideoEncoderConfig {
  return {
    codec: `av01.0.${av1Level(side)}M.08`,
    width: side,
    height: side,
    bitrateMode: 'quantizer',
    latencyMode: 'quality',
    ...(content === 'text' ? { contentHint: 'text' } : {}),
  };
}
