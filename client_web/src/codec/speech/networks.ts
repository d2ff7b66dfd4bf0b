/** Runs the drive's speech encoder on onnxruntime-web's WASM: mirrors codec/speech/networks.py (docs/speech.md). */
import type { InferenceSession, TensorConstructor } from 'onnxruntime-web';
import { CodecError } from '../errors';
import { readOnnxMetadata } from '../onnx_metadata';
import { BANDS } from './features';

export const INTERFACE = '1';
/** Columns of 10 ms that the encoder sees of a frame: 240 ms before it and 80 ms after. */
export const COLUMNS_AFTER = 8;
export const COLUMNS = 32;
export const FRAME_MS = 40;
/** Numbers by which the encoder describes the sound of a frame. */
export const FEATURES = 9;

/** What the drive needs of its network. */
export interface SpeechEncoder {
  /** Returns 9 features of 40 × 32 columns (band by band) around a frame. */
  encode(columns: Float32Array): Promise<Float32Array>;
}

/** The part of onnxruntime-web that is used. */
export interface Runtime {
  InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> };
  Tensor: TensorConstructor;
}

/** The graph; one call at a time. */
export class SpeechNetwork implements SpeechEncoder {
  private constructor(
    private readonly runtime: Runtime,
    private readonly session: InferenceSession,
  ) {}

  /** Loads the graph. Throws `CodecError` `model-refused` if it has another interface. */
  static async open(runtime: Runtime, graph: Uint8Array): Promise<SpeechNetwork> {
    const version = readOnnxMetadata(graph).get('facewire_speech');
    if (version !== INTERFACE) {
      throw new CodecError('model-refused', `speech.onnx has interface ${String(version)}, expected ${INTERFACE}`);
    }
    return new SpeechNetwork(runtime, await runtime.InferenceSession.create(graph, { executionProviders: ['wasm'] }));
  }

  async encode(columns: Float32Array): Promise<Float32Array> {
    const input = new this.runtime.Tensor('float32', columns, [1, BANDS, COLUMNS]);
    const { features } = await this.session.run({ columns: input });
    if (!(features?.data instanceof Float32Array)) {
      throw new CodecError('model-refused', 'speech.onnx gave no features');
    }
    return features.data;
  }
}
