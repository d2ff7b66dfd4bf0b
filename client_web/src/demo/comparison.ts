import { effect, signal } from '@preact/signals-core';
import { createFaceEncoder, createFaceRenderer, type FaceEncoder, type FaceRenderer, type TrackingStatus } from '../codec';
import { DEFAULT_SETTINGS } from '../codec/settings';
import { openDevice, type CaptureProblem } from '../media/capture';
import { ClipSource } from './clip_source';
import { FacewirePane } from './facewire_pane';
import { ORDINARY_CODECS, OrdinaryPane, SIDE } from './ordinary_pane';
import { LINKS, SimulatedLink, type LinkName } from './simulated_link';

export type SourceName = 'camera' | 'clip';

/** What facewire spends on motion; the rest of an allowance is for keyframes. */
const MOTION_KBPS = 1;
/** Facewire's cost before it has been measured, kbit/s. */
const FIRST_KBPS = 6;
const FIGURES_INTERVAL_MS = 1_000;

declare global {
  interface Window {
    /** The comparison that runs, for whoever measures it (`facewire bench demo`). */
    facewireComparison?: Comparison;
  }
}

/** One camera through facewire and through ordinary codecs at once, all on this machine. */
export class Comparison {
  /** Shows the source, and feeds the encoders. To be put into the page. */
  readonly video = document.createElement('video');
  readonly facewire: FacewirePane;
  readonly ordinary: readonly OrdinaryPane[];
  readonly tracking = signal<TrackingStatus | null>(null);
  /** Whether the ordinary codecs get what facewire takes, rather than `kbps`. */
  readonly followsFacewire = signal(true);
  /** What the ordinary codecs get otherwise, and facewire may take, kbit/s. */
  readonly kbps = signal(10);
  readonly link = signal<LinkName>('none');
  /** The square that all codecs are given. */
  readonly cut = new OffscreenCanvas(SIDE, SIDE);
  private readonly context = this.cut.getContext('2d');
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly stopAllowing: () => void;
  private callback = 0;

  private constructor(
    readonly source: SourceName,
    track: MediaStreamTrack,
    private readonly encoder: FaceEncoder,
    private readonly renderer: FaceRenderer,
    private readonly clip: ClipSource | null,
  ) {
    this.facewire = new FacewirePane(encoder, renderer, this.newLink());
    this.ordinary = ORDINARY_CODECS.map((codec) => new OrdinaryPane(codec, this.newLink()));
    this.video.muted = true;
    this.video.playsInline = true;
    this.video.srcObject = new MediaStream([track]);
    encoder.onStatus = (status) => (this.tracking.value = status);
    this.timer = setInterval(() => this.updateFigures(), FIGURES_INTERVAL_MS);
    this.stopAllowing = effect(() => encoder.setKeyframeKbps(this.allowedKeyframeKbps));
  }

  /** Opens everything. Resolves with why there is no camera, if so. Throws `CodecError`. */
  static async open(source: SourceName, provider: 'auto' | 'webgpu' | 'wasm'): Promise<Comparison | CaptureProblem> {
    const captured = source === 'camera' ? await openDevice('camera', null) : null;
    if (captured !== null && 'problem' in captured) return captured.problem;
    const [encoder, renderer] = await Promise.all([createFaceEncoder(), createFaceRenderer(provider)]);
    const clip = source === 'clip' ? await ClipSource.open(renderer) : null;
    const track = captured?.track ?? clip!.track;
    const comparison = new Comparison(source, track, encoder, renderer, clip);
    await Promise.all(comparison.ordinary.map((pane) => pane.open()));
    return comparison;
  }

  /** Begins, once the video is in the page. */
  async start(): Promise<void> {
    await this.video.play();
    window.facewireComparison = this;
    this.encoder.start(this.video);
    this.watchVideo();
  }

  /** What the ordinary codecs get now, kbit/s. */
  get ordinaryKbps(): number {
    if (!this.followsFacewire.value) return this.kbps.value;
    return this.facewire.rate.kbps.value || FIRST_KBPS;
  }

  private get allowedKeyframeKbps(): number {
    return this.followsFacewire.value ? DEFAULT_SETTINGS.keyframeKbps : Math.max(1, this.kbps.value - MOTION_KBPS);
  }

  close(): void {
    delete window.facewireComparison;
    clearInterval(this.timer);
    this.stopAllowing();
    this.video.cancelVideoFrameCallback(this.callback);
    for (const pane of this.ordinary) pane.close();
    this.facewire.close();
    this.clip?.close();
    this.encoder.close();
    this.renderer.close();
    for (const track of (this.video.srcObject as MediaStream).getTracks()) track.stop();
  }

  private newLink(): SimulatedLink {
    return new SimulatedLink(() => LINKS[this.link.value]);
  }

  private watchVideo(): void {
    this.callback = this.video.requestVideoFrameCallback((now) => {
      this.watchVideo();
      this.cutOut();
      for (const pane of this.ordinary) pane.take(this.cut, Math.round(1_000 * now), this.ordinaryKbps, performance.now());
    });
  }

  /** Every codec gets the same square, facewire's; the middle of the picture before there is a face. */
  private cutOut(): void {
    const { videoWidth: width, videoHeight: height } = this.video;
    const side = Math.min(width, height);
    const crop = this.tracking.value?.crop ?? { left: (width - side) / 2, top: (height - side) / 2, side };
    this.context?.drawImage(this.video, crop.left, crop.top, crop.side, crop.side, 0, 0, SIDE, SIDE);
  }

  private updateFigures(): void {
    const nowMs = performance.now();
    this.facewire.updateFigures(nowMs);
    for (const pane of this.ordinary) pane.updateFigures(nowMs);
  }
}
