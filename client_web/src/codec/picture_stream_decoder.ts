/** The pictures of one sender's keyframes, each predicted from those before it (docs/wire-format.md, 'Predicted pictures'). */
import { checkIntraUnit, checkNextUnit } from './av1';
import { UnknownKeyframeError, WireError } from './errors';
import { COLOUR_SPACE, PICTURE_CODEC, checkSize, decodePicture, readPixels } from './intra_picture';
import { NUMBERS, type Keyframe } from './keyframes';

/** Main profile of 8 bits; level 4.0 holds the largest keyframe. Decoders take what is below it, too. */
const CODEC = 'av01.0.08M.08';
/** A unit that shows no picture is never answered. */
const LONGEST_DECODING_MS = 5_000;

/** Returns how this browser's WebCodecs decode AV1, one picture out for each one in; null if they cannot. */
export async function streamDecoderConfig(): Promise<VideoDecoderConfig | null> {
  if (typeof VideoDecoder === 'undefined') return null;
  // Hardware gains nothing at this size, and may hold pictures back or take them for too small.
  for (const hardwareAcceleration of ['prefer-software', 'no-preference'] as const) {
    const config = { codec: CODEC, colorSpace: COLOUR_SPACE, optimizeForLatency: true, hardwareAcceleration };
    if ((await VideoDecoder.isConfigSupported(config)).supported === true) return config;
  }
  return null;
}

/** Whether keyframes are decoded here that are predicted from others. */
export async function decodesPredictedKeyframes(): Promise<boolean> {
  return (await streamDecoderConfig()) !== null;
}

/** Decodes the pictures of one sender's keyframes, in the order in which they are given. */
export class PictureStreamDecoder {
  private chain: Chain | null = null;
  private nextNumber = 0;
  /** Keyframes that the chain has passed. */
  private passed = new WeakSet<Keyframe>();
  private newest: Promise<unknown> = Promise.resolve();
  private closed = false;

  /** `config` is that of `streamDecoderConfig`; without one, only pictures that stand alone are decoded. */
  constructor(
    private readonly config: VideoDecoderConfig | null,
    /** Of the pictures that come out, pixels. */
    private readonly wantedSide: number,
  ) {}

  /**
   * Decodes a keyframe's picture to RGBA; null if that keyframe was decoded since its chain began.
   *
   * Rejects with `UnknownKeyframeError` if it continues a picture that was not decoded last, with `WireError` if it is
   * broken; then its successors are refused until the next intra picture.
   */
  decode(keyframe: Keyframe): Promise<ImageData | null> {
    const picture = this.newest.then(() => this.decodeNext(keyframe));
    this.newest = picture.catch(() => {});
    return picture;
  }

  close(): void {
    this.closed = true;
    this.chain?.close();
  }

  private async decodeNext(keyframe: Keyframe): Promise<ImageData | null> {
    if (this.closed || (this.passed.has(keyframe) && this.chain?.isOpen)) return null;
    const { number, side, pictureCodec: codec, picture: bytes } = keyframe;
    const isStreamed = codec === PICTURE_CODEC.av1 || codec === PICTURE_CODEC.av1Next;
    if (!isStreamed || this.config === null) return decodePicture({ codec, bytes }, side, this.wantedSide);
    if (codec === PICTURE_CODEC.av1) this.begin(this.config);
    if (this.chain === null || !this.chain.isOpen || (codec === PICTURE_CODEC.av1Next && number !== this.nextNumber)) {
      throw new UnknownKeyframeError((number + NUMBERS - 1) % NUMBERS);
    }
    try {
      const unit = codec === PICTURE_CODEC.av1 ? checkIntraUnit(bytes, side).bytes : checkNextUnit(bytes);
      const picture = await this.decodeUnit(this.chain, unit, side);
      this.nextNumber = (number + 1) % NUMBERS;
      this.passed.add(keyframe);
      return picture;
    } catch (error) {
      this.chain.close();
      throw error;
    }
  }

  private begin(config: VideoDecoderConfig): void {
    this.chain?.close();
    this.chain = new Chain(config);
    this.passed = new WeakSet();
  }

  private async decodeUnit(chain: Chain, unit: Uint8Array<ArrayBuffer>, side: number): Promise<ImageData> {
    const frame = await chain.decode(unit);
    try {
      checkSize(frame.displayWidth, frame.displayHeight, side);
      return readPixels(frame, this.wantedSide);
    } finally {
      frame.close();
    }
  }
}

interface Waiting {
  resolve: (frame: VideoFrame) => void;
  reject: (error: WireError) => void;
}

/** One decoder of the browser, from an intra picture to the first failure. */
class Chain {
  private readonly decoder: VideoDecoder;
  private waiting: Waiting | null = null;
  private count = 0;

  constructor(config: VideoDecoderConfig) {
    this.decoder = new VideoDecoder({
      output: (frame) => this.take(frame),
      error: (error) => this.fail(`an AV1 picture does not decode: ${error.message}`),
    });
    this.decoder.configure(config);
  }

  /** Whether it can be continued: a browser may also take an idle decoder away. */
  get isOpen(): boolean {
    return this.decoder.state !== 'closed';
  }

  /** Returns the picture of the next unit, which the caller closes. Rejects with `WireError` if it does not decode. */
  async decode(data: Uint8Array<ArrayBuffer>): Promise<VideoFrame> {
    const timer = setTimeout(() => this.fail('an AV1 unit shows no picture'), LONGEST_DECODING_MS);
    try {
      return await new Promise<VideoFrame>((resolve, reject) => {
        this.waiting = { resolve, reject };
        const type = this.count === 0 ? 'key' : 'delta';
        this.decoder.decode(new EncodedVideoChunk({ type, timestamp: this.count++, data }));
      });
    } catch (error) {
      throw error instanceof DOMException ? new WireError(`an AV1 picture is refused: ${error.message}`) : error;
    } finally {
      clearTimeout(timer);
      this.waiting = null;
    }
  }

  close(): void {
    if (this.isOpen) this.decoder.close();
    this.fail('the decoder was closed');
  }

  private fail(what: string): void {
    this.waiting?.reject(new WireError(what));
    this.waiting = null;
  }

  private take(frame: VideoFrame): void {
    if (this.waiting === null) {
      // One picture too many: what follows could be predicted from it.
      frame.close();
      this.close();
      return;
    }
    this.waiting.resolve(frame);
    this.waiting = null;
  }
}
