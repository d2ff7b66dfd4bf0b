/** Runs the animator's ONNX graphs (docs/animator.md) on one provider of onnxruntime-web. */
import type { Env, InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-web';
import { checkAnimator, type AnimatorShapes, type GraphDescription } from './animator_interface';
import { CodecError } from './errors';
import { LANDMARKS, type Landmarks } from './motion';
import { fetchModelFile } from './model_files';
import { readOnnxMetadata } from './onnx_metadata';
import type { RendererFiles } from './renderer_messages';

const MOST_THREADS = 4;

/** The part of onnxruntime-web that its WASM and WebGPU builds share. */
interface Runtime {
  InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> };
  Tensor: TensorConstructor;
  env: Pick<Env, 'logLevel' | 'wasm'>;
}

/** A keyframe as `animate` wants it. */
export interface CachedKeyframe {
  /** Without the coder's artefacts, if the weights take them out. */
  picture: Tensor;
  features: Tensor;
  landmarks: Tensor;
}

/** One pair of graphs on one provider; serves any number of faces. */
export class Animator {
  private constructor(
    /** What runs the graphs; one call at a time, of all sessions together. */
    readonly runtime: Runtime,
    private readonly keyframe: InferenceSession,
    private readonly animation: InferenceSession,
    private readonly shapes: AnimatorShapes,
    readonly provider: 'webgpu' | 'wasm',
    /** Name of the weights. */
    readonly name: string,
  ) {}

  /** Loads the graphs. Throws `CodecError`: `model-file`, `model-refused`, `no-provider`. */
  static async open(files: RendererFiles): Promise<Animator> {
    const [keyframeGraph, animateGraph] = await Promise.all([
      fetchModelFile(files.keyframeGraphUrl),
      fetchModelFile(files.animateGraphUrl),
    ]);
    const metadata = readOnnxMetadata(animateGraph);
    const load = async (provider: 'webgpu' | 'wasm'): Promise<Animator> => {
      const runtime = await loadRuntime(provider, files.onnxruntimeUrl);
      const keyframe = await createSession(runtime, provider, keyframeGraph);
      const animation = await createSession(runtime, provider, animateGraph);
      const shapes = checkAnimator(describe(keyframe), describe(animation), metadata);
      return new Animator(runtime, keyframe, animation, shapes, provider, metadata.get('name') ?? 'unnamed weights');
    };
    const provider = await chooseProvider(files.preferred);
    try {
      return await load(provider);
    } catch (error) {
      const isRefusedByGpu = error instanceof CodecError && error.code === 'no-provider' && provider === 'webgpu';
      if (isRefusedByGpu && files.preferred === 'auto') return load('wasm');
      throw error;
    }
  }

  /** Pictures are side × side pixels. */
  get side(): number {
    return this.shapes.side;
  }

  /** Prepares a keyframe's picture (side × side) with its landmarks in crop units. */
  async cacheKeyframe(picture: ImageData, landmarks: Landmarks): Promise<CachedKeyframe> {
    const inputs = {
      picture: this.tensor(toPlanes(picture), [3, this.side, this.side]),
      landmarks: this.points(landmarks),
    };
    const { features, restored } = await this.keyframe.run(inputs);
    if (features === undefined) throw new CodecError('model-refused', 'keyframe.onnx gave no features');
    return { ...inputs, picture: restored ?? inputs.picture, features };
  }

  /** Returns a keyframe as it is shown where nothing is animated: without the coder's artefacts, if the weights know how. */
  async restore(picture: ImageData): Promise<ImageData> {
    if (!this.keyframe.outputNames.includes('restored')) return picture;
    const { picture: restored } = await this.cacheKeyframe(picture, new Float64Array(LANDMARKS * 3));
    return fromPlanes(restored.data as Float32Array, this.side);
  }

  /** Returns the picture of a face at these landmarks in crop units, drawn from one or two keyframes. */
  async animate(picked: CachedKeyframe, other: CachedKeyframe | null, landmarks: Landmarks): Promise<ImageData> {
    const second = other ?? picked;
    const { picture } = await this.animation.run(
      {
        picture_a: picked.picture,
        features_a: picked.features,
        landmarks_a: picked.landmarks,
        picture_b: second.picture,
        features_b: second.features,
        landmarks_b: second.landmarks,
        valid_b: this.tensor(Float32Array.of(other === null ? 0 : 1), [1]),
        landmarks: this.points(landmarks),
        auxiliary: this.zeros(this.shapes.auxiliary),
        valid_auxiliary: this.zeros([1]),
        speech: this.zeros(this.shapes.speech),
        valid_speech: this.zeros([1]),
      },
      ['picture'],
    );
    if (!(picture?.data instanceof Float32Array) || picture.data.length !== 3 * this.side * this.side) {
      throw new CodecError('model-refused', 'animate.onnx gave no picture of the size that its inputs have');
    }
    return fromPlanes(picture.data, this.side);
  }

