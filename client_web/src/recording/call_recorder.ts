/** Records a call as `.fwr` (docs/files.md): our own face and voice, and those of everybody else. */
import { computed, signal } from '@preact/signals-core';
import type { Call } from '../call/call';
import type { Participant } from '../call/messages';
import { KeyframeChains } from '../codec/keyframe_chains';
import { CACHED_KEYFRAMES } from '../codec/keyframes';
import { RENDERED } from '../codec/provenance';
import { RECORD_KIND, type RecordedParticipant, type RecordKind } from '../codec/recording';
import { RecordingWriter } from '../codec/recording_writer';
import type { LocalMedia } from '../media/local_media';
import { RecordingClock } from './recording_clock';
import { RecordingFile, type RecordedFile } from './recording_file';

const PROGRESS_INTERVAL_MS = 500;

/** Of a recording that is being made. */
export interface RecordingProgress {
  lengthMs: number;
  bytes: number;
}

interface Running {
  clock: RecordingClock;
  writer: RecordingWriter;
  file: RecordingFile;
  timer: ReturnType<typeof setInterval>;
}

/** Knows who is in the call and which keyframes they sent; writes all of it from `start` to `stop`. */
export class CallRecorder {
  /** Of the running recording; null while none is made. */
  readonly progress = signal<RecordingProgress | null>(null);
  readonly isRecording = computed(() => this.progress.value !== null);
  /** The newest complete recording, until it is put away. */
  readonly finished = signal<RecordedFile | null>(null);
  /** Why the newest recording ended early; null if it did not. */
  readonly problem = signal<string | null>(null);
  private ownId: number | null = null;
  private readonly people = new Map<number, RecordedParticipant>();
  private readonly chains = new Map<number, KeyframeChains>();
  private running: Running | null = null;
  private readonly stopListening: (() => void)[];

  constructor(
    private readonly call: Call,
    private readonly media: LocalMedia,
    private readonly room: string,
    private readonly ownName: string,
  ) {
    this.stopListening = [
      call.on('joined', ({ id, participants }) => {
        this.enterAs(id);
        participants.forEach((participant) => this.meet(participant));
      }),
      call.on('reconnected', ({ id }) => id !== this.ownId && this.enterAs(id)),
      call.on('participant-joined', ({ participant }) => this.meet(participant)),
      call.on('participant-left', ({ participant }) => this.forget(participant.id)),
      call.on('bundle', ({ from, bundle }) => this.add(from, RECORD_KIND.bundle, bundle)),
      call.on('keyframe', ({ from, blob }) => {
        this.chains.get(from)?.add(blob);
        this.add(from, RECORD_KIND.keyframe, blob);
      }),
      call.on('voice-packet', ({ from, timestamp, packet }) => this.addVoice(from, timestamp, packet)),
      media.on('bundle', (bundle) => media.cameraOn.value && this.addOwn(RECORD_KIND.bundle, bundle)),
      media.on('keyframe', (blob) => media.cameraOn.value && this.addOwn(RECORD_KIND.keyframe, blob)),
    ];
  }

  /** Begins a recording; does nothing while there is one, or before the room was entered. */
  start(): void {
    if (this.running !== null || this.ownId === null) return;
    this.finished.value = null;
    this.problem.value = null;
    const began = new Date();
    const file = new RecordingFile(fileName(this.room, began), (message) => this.fail(message));
    const writer = new RecordingWriter((bytes) => file.append(bytes), {
      created: `${began.toISOString().slice(0, 19)}+00:00`,
      participants: [...this.people.values()],
      sourceType: RENDERED,
    });
    const timer = setInterval(() => this.showProgress(), PROGRESS_INTERVAL_MS);
    this.running = { clock: new RecordingClock(), writer, file, timer };
    for (const blob of this.media.keyframesInUse()) this.addOwn(RECORD_KIND.keyframe, blob);
    for (const [id, chains] of this.chains) {
      for (const blob of chains.newest(CACHED_KEYFRAMES)) this.add(id, RECORD_KIND.keyframe, blob);
    }
    this.call.setVoiceTap(true);
    this.showProgress();
  }

  /** Ends the recording; it is then in `finished`. */
  async stop(): Promise<void> {
    const { running } = this;
    if (running === null) return;
    this.running = null;
    clearInterval(running.timer);
    this.call.setVoiceTap(false);
    const lengthMs = running.clock.nowMs;
    this.progress.value = null;
    running.writer.flush();
    const { file, isKept } = await running.file.close();
    this.finished.value = { name: running.file.name, file, isKept, lengthMs };
  }

  /** The call is over: so is the recording. */
  close(): void {
    for (const stop of this.stopListening) stop();
    void this.stop();
  }

  private enterAs(id: number): void {
    if (this.ownId !== null) this.people.delete(this.ownId);
    this.ownId = id;
    this.introduce({ id, name: this.ownName, kind: this.media.cameraOn.value ? 'camera' : 'none' });
  }

  /** Renderers are nobody: they send nothing. */
  private meet({ id, name, source }: Participant): void {
    if (source === 'renderer') return;
    this.chains.set(id, new KeyframeChains());
    this.introduce({ id, name, kind: source });
  }

  private introduce(participant: RecordedParticipant): void {
    this.people.set(participant.id, participant);
    this.running?.clock.forget(participant.id);
    this.running?.writer.addParticipant(participant, Math.round(this.running.clock.nowMs));
  }

  private forget(id: number): void {
    this.people.delete(id);
    this.chains.delete(id);
  }

  private addOwn(kind: RecordKind, payload: Uint8Array): void {
    if (this.ownId !== null) this.add(this.ownId, kind, payload);
  }

  private add(participant: number, kind: RecordKind, payload: Uint8Array): void {
    if (this.running !== null) this.write(participant, kind, this.running.clock.nowMs, payload);
  }

  private addVoice(participant: number, timestamp: number, packet: Uint8Array): void {
    if (this.running === null) return;
    this.write(participant, RECORD_KIND.sound, this.running.clock.voiceMs(participant, timestamp), packet);
  }

  private write(participant: number, kind: RecordKind, timeMs: number, payload: Uint8Array): void {
    this.running?.writer.add({ kind, participant, timeMs: Math.round(timeMs), payload: new Uint8Array(payload) });
  }

  private showProgress(): void {
    if (this.running === null) return;
    this.progress.value = { lengthMs: this.running.clock.nowMs, bytes: this.running.file.bytes };
  }

  private fail(message: string): void {
    this.problem.value = message;
    void this.stop();
  }
}

/** As in facewire-tea-2026-11-21-194930.fwr, by the person's own clock. */
function fileName(room: string, began: Date): string {
  const local = new Date(began.getTime() - began.getTimezoneOffset() * 60_000).toISOString();
  return `facewire-${room}-${local.slice(0, 10)}-${local.slice(11, 19).replaceAll(':', '')}.fwr`;
}
