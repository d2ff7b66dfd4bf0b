import { CodecError, createFaceEncoder, type FaceEncoder, type TrackingStatus } from '../codec';
import { Emitter } from '../call/events';
import { openDevice, openDevices, type CaptureProblem, type Captured, type DeviceKind } from './capture';
import { VoiceActivity } from './voice_activity';

export interface LocalMediaEvents {
  /** Devices, their problems, muting or the camera's state have changed. */
  changed: undefined;
  tracking: TrackingStatus;
  /** We began or stopped speaking. */
  voice: boolean;
  bundle: Uint8Array;
  keyframe: Uint8Array;
}

const VOICE_INTERVAL_MS = 60;

/** Our own camera, microphone and face encoder; lives from the preview through the whole call. */
export class LocalMedia extends Emitter<LocalMediaEvents> {
  /** Shows the camera, and feeds the encoder. To be put into the page. */
  readonly video = document.createElement('video');
  readonly problems: Record<DeviceKind, CaptureProblem | null> = { camera: null, microphone: null };
  /** Why faces cannot be tracked here, if so. */
  codecProblem: CodecError | null = null;
  tracking: TrackingStatus | null = null;
  speaking = false;
  private readonly tracks: Record<DeviceKind, MediaStreamTrack | null> = { camera: null, microphone: null };
  private readonly chosen: Record<DeviceKind, string | null> = { camera: null, microphone: null };
  private encoder: FaceEncoder | null = null;
  private activity: VoiceActivity | null = null;
  private readonly voiceTimer = setInterval(() => this.readVoice(), VOICE_INTERVAL_MS);
  private isMuted = false;
  private predicting = true;
  private wantsCamera = true;
  private isClosed = false;

  /** @param audio the page's audio context; voice activity is seen only while it runs. */
  constructor(private readonly audio: AudioContext) {
    super();
    this.video.muted = true;
    this.video.playsInline = true;
  }

  get microphone(): MediaStreamTrack | null {
    return this.tracks.microphone;
  }

  /** Whether camera pictures are being tracked, or at least could be. */
  get cameraOn(): boolean {
    return this.tracks.camera !== null && this.codecProblem === null;
  }

  get muted(): boolean {
    return this.isMuted || this.tracks.microphone === null;
  }

  /** The id of the open device, to mark it in a list. */
  deviceId(kind: DeviceKind): string | null {
    return this.tracks[kind]?.getSettings().deviceId ?? null;
  }

  /** Opens both devices, then loads the face encoder. Failures are in `problems` and `codecProblem`. */
  async open(): Promise<void> {
    const captured = await openDevices(this.chosen.camera, this.chosen.microphone);
    this.use('microphone', captured.microphone);
    this.use('camera', captured.camera);
    if (this.encoder === null) await this.loadEncoder();
  }

  /** Opens another device of that kind. */
  async choose(kind: DeviceKind, id: string): Promise<void> {
    this.chosen[kind] = id;
    if (kind === 'camera') this.wantsCamera = true;
    this.release(kind);
    this.use(kind, await openDevice(kind, id));
  }

  setMuted(muted: boolean): void {
    this.isMuted = muted;
    if (this.tracks.microphone !== null) this.tracks.microphone.enabled = !muted;
    this.emit('changed', undefined);
  }

  /** Off releases the camera (its light goes out); on opens it again. */
  async setCameraOn(on: boolean): Promise<void> {
    this.wantsCamera = on;
    if (!on) {
      this.release('camera');
      this.emit('changed', undefined);
    } else if (this.tracks.camera === null) {
      this.use('camera', await openDevice('camera', this.chosen.camera));
    }
  }

  /** Plays the camera's picture; needed again after `video` was moved to another place in the page, which pauses it. */
  async play(): Promise<void> {
    if (this.tracks.camera === null) return;
    try {
      await this.video.play();
    } catch (error) {
      // Another camera, or none, was chosen before this one had begun to play.
      if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
    }
  }