  private points(landmarks: Landmarks): Tensor {
    return this.tensor(Float32Array.from(landmarks), [LANDMARKS, 3]);
  }

  private zeros(shape: number[]): Tensor {
    return this.tensor(new Float32Array(shape.reduce((size, dimension) => size * dimension, 1)), shape);
  }

  private tensor(values: Float32Array, shape: number[]): Tensor {
    return new this.runtime.Tensor('float32', values, [1, ...shape]);
  }
}

/** WebGPU where it is wanted and there; `auto` takes only a real graphics processor. Throws `no-provider`. */
async function chooseProvider(preferred: RendererFiles['preferred']): Promise<'webgpu' | 'wasm'> {
  if (preferred === 'wasm') return 'wasm';
  const adapter = await findAdapter();
  if (preferred === 'auto') return adapter !== null && !adapter.isSoftware ? 'webgpu' : 'wasm';
  if (adapter === null) throw new CodecError('no-provider', 'this browser offers no WebGPU adapter; choose wasm');
  return 'webgpu';
}

/** The parts of WebGPU that choosing needs; TypeScript's library does not have it yet. */
interface WebGpu {
  requestAdapter(): Promise<{
    isFallbackAdapter?: boolean;
    info?: { isFallbackAdapter?: boolean; vendor?: string; architecture?: string; description?: string };
  } | null>;
}

async function findAdapter(): Promise<{ isSoftware: boolean } | null> {
  const gpu = (navigator as { gpu?: WebGpu }).gpu;
  const adapter = (await gpu?.requestAdapter().catch(() => null)) ?? null;
  if (adapter === null) return null;
  const { vendor, architecture, description } = adapter.info ?? {};
  const isFallback = adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
  return {
    isSoftware: isFallback || /swiftshader|llvmpipe|software/i.test(`${vendor} ${architecture} ${description}`),
  };
}

async function loadRuntime(provider: 'webgpu' | 'wasm', url: string): Promise<Runtime> {
  const runtime: Runtime = await importRuntime(provider);
  runtime.env.logLevel = 'error';
  runtime.env.wasm.wasmPaths = url;
  // A call leaves no core idle on a machine of two.
  const threads = Math.min(MOST_THREADS, Math.floor(navigator.hardwareConcurrency / 2));
  runtime.env.wasm.numThreads = crossOriginIsolated && navigator.hardwareConcurrency > 2 ? threads : 1;
  return runtime;
}

/** WebGPU's runtime waits for the graphics processor; where WebAssembly itself can (JSPI), it is two thirds as large. */
function importRuntime(provider: 'webgpu' | 'wasm'): Promise<Runtime> {
  if (provider === 'wasm') return import('onnxruntime-web/wasm');
  return 'Suspending' in WebAssembly ? import('onnxruntime-web/jspi') : import('onnxruntime-web/webgpu');
}

async function createSession(
  runtime: Runtime,
  provider: 'webgpu' | 'wasm',
  model: Uint8Array,
): Promise<InferenceSession> {
  try {
    return await runtime.InferenceSession.create(model, { executionProviders: [provider] });
  } catch (error) {
    throw new CodecError('no-provider', `onnxruntime cannot run the animator on ${provider}: ${String(error)}`);
  }
}

function describe(session: InferenceSession): GraphDescription {
  return {
    inputs: new Map(session.inputMetadata.map((input) => [input.name, input.isTensor ? input.shape : []])),
    outputs: session.outputNames,
  };
}

/** Returns red, green and blue planes in 0…1. */
function toPlanes({ data }: ImageData): Float32Array {
  const size = data.length / 4;
  const planes = new Float32Array(3 * size);
  for (let pixel = 0; pixel < size; pixel++) {
    planes[pixel] = (data[4 * pixel] ?? 0) / 255;
    planes[size + pixel] = (data[4 * pixel + 1] ?? 0) / 255;
    planes[2 * size + pixel] = (data[4 * pixel + 2] ?? 0) / 255;
  }
  return planes;
}

function fromPlanes(planes: Float32Array, side: number): ImageData {
  const picture = new ImageData(side, side);
  const size = side * side;
  const { data } = picture;
  for (let pixel = 0; pixel < size; pixel++) {
    data[4 * pixel] = (planes[pixel] ?? 0) * 255;
    data[4 * pixel + 1] = (planes[size + pixel] ?? 0) * 255;
    data[4 * pixel + 2] = (planes[2 * size + pixel] ?? 0) * 255;
    data[4 * pixel + 3] = 255;
  }
  return picture;
}
