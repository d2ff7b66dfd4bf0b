/** Every number of the sender's codec that could be tuned. The wire does not depend on any of them. */
export interface EncoderSettings {
  /** Of keyframes, pixels. */
  pictureSide: number;
  /** AV1 quantiser index of keyframes, 0 (best) to 255. */
  keyframeQuantiser: number;
  /** A keyframe's picture that needs more than this is coded again, coarser. */
  keyframeBytes: number;
  bundleMs: number;
  /** Of the motion quantiser, in steps beyond one half. */
  hysteresis: number;
  /** Keyframes that the sender may pick from. */
  poolSize: number;
  /** Landmark distance at 256² from which no pooled keyframe is good enough… */
  newKeyframePx: number;
  /** …for so many frames in a row. */
  newKeyframeFrames: number;
  /** Shortest time between keyframes. */
  keyframeIntervalMs: number;
  /** The same after the crop has jumped. */
  jumpKeyframeIntervalMs: number;
  /** How long a new keyframe may travel before frames pick it. */
  keyframeLeadMs: number;
  /** Another keyframe is picked only if it is nearer by this share. */
  repickShare: number;
  /** Between frames without a face, once the face is gone for longer than that. */
  facelessIntervalMs: number;
}

export const DEFAULT_SETTINGS: EncoderSettings = {
  pictureSide: 256,
  keyframeQuantiser: 100,
  keyframeBytes: 4800,
  bundleMs: 120,
  hysteresis: 0.22,
  poolSize: 4,
  newKeyframePx: 5.5,
  newKeyframeFrames: 3,
  keyframeIntervalMs: 1500,
  jumpKeyframeIntervalMs: 400,
  keyframeLeadMs: 700,
  repickShare: 0.15,
  facelessIntervalMs: 400,
};
