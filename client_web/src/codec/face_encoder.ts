import { canReadCamera, readCamera } from './camera_frames';
import type { Crop } from './crop';
import { CodecError } from './errors';
import type { EncoderTimings, FaceEncoder, TrackingStatus } from './face';
import { KeyframeChains } from './keyframe_chains';
import { LANDMARKER_SHA256 } from './model_files';
import { DEFAULT_SETTINGS } from './settings';
import type { FromTracker, ToTracker, TrackerFiles } from './tracker_messages';

const TARGET_INTERVAL_MS = 40;
/** Of one core, so that the other faces can be drawn meanwhile. */
const LARGEST_TRACKING_SHARE = 0.75;
const STATUS_INTERVAL_MS = 500;

/**
 * Starts the tracker's worker and waits until its models are loaded.
 *
 * `landmarkerDigest` is for servers that hand out another landmark model than the usual one.
 * Throws `CodecError`: `no-webcodecs`, `model-file`.
 */
export async function createFaceEncoder(landmarkerDigest = LANDMARKER_SHA256): Promise<FaceEncoder> {
  if (!canReadCamera()) {
    throw new CodecError(
      'no-webcodecs',
      'this browser has no WebCodecs, so the camera cannot be read; use a current Chrome, Edge, Safari or Firefox',
    );
  }
  const encoder = new WorkerFaceEncoder();
  await encoder.open({
    landmarkerUrl: new URL('/models/face_landmarker.task', location.href).href,
    landmarkerDigest,
    mediapipeUrl: new URL('/assets/mediapipe', location.href).href,
    motionTableUrl: new URL('/tables/motion.msgpack', location.href).href,
    entropyTableUrl: new URL('/tables/entropy.msgpack', location.href).href,
  });
  return encoder;
}

class WorkerFaceEncoder implements FaceEncoder {
  onBundle: (bundle: Uint8Array) => void = () => {};
  onKeyframe: (blob: Uint8Array) => void = () => {};
  onStatus: (status: TrackingStatus) => void = () => {};
  onError: (error: CodecError) => void = () => {};

  private readonly worker = new Worker(new URL('./tracker.worker.ts', import.meta.url), { type: 'module' });
  private readonly chains = new KeyframeChains();
  private timings: EncoderTimings = { landmarks: 0, motion: 0, entropy: 0, keyframe: 0 };
  private video: HTMLVideoElement | null = null;
  private track: MediaStreamTrack | null = null;
  private stopReading: () => void = () => {};
  private busy = false;
  private waiting: { frame: VideoFrame; timeMs: number } | null = null;
  private nextFrameMs = 0;
  private tracked: { timeMs: number; milliseconds: number }[] = [];
  private statusMs = 0;
  private crop: Crop | null = null;
  private keyframeKbps = DEFAULT_SETTINGS.keyframeKbps;

  /** Resolves when the worker has loaded its models; rejects with the `CodecError` that stopped it. */
  open(files: TrackerFiles): Promise<void> {
    return new Promise((resolve, reject) => {
      this.worker.onerror = (event) => {
        reject(new CodecError('model-file', `the tracker's worker did not start: ${event.message}`));
      };
      this.worker.onmessage = ({ data }: MessageEvent<FromTracker>) => {
        if (data.type === 'ready') {
          this.worker.onmessage = (event: MessageEvent<FromTracker>) => this.receive(event.data);
          this.worker.onerror = (event) =>
            this.onError(new CodecError('model-refused', `the tracker's worker failed: ${event.message}`));
          resolve();
        } else if (data.type === 'error') {
          this.close();
          reject(new CodecError(data.code, data.message));
        }
      };
      this.post({ type: 'open', files });
    });
  }

  start(video: HTMLVideoElement): void {
    this.stop();
    this.video = video;
    this.track = video.srcObject instanceof MediaStream ? (video.srcObject.getVideoTracks()[0] ?? null) : null;
    this.track?.addEventListener('ended', this.cameraEnded);
    this.tracked = [];
    this.onStatus({ state: 'starting', millisecondsPerFrame: 0, fps: 0, crop: this.crop });
    this.stopReading = readCamera(video, (frame, timeMs) => {
      this.waiting?.frame.close();
      this.waiting = { frame, timeMs };
      this.trackNewest();
    });
  }

