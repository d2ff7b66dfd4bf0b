import type { RenderedPicture } from '../call/messages';
import type { FaceDecoder, FaceDecoderStatistics } from '../codec';
import { VoiceFlag } from './voice_flag';

/** One participant's face as it comes from the renderer: the newest picture of a video track, drawn on a canvas. */
export class VideoFace implements FaceDecoder {
  /** Never called: the renderer asks for what it lacks. */
  onKeyframeNeeded: (number: number) => void = () => {};
  onStatistics: (statistics: FaceDecoderStatistics) => void = () => {};
  private readonly context: CanvasRenderingContext2D | null;
  private readonly video = document.createElement('video');
  private readonly voice = new VoiceFlag();
  private state: RenderedPicture['state'] = 'waiting';
  private pictures = 0;
  private drawingMs = 0;
  private countedAtMs = performance.now();

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onClose: () => void,
  ) {
    this.context = canvas.getContext('2d', { alpha: false });
    this.video.muted = true;
    this.video.playsInline = true;
    this.video.requestVideoFrameCallback(() => this.draw());
  }

  /** Shows this track from now on; `null` keeps the last picture. */
  show(track: MediaStreamTrack | null): void {
    if (track === null) {
      this.video.srcObject = null;
      this.state = 'waiting';
    } else if (!(this.video.srcObject instanceof MediaStream) || !this.video.srcObject.getTracks().includes(track)) {
      this.video.srcObject = new MediaStream([track]);
      // Refused only when another track comes before this one has begun to play.
      this.video.play().catch(() => undefined);
    }
  }

  setState(state: RenderedPicture['state']): void {
    this.state = state;
  }

  get voiceActive(): boolean {
    return this.voice.active;
  }

  pushBundle(bundle: Uint8Array): void {
    this.voice.read(bundle);
  }

  /** Does nothing: the renderer has its own. */
  pushKeyframe(): void {}

  /** Does nothing: the renderer hears for itself. */
  pushVoice(): void {}

  /** Does nothing: pictures cannot be made to wait here. */
  notePlayed(): void {}

  /** Does nothing: the renderer is told by the person. */
  allowSound(): void {}

  /** Reports on the time since the last report. */
  report(bufferedMs: number): void {
    const nowMs = performance.now();
    this.onStatistics({
      picturesPerSecond: (this.pictures * 1_000) / (nowMs - this.countedAtMs),
      millisecondsPerPicture: this.pictures === 0 ? 0 : this.drawingMs / this.pictures,
      playoutDelayMs: bufferedMs,
      behindMs: null,
      provider: 'server',
      weights: `${this.video.videoWidth}×${this.video.videoHeight} video`,
      state: this.state,
      picturesBySound: 0,
      soundOffsetMs: null,
      voiceDelayMs: null,
      dropped: 0,
    });
    this.pictures = this.drawingMs = 0;
    this.countedAtMs = nowMs;
  }

  close(): void {
    this.video.srcObject = null;
    this.onClose();
  }

  private draw(): void {
    const startMs = performance.now();
    this.context?.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    this.drawingMs += performance.now() - startMs;
    this.pictures += 1;
    this.video.requestVideoFrameCallback(() => this.draw());
  }
}
