import { computed, signal } from '@preact/signals-core';
import type { FaceDecoder, FaceDecoderStatistics, FaceEncoder, FaceRenderer } from '../codec';
import { RateHistory } from './rate_history';
import type { SimulatedLink } from './simulated_link';

/** No participant's id. */
const FACE = 0;

/** The camera through facewire: what the encoder makes goes over the link and is drawn. */
export class FacewirePane {
  readonly name = 'facewire';
  readonly canvas = document.createElement('canvas');
  readonly rate = new RateHistory();
  /** How the face is drawn; `null` for the first second. */
  readonly drawing = signal<FaceDecoderStatistics | null>(null);
  readonly picturesPerSecond = computed(() => this.drawing.value?.picturesPerSecond ?? 0);
  private readonly face: FaceDecoder;

  constructor(encoder: FaceEncoder, renderer: FaceRenderer, link: SimulatedLink) {
    this.canvas.width = this.canvas.height = 256;
    this.face = renderer.addFace(this.canvas, FACE);
    const sendKeyframe = (keyframe: Uint8Array): void => {
      const nowMs = performance.now();
      this.rate.noteSent(keyframe.length, nowMs);
      link.sendReliably(keyframe.length, () => this.face.pushKeyframe(keyframe), nowMs);
    };
    encoder.onKeyframe = sendKeyframe;
    encoder.onBundle = (bundle) => {
      this.rate.noteSent(bundle.length, performance.now());
      link.sendOnce(() => this.face.pushBundle(bundle));
    };
    this.face.onKeyframeNeeded = (number) => encoder.keyframesSince(number).forEach(sendKeyframe);
    this.face.onStatistics = (statistics) => (this.drawing.value = statistics);
  }

  /** To be called once a second. */
  updateFigures(nowMs: number): void {
    this.rate.update(nowMs);
  }

  close(): void {
    this.face.close();
  }
}
