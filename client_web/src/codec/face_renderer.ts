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
  await renderer.open(rendererFiles(preferred));
  return renderer;
}

/** Where this page's server has what draws faces. */
export function rendererFiles(preferred: RendererFiles['preferred']): RendererFiles {
  const address = (path: string): string => new URL(path, location.href).href;
  return {
    keyframeGraphUrl: address('/models/animator/keyframe.onnx'),
    animateGraphUrl: address('/models/animator/animate.onnx'),
    onnxruntimeUrl: address('/assets/onnxruntime/'),
    motionTableUrl: address('/tables/motion.msgpack'),
    entropyTableUrl: address('/tables/entropy.msgpack'),
    speech: {
      speechGraphUrl: address('/models/speech/speech.onnx'),
      covariancesUrl: address('/models/speech/fusion.msgpack'),
    },
    preferred,
  };
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

  notePlayed(timestamp: number, playedMs: number): void {
    this.post({ type: 'played', face: this.face, timestamp, playedMs });
  }

  allowSound(allowed: boolean): void {
    this.post({ type: 'allow-sound', face: this.face, allowed });
  }

  close(): void {
    this.post({ type: 'remove', face: this.face });
    this.forget();
  }
}
