import type { CodecErrorCode } from './errors';
import type { FaceDecoderStatistics, RendererTimings } from './face';
import type { SpeechFiles } from './speech/model';
import type { VoicePacket } from './speech/voice_tap';

/** Where the renderer's worker finds its files, and what runs the graphs. */
export interface RendererFiles {
  keyframeGraphUrl: string;
  animateGraphUrl: string;
  /** Folder of onnxruntime-web's wasm files, with a slash at its end. */
  onnxruntimeUrl: string;
  motionTableUrl: string;
  entropyTableUrl: string;
  /** Fetched only when a face is drawn. */
  speech: SpeechFiles;
  preferred: 'auto' | 'webgpu' | 'wasm';
}

/** From the page to the renderer's worker; `face` numbers the faces of the page. Times are of the page's clock. */
export type ToRenderer =
  | { type: 'open'; files: RendererFiles }
  | { type: 'add'; face: number; canvas: OffscreenCanvas }
  | { type: 'bundle'; face: number; bundle: Uint8Array; arrivalEpochMs: number }
  | { type: 'keyframe'; face: number; blob: Uint8Array }
  | { type: 'voice'; face: number; packet: VoicePacket }
  | { type: 'played'; face: number; timestamp: number; playedMs: number }
  | { type: 'allow-sound'; face: number; allowed: boolean }
  | { type: 'remove'; face: number };

/** From the renderer's worker to the page. */
export type FromRenderer =
  | { type: 'ready'; decodesPredicted: boolean }
  /** Faces can hear their voices. */
  | { type: 'hears' }
  | { type: 'keyframe-needed'; face: number; number: number }
  | { type: 'voice'; face: number; active: boolean }
  | { type: 'statistics'; face: number; statistics: FaceDecoderStatistics; timings: RendererTimings }
  | { type: 'error'; code: CodecErrorCode; message: string };
