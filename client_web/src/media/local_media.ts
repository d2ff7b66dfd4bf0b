import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import { Emitter } from '../call/events';
import { CodecError, createFaceEncoder, type FaceEncoder, type TrackingStatus } from '../codec';
import { openDevice, openDevices, type CaptureProblem, type Captured, type DeviceKind } from './capture';
import { VoiceActivity } from './voice_activity';

/** What our face is coded to. */
export interface LocalMediaEvents {
  bundle: Uint8Array;
  keyframe: Uint8Array;
}

const VOICE_INTERVAL_MS = 60;

/** Our own camera, microphone and face encoder; lives from the preview through the whole call. */
export class LocalMedia extends Emitter<LocalMediaEvents> {
  /** Shows the camera, and feeds the encoder. To be put into the page. */
  readonly video = document.createElement('video');
  readonly problems: Readonly<Record<DeviceKind, Signal<CaptureProblem | null>>> = {
    camera: signal(null),
    microphone: signal(null),
  };
  /** Why faces cannot be tracked here, if so. */
  readonly codecProblem = signal<CodecError | null>(null);
  /** Of the camera; `null` while it is off or the tracker loads. */
  readonly tracking = signal<TrackingStatus | null>(null);
  readonly speaking = signal(false);
  /** Of our microphone, as root mean square of samples in −1…1. */
  readonly loudness = signal(0);
  private readonly isMuted = signal(false);
  private readonly tracks: Readonly<Record<DeviceKind, Signal<MediaStreamTrack | null>>> = {
    camera: signal(null),
    microphone: signal(null),
  };
  readonly camera: ReadonlySignal<MediaStreamTrack | null> = this.tracks.camera;
  readonly microphone: ReadonlySignal<MediaStreamTrack | null> = this.tracks.microphone;
  /** Whether camera pictures are being tracked, or at least could be. */
  readonly cameraOn = computed(() => this.camera.value !== null && this.codecProblem.value === null);
  readonly muted = computed(() => this.isMuted.value || this.microphone.value === null);
  private readonly chosen: Record<DeviceKind, string | null> = { camera: null, microphone: null };
  private encoder: FaceEncoder | null = null;
  private encoderLoading: Promise<void> | null = null;
  private activity: VoiceActivity | null = null;
  private readonly voiceTimer = setInterval(() => this.readVoice(), VOICE_INTERVAL_MS);
  private predicting = true;
  private wantsCamera = true;
  private isClosed = false;

  /** @param audio the page's audio context; voice activity is seen only while it runs. */
  constructor(private readonly audio: AudioContext) {
    super();
    this.video.muted = true;
    this.video.playsInline = true;
  }

  /** The id of the open device, to mark it in a list. */
  deviceId(kind: DeviceKind): string | null {
    return this.tracks[kind].value?.getSettings().deviceId ?? null;
  }

  /**
   * Opens both devices and begins to load the face encoder. Resolves when the devices were tried; failures are in
   * `problems` and `codecProblem`.
   */
  async open(): Promise<void> {
    this.encoderLoading ??= this.loadEncoder();
    const captured = await openDevices(this.chosen.camera, this.chosen.microphone);
    this.use('microphone', captured.microphone);
    this.use('camera', captured.camera);
  }

  /** Opens another device of that kind, also during the call. */
  async choose(kind: DeviceKind, id: string): Promise<void> {
    this.chosen[kind] = id;
    if (kind === 'camera') this.wantsCamera = true;
    this.release(kind);
    this.use(kind, await openDevice(kind, id));
  }

  setMuted(muted: boolean): void {
    this.isMuted.value = muted;
    if (this.microphone.value !== null) this.microphone.value.enabled = !muted;
  }

  /** Off releases the camera (its light goes out); on opens it again. */
  async setCameraOn(on: boolean): Promise<void> {
    this.wantsCamera = on;
    if (!on) {
      this.release('camera');
    } else if (this.camera.value === null) {
      this.use('camera', await openDevice('camera', this.chosen.camera));
    }
  }

  /** Plays the camera's picture; needed again after `video` was moved to another place in the page, which pauses it. */
  async play(): Promise<void> {
    if (this.camera.value === null) return;
    try {
      await this.video.play();
    } catch (error) {
      // Another camera, or none, was chosen before this one had begun to play.
      if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
    }
  }

  /** What a newcomer needs, in order; nothing while the camera is off. */
  keyframesInUse(): readonly Uint8Array[] {
    return this.cameraOn.value ? (this.encoder?.keyframesInUse() ?? []) : [];
  }

  /** The chain of the keyframe of this number and all after it. */
  keyframesSince(number: number): readonly Uint8Array[] {
    return this.cameraOn.value ? (this.encoder?.keyframesSince(number) ?? []) : [];
  }

  /** Everybody has the keyframe of this number. */
  confirmKeyframe(number: number): void {
    this.encoder?.confirmKeyframe(number);
  }

  /** Says what keyframes may cost on average, kbit/s. */
  setKeyframeKbps(kbps: number): void {
    this.encoder?.setKeyframeKbps(kbps);
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
      this.problems[kind].value = captured.problem;
    } else if (this.isClosed || (kind === 'camera' && !this.wantsCamera)) {
      captured.track.stop();
    } else {
      this.release(kind);
      this.problems[kind].value = null;
      this.tracks[kind].value = captured.track;
      captured.track.onended = () => this.deviceEnded(kind, captured.track);
      if (kind === 'camera') void this.startCamera(captured.track);
      else this.startMicrophone(captured.track);
    }
  }

  private async startCamera(track: MediaStreamTrack): Promise<void> {
    this.video.srcObject = new MediaStream([track]);
    await this.play();
    if (this.camera.value === track) this.encoder?.start(this.video);
  }

  private startMicrophone(track: MediaStreamTrack): void {
    track.enabled = !this.isMuted.value;
    this.activity = new VoiceActivity(this.audio, track);
  }

  private deviceEnded(kind: DeviceKind, track: MediaStreamTrack): void {
    if (this.tracks[kind].value !== track) return;
    this.release(kind);
    this.problems[kind].value = 'not-found';
  }

  private release(kind: DeviceKind): void {
    this.tracks[kind].value?.stop();
    this.tracks[kind].value = null;
    if (kind === 'camera') {
      this.encoder?.stop();
      this.video.srcObject = null;
      this.tracking.value = null;
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
        if (this.camera.value !== null) this.tracking.value = status;
      };
      encoder.onError = (error) => this.codecFailed(error);
      this.encoder = encoder;
      if (this.camera.value !== null && !this.video.paused) encoder.start(this.video);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.encoderLoading = null;
      this.codecFailed(error);
    }
  }

  private codecFailed(error: CodecError): void {
    if (error.code === 'camera-ended') {
      const track = this.camera.value;
      if (track !== null) this.deviceEnded('camera', track);
      return;
    }
    this.codecProblem.value = error;
  }

  private readVoice(): void {
    const { loudness, active } = this.activity?.read() ?? { loudness: 0, active: false };
    const speaking = active && !this.muted.value;
    this.loudness.value = this.muted.value ? 0 : loudness;
    if (speaking === this.speaking.value) return;
    this.speaking.value = speaking;
    this.encoder?.setVoiceActive(speaking);
  }
}
