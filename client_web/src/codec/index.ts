/** The browser's half of the codec: a camera becomes bundles and keyframes, and these become a face again. */
export { CodecError } from './errors';
export type { CodecErrorCode } from './errors';
export type {
  EncoderTimings,
  FaceDecoder,
  FaceDecoderStatistics,
  FaceEncoder,
  FaceRenderer,
  RendererTimings,
  TrackingStatus,
} from './face';
export { createFaceEncoder } from './face_encoder';
export { createFaceRenderer } from './face_renderer';
export { KeyframeChains } from './keyframe_chains';
export { CACHED_KEYFRAMES } from './keyframes';
export { decodesPredictedKeyframes } from './picture_stream_decoder';