  /** What a newcomer needs, in order; nothing while the camera is off. */
  keyframesInUse(): readonly Uint8Array[] {
    return this.cameraOn ? (this.encoder?.keyframesInUse() ?? []) : [];
  }

  /** The chain of the keyframe of this number and all after it. */
  keyframesSince(number: number): readonly Uint8Array[] {
    return this.cameraOn ? (this.encoder?.keyframesSince(number) ?? []) : [];
  }

  /** Says whether keyframes may be predicted from others: all the others can decode such. */
  setPrediction(allowed: boolean): void {
    this.predicting = allowed;
    this.encoder?.setPrediction(allowed);
  }

  /** Milliseconds of each stage of the encoder, or `null` before it is loaded. */
  stageTimings(): ReturnType<FaceEncoder['stageTimings']> | null {
    return this.encoder?.stageTimings() ?? null;
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.voiceTimer);
    this.release('camera');
    this.release('microphone');
    this.encoder?.close();
    this.encoder = null;
  }

  private use(kind: DeviceKind, captured: Captured): void {
    if ('problem' in captured) {
      this.problems[kind] = captured.problem;
    } else if (this.isClosed || (kind === 'camera' && !this.wantsCamera)) {
      captured.track.stop();
    } else {
      this.release(kind);
      this.problems[kind] = null;
      this.tracks[kind] = captured.track;
      captured.track.onended = () => this.deviceEnded(kind, captured.track);
      if (kind === 'camera') void this.startCamera(captured.track);
      else this.startMicrophone(captured.track);
    }
    this.emit('changed', undefined);
  }

  private async startCamera(track: MediaStreamTrack): Promise<void> {
    this.video.srcObject = new MediaStream([track]);
    await this.play();
    if (this.tracks.camera === track) this.encoder?.start(this.video);
  }

  private startMicrophone(track: MediaStreamTrack): void {
    track.enabled = !this.isMuted;
    this.activity = new VoiceActivity(this.audio, track);
  }

  private deviceEnded(kind: DeviceKind, track: MediaStreamTrack): void {
    if (this.tracks[kind] !== track) return;
    this.release(kind);
    this.problems[kind] = 'not-found';
    this.emit('changed', undefined);
  }

  private release(kind: DeviceKind): void {
    this.tracks[kind]?.stop();
    this.tracks[kind] = null;
    if (kind === 'camera') {
      this.encoder?.stop();
      this.video.srcObject = null;
      this.tracking = null;
    } else {
      this.activity?.close();
      this.activity = null;
    }
  }

  private async loadEncoder(): Promise<void> {
    try {
      const encoder = await createFaceEncoder();
      if (this.isClosed) {
        encoder.close();
        return;
      }
      encoder.setPrediction(this.predicting);
      encoder.onBundle = (bundle) => this.emit('bundle', bundle);
      encoder.onKeyframe = (blob) => this.emit('keyframe', blob);
      encoder.onStatus = (status) => {
        if (this.tracks.camera === null) return;
        this.tracking = status;
        this.emit('tracking', status);
      };
      encoder.onError = (error) => this.codecFailed(error);
      this.encoder = encoder;
      if (this.tracks.camera !== null && !this.video.paused) encoder.start(this.video);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.codecFailed(error);
    }
  }

  private codecFailed(error: CodecError): void {
    if (error.code === 'camera-ended') {
      const track = this.tracks.camera;
      if (track !== null) this.deviceEnded('camera', track);
      return;
    }
    this.codecProblem = error;
    this.emit('changed', undefined);
  }

  private readVoice(): void {
    const speaking = !this.muted && (this.activity?.read() ?? false);
    if (speaking === this.speaking) return;
    this.speaking = speaking;
    this.encoder?.setVoiceActive(speaking);
    this.emit('voice', speaking);
  }
}