  stop(): void {
    if (this.video === null) return;
    this.stopReading();
    this.waiting?.frame.close();
    this.waiting = null;
    this.video = null;
    this.track?.removeEventListener('ended', this.cameraEnded);
    this.track = null;
  }

  close(): void {
    this.stop();
    this.worker.terminate();
  }

  setVoiceActive(active: boolean): void {
    this.post({ type: 'voice', active });
  }

  keyframesInUse(): Uint8Array[] {
    return this.unlessLong(this.chains.newest(DEFAULT_SETTINGS.greetingKeyframes));
  }

  keyframesSince(number: number): Uint8Array[] {
    return this.unlessLong(this.chains.since(number));
  }

  setPrediction(allowed: boolean): void {
    this.post({ type: 'prediction', allowed });
  }

  confirmKeyframe(number: number): void {
    this.post({ type: 'confirmed', number });
  }

  setKeyframeKbps(kbps: number): void {
    if (kbps === this.keyframeKbps) return;
    this.keyframeKbps = kbps;
    this.post({ type: 'keyframe-rate', kbps });
  }

  stageTimings(): EncoderTimings {
    return { ...this.timings };
  }

  private readonly cameraEnded = (): void => {
    this.stop();
    this.onError(new CodecError('camera-ended', 'the camera stopped; was it unplugged or taken by another program?'));
  };

  /** Hands the newest frame to the worker if it is idle and the time has come. */
  private trackNewest(): void {
    const now = performance.now();
    // Half an interval of grace: a camera's frames never come exactly on time.
    if (this.waiting === null || this.busy || now < this.nextFrameMs - TARGET_INTERVAL_MS / 2) return;
    const taken = this.tracked.slice(-5).reduce((sum, { milliseconds }) => sum + milliseconds / 5, 0);
    const intervalMs = Math.max(TARGET_INTERVAL_MS, taken / LARGEST_TRACKING_SHARE);
    this.nextFrameMs = Math.max(this.nextFrameMs + intervalMs, now);
    const { frame, timeMs } = this.waiting;
    this.waiting = null;
    this.busy = true;
    this.worker.postMessage({ type: 'frame', frame, timeMs } satisfies ToTracker, [frame]);
  }

  private receive(message: FromTracker): void {
    switch (message.type) {
      case 'ready':
        return;
      case 'tracked':
        this.busy = false;
        this.timings = message.timings;
        this.reportStatus(message.face, message.milliseconds, message.crop);
        this.trackNewest();
        return;
      case 'bundle':
        this.onBundle(message.bundle);
        return;
      case 'keyframe':
        this.chains.add(message.blob);
        this.onKeyframe(message.blob);
        return;
      case 'error':
        // What failed once fails with every frame: say so once and stop.
        this.busy = false;
        this.stop();
        this.onError(new CodecError(message.code, message.message));
    }
  }

  private unlessLong(keyframes: Uint8Array[]): Uint8Array[] {
    const bytes = keyframes.reduce((total, keyframe) => total + keyframe.length, 0);
    if (bytes <= DEFAULT_SETTINGS.greetingBytes) return keyframes;
    this.post({ type: 'begin-chain' });
    return [];
  }

  private reportStatus(face: boolean, milliseconds: number, crop: Crop | null): void {
    const now = performance.now();
    this.tracked.push({ timeMs: now, milliseconds });
    this.tracked = this.tracked.filter((frame) => frame.timeMs > now - 2000);
    const jumped = crop !== null && JSON.stringify(crop) !== JSON.stringify(this.crop);
    if (this.video === null || (now < this.statusMs + STATUS_INTERVAL_MS && !jumped)) return;
    this.statusMs = now;
    this.crop = crop;
    const first = this.tracked[0]?.timeMs ?? now;
    const total = this.tracked.reduce((sum, frame) => sum + frame.milliseconds, 0);
    this.onStatus({
      state: face ? 'face' : 'no-face',
      millisecondsPerFrame: total / this.tracked.length,
      fps: now > first ? (1000 * (this.tracked.length - 1)) / (now - first) : 0,
      crop,
    });
  }

  private post(message: ToTracker): void {
    this.worker.postMessage(message);
  }
}
