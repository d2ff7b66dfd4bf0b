/** Every number of the sender's codec that could be tuned. The wire does not depend on any of them. */
export interface EncoderSettings {
  /** Of keyframes, pixels. */
  pictureSide: number;
  /** AV1 quantiser index of keyframes, 0 (best) to 255. */
  keyframeQuantiser: number;
  /** A keyframe's picture that needs more than this is coded again, coarser and not predicted. */
  keyframeBytes: number;
  bundleMs: number;
  /** Of the motion quantiser, in steps beyond one half. */
  hysteresis: number;
  /** Keyframes that the sender may pick from. */
  poolSize: number;
  /** Landmark distance at 256² from which no pooled keyframe is good enough… */
  newKeyframePx: number;
  /** …for so long. */
  newKeyframeMs: number;
  /** Shortest time between keyframes. */
  keyframeIntervalMs: number;
  /** The same after the crop has jumped. */
  jumpIntervalMs: number;
  /** What keyframes may cost on average, kbit/s… */
  keyframeKbps: number;
  /** …and how much of that may be spent at once. */
  keyframeBurstBytes: number;
  /** How many keyframes a newcomer gets unasked, if each stands alone. */
  greetingKeyframes: number;
  /** What somebody without keyframes is sent at most; if more is needed, a new chain begins… */
  greetingBytes: number;
  /** …and it begins when the newest has grown to this. */
  chainBytes: number;
  /** How long a new keyframe may travel before frames pick it. */
  keyframeLeadMs: number;
  /** The same where receivers confirm keyframes, should a confirmation not come. */
  keyframeConfirmationMs: number;
  /** How much a mere shift of the face counts in the landmark distance. */
  translationShare: number;
  /** How much a difference of the mouths' opening counts on top. */
  mouthShare: number;
  /** Another keyframe is picked only if it is nearer by this share. */
  repickShare: number;
  /** Between frames without a face, once the face is gone for longer than that. */
  facelessIntervalMs: number;
  /** After so long without a face, the next face is taken for another person's. */
  absenceMs: number;
}

export const DEFAULT_SETTINGS: EncoderSettings = {
  pictureSide: 256,
  keyframeQuantiser: 96,
  keyframeBytes: 4800,
  bundleMs: 120,
  hysteresis: 0.22,
  poolSize: 8,
  newKeyframePx: 7,
  newKeyframeMs: 160,
  keyframeIntervalMs: 1000,
  jumpIntervalMs: 400,
  keyframeKbps: 3,
  keyframeBurstBytes: 12_000,
  greetingKeyframes: 4,
  greetingBytes: 16_000,
  chainBytes: 48_000,
  keyframeLeadMs: 400,
  keyframeConfirmationMs: 15_000,
  translationShare: 0.3,
  mouthShare: 1,
  repickShare: 0.15,
  facelessIntervalMs: 400,
  absenceMs: 1500,
};
