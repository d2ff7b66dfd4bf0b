import { CodecError } from './errors';
import type { FaceDecoder, FaceDecoderStatistics, FaceRenderer, RendererTimings } from './face';
import type { FromRenderer, RendererFiles, ToRenderer } from './renderer_messages';

/**
 * Starts the renderer's worker and waits until its animator is loaded.
 *
 * `auto` takes WebGPU where a real adapter is there, else WASM. Throws `CodecError`: `model-file`, `model-refused`,
 * `no-provider`.
 */
export async function createFaceRenderer(preferred: 'auto' | 'webgpu' | 'wasm'): Promise<FaceRenderer> {
  const renderer = new WorkerFaceRenderer();
  await renderer.open({
    keyframeGraphUrl: new URL('/models/animator/keyframe.onnx', location.href).href,
    animateGraphUrl: new URL('/models/animator/animate.onnx', location.href).href,
    onnxruntimeUrl: new URL('/assets/onnxruntime/', location.href).href,
    motionTableUrl: new URL('/tables/motion.msgpack', location.href).href,
    entropyTableUrl: new URL('/tables/entropy.msgpack', location.href).href,
    speech: {
      speechGraphUrl: new URL('/models/speech/speech.onnx', location.href).href,
      covariancesUrl: new URL('/models/speech/fusion.msgpack', location.href).href,
    },
    preferred,
  });
  return renderer;
}

class WorkerFaceRenderer implements FaceRenderer {
  onError: (error: CodecError | null) => void = () => {};
  decodesPredicted = false;
  readonly hears: Promise<void>;

  private readonly worker = new Worker(new URL('./renderer.worker.ts', import.meta.url), { type: 'module' });
  private readonly faces = new Map<number, WorkerFaceDecoder>();
  private timings: RendererTimings = { entropy: 0, keyframe: 0, animate: 0, draw: 0, speech: 0, fusion: 0 };
  private nextFace = 0;
  private nowHears: () => void = () => {};

  constructor() {
    this.hears = new Promise((resolve) => (this.nowHears = resolve));
  }

  /** Resolves when the worker has loaded the animator; rejects with the `CodecError` that stopped it. */
  open(files: RendererFiles): Promise<void> {
    return new Promise((resolve, reject) => {
      this.worker.onerror = (event) => {
        reject(new CodecError('no-provider', `the renderer's worker did not start: ${event.message}`));
      };
      this.worker.onmessage = ({ data }: MessageEvent<FromRenderer>) => {
        if (data.type === 'ready') {
          this.decodesPredicted = data.decodesPredicted;
          this.worker.onmessage = (event: MessageEvent<FromRenderer>) => this.receive(event.data);
          this.worker.onerror = (event) =>
            this.onError(new CodecError('no-provider', `the renderer's worker failed: ${event.message}`));
          resolve();
        } else if (data.type === 'error') {
          this.close();
          reject(new CodecError(data.code, data.message));
        }
      };
      this.post({ type: 'open', files });
    });
  }

  addFace(canvas: HTMLCanvasElement): FaceDecoder {
    const face = this.nextFace++;
    const offscreen = canvas.transferControlToOffscreen();
    this.worker.postMessage({ type: 'add', face, canvas: offscreen } satisfies ToRenderer, [offscreen]);
    const decoder = new WorkerFaceDecoder(
      face,
      (message) => this.post(message),
      () => this.faces.delete(face),
    );
    this.faces.set(face, decoder);
    return decoder;
  }

  stageTimings(): RendererTimings {
    return { ...this.timings };
  }

  close(): void {
    this.worker.terminate();
    this.faces.clear();
  }

  private receive(message: FromRenderer): void {
    switch (message.type) {
      case 'ready':
        return;
      case 'hears':
        this.nowHears();
        return;
      case 'keyframe-needed':
        this.faces.get(message.face)?.onKeyframeNeeded(message.number);
        return;
      case 'voice':
        this.faces.get(message.face)?.setVoiceActive(message.active);
        return;
      case 'statistics':
        this.timings = message.timings;
        this.faces.get(message.face)?.onStatistics(message.statistics);
        return;
      case 'error':
        this.onError(new CodecError(message.code, message.message));
    }
  }

  private post(message: ToRenderer): void {
    this.worker.postMessage(message);
  }
}

class WorkerFaceDecoder implements FaceDecoder {
  onKeyframeNeeded: (number: number) => void = () => {};
  onStatistics: (statistics: FaceDecoderStatistics) => void = () => {};
  private speaking = false;

  constructor(
    private readonly face: number,
    private readonly post: (message: ToRenderer) => void,
    private readonly forget: () => void,
  ) {}

  get voiceActive(): boolean {
    return this.speaking;
  }

  setVoiceActive(active: boolean): void {
    this.speaking = active;
  }

  pushBundle(bundle: Uint8Array): void {
    const arrivalEpochMs = performance.timeOrigin + performance.now();
    this.post({ type: 'bundle', face: this.face, bundle, arrivalEpochMs });
  }

  pushKeyframe(blob: Uint8Array): void {
    this.post({ type: 'keyframe', face: this.face, blob });
  }

  pushVoice(packet: Uint8Array, timestamp: number): void {
    const arrivalMs = performance.timeOrigin + performance.now();
    this.post({ type: 'voice', face: this.face, packet: { packet, timestamp, arrivalMs } });
  }

  allowSound(allowed: boolean): void {
    this.post({ type: 'allow-sound', face: this.face, allowed });
  }

  close(): void {
    this.post({ type: 'remove', face: this.face });
    this.forget();
  }
}
