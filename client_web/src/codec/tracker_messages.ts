import type { Crop } from './crop';
import type { CodecErrorCode } from './errors';
import type { EncoderTimings } from './face';

/** Where the tracker's worker finds its files. */
export interface TrackerFiles {
  landmarkerUrl: string;
  /** SHA-256 of the landmark model, lower-case hexadecimal. */
  landmarkerDigest: string;
  /** Folder of MediaPipe's wasm files. */
  mediapipeUrl: string;
  motionTableUrl: string;
  entropyTableUrl: string;
}

/** From the page to the tracker's worker. */
export type ToTracker =
  | { type: 'open'; files: TrackerFiles }
  /** `timeMs` is the capture time on the page's monotonic clock. */
  | { type: 'frame'; frame: VideoFrame; timeMs: number }
  | { type: 'voice'; active: boolean }
  /** The next picture is to be an intra keyframe. */
  | { type: 'begin-chain' }
  /** Whether keyframes may be predicted from others. */
  | { type: 'prediction'; allowed: boolean }
  /** Everybody has the keyframe of this number. */
  | { type: 'confirmed'; number: number }
  /** What keyframes may cost on average. */
  | { type: 'keyframe-rate'; kbps: number };

/** From the tracker's worker to the page. */
export type FromTracker =
  | { type: 'ready' }
  | { type: 'tracked'; face: boolean; crop: Crop | null; milliseconds: number; timings: EncoderTimings }
  | { type: 'bundle'; bundle: Uint8Array<ArrayBuffer> }
  | { type: 'keyframe'; blob: Uint8Array<ArrayBuffer> }
  | { type: 'error'; code: CodecErrorCode; message: string };
