import type { Crop } from './crop';
import type { CodecError } from './errors';

/** What the tracker sees in the camera, about twice a second and when the crop jumps. */
export interface TrackingStatus {
  state: 'starting' | 'face' | 'no-face';
  /** Mean time that a frame takes in the tracker's worker. */
  millisecondsPerFrame: number;
  /** Frames tracked per second. */
  fps: number;
  /** The square of the camera picture that is sent; `null` before the first face. */
  crop: Crop | null;
}

/** Mean milliseconds of one pass through a stage over the last 50 passes; 0 where it never ran. */
export interface EncoderTimings {
  landmarks: number;
  motion: number;
  entropy: number;
  keyframe: number;
}

/** Mean milliseconds of one pass through a stage over the last 50 passes; 0 where it never ran. */
export interface RendererTimings {
  entropy: number;
  keyframe: number;
  animate: number;
  draw: number;
  /** Of what the voice tells of one frame of 40 ms: columns and speech encoder. */
  speech: number;
  /** Of motion and sound together, one picture. */
  fusion: number;
}

/** The codec's sending half for one local camera; all the work is done in a worker. */
export interface FaceEncoder {
  /** Begins tracking the stream of that element, which must be playing. */
  start(video: HTMLVideoElement): void;
  /** Stops tracking; `start` may follow. The pool and the clock go on. */
  stop(): void;
  /** Ends the worker; the encoder cannot be used again. */
  close(): void;
  setVoiceActive(active: boolean): void;
  /**
   * What somebody needs who has no keyframe, in order. Nothing if that has grown long: the next picture then becomes an
   * intra keyframe.
   */
  keyframesInUse(): Uint8Array[];
  /** The chain of the keyframe of this number and all after it, with the same exception; the newest chain if it is gone. */
  keyframesSince(number: number): Uint8Array[];
  /** Says whether keyframes may be predicted from others; they are until somebody is there who cannot decode them. */
  setPrediction(allowed: boolean): void;
  /** Everybody has the keyframe of this number: frames may pick it. */
  confirmKeyframe(number: number): void;
  /** Says what keyframes may cost on average, kbit/s. */
  setKeyframeKbps(kbps: number): void;
  stageTimings(): EncoderTimings;
  onBundle: (bundle: Uint8Array) => void;
  /** A whole keyframe; byte 1 is its number. */
  onKeyframe: (blob: Uint8Array) => void;
  onStatus: (status: TrackingStatus) => void;
  onError: (error: CodecError) => void;
}

/** How one face is being drawn, about once a second. */
export interface FaceDecoderStatistics {
  picturesPerSecond: number;
  /** Mean time of animating and drawing one picture. */
  millisecondsPerPicture: number;
  playoutDelayMs: number;
  /** How much later than the times in its sender's bundles say a picture is shown, ms since 1970; `null` before the first. */
  behindMs: number | null;
  /** What draws: this page, or a renderer on the server's side whose video it shows. */
  provider: 'webgpu' | 'wasm' | 'server';
  /** Name of the animator's weights. */
  weights: string;
  /**
   * `plain`: the camera's own picture at a low rate, where no face can be animated. `sound`: no motion arrives, the voice
   * moves the face.
   */
  state: 'waiting' | 'live' | 'plain' | 'sound' | 'stale' | 'no-face';
  /** Pictures so far in which the voice moved the face, for no motion arrived. */
  picturesBySound: number;
  /** How much later than the sound that belongs to it a picture is seen; `null` while that is not known. */
  soundOffsetMs: number | null;
  /** How long the voice is to stay in its jitter buffer, so as not to come before the picture; `null` while not known. */
  voiceDelayMs: number | null;
  /** Bundles and keyframes that did not parse and were dropped. */
  dropped: number;
}

/** The codec's receiving half for one remote participant. */
export interface FaceDecoder {
  /** Takes a bundle; call it when the bundle arrives, for arrival times drive the playout clock. */
  pushBundle(bundle: Uint8Array): void;
  pushKeyframe(blob: Uint8Array): void;
  /** Lets the face hear its voice: an Opus packet when it arrives, with its RTP timestamp (48 kHz, modulo 2³²). */
  pushVoice(packet: Uint8Array, timestamp: number): void;
  /** Says that the packet of the voice with this RTP timestamp began to be played at `playedMs` since 1970. */
  notePlayed(timestamp: number, playedMs: number): void;
  /** Says whether this person lets their voice move their face where no motion arrives; they do not until then. */
  allowSound(allowed: boolean): void;
  /** That keyframe is missing here: ask the sender for it. At most once a second for each number. */
  onKeyframeNeeded: (number: number) => void;
  onStatistics: (statistics: FaceDecoderStatistics) => void;
  /** From the newest bundle. */
  readonly voiceActive: boolean;
  close(): void;
}

/** Draws the faces of a page: in a worker with an animator of its own, or as video that a renderer sends. */
export interface FaceRenderer {
  /** Draws a participant's face from now on. Takes over the canvas, which must not have a context yet. */
  addFace(canvas: HTMLCanvasElement, participant: number): FaceDecoder;
  /** Whether this browser decodes keyframes that are predicted from others. */
  readonly decodesPredicted: boolean;
  /** Resolves when faces can hear their voices, some time after the first picture; never where they cannot. */
  readonly hears: Promise<void>;
  stageTimings(): RendererTimings;
  /** Something failed; `null`: it works again. */
  onError: (error: CodecError | null) => void;
  close(): void;
}
