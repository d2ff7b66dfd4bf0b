import { computed, effect, signal } from '@preact/signals';
import type { FaceMode } from './face_player';
import type { PlayerClient } from './player_client';
import type { FilmSummary } from './player_messages';

const SAMPLE_RATE = 48_000;
const PIECE = SAMPLE_RATE / 4;
/** So much sound is handed to the browser before it is due, seconds. */
const AHEAD_S = 1;
const FILL_INTERVAL_MS = 100;

/** Plays a film: the sound's clock says where it is, and pictures follow as fast as they are drawn. */
export class Playback {
  readonly positionMs = signal(0);
  readonly isPlaying = signal(false);
  /** How each picture came about, by participant. */
  readonly modes = signal<ReadonlyMap<number, FaceMode>>(new Map());
  /** Of which moment the pictures are. */
  readonly drawnMs = signal<number | null>(null);
  /** Who alone is shown and heard; null: everybody. */
  readonly chosen = signal<number | null>(null);
  readonly participants = computed(() => {
    const ids = this.film.participants.map(({ id }) => id);
    return this.chosen.value === null ? ids : [this.chosen.value];
  });
  private context: AudioContext | null = null;
  /** Where on the audio clock the present stretch of playing began, and there in the film. */
  private began = { atS: 0, ms: 0 };
  private scheduledS = 0;
  private pieces: AudioBufferSourceNode[] = [];
  /** Changes when what was asked for is no longer wanted. */
  private stretch = 0;
  private isDrawing = false;
  private isClosed = false;
  private readonly stopFollowing: () => void;

  constructor(
    private readonly client: PlayerClient,
    readonly film: FilmSummary,
  ) {
    this.stopFollowing = effect(() => {
      void this.chosen.value;
      this.seek(this.positionMs.peek());
    });
  }

  toggle(): void {
    if (this.isPlaying.value) this.pause();
    else this.play();
  }

  /** Goes on; from the beginning again if it is at its end. To be called when the person has clicked. */
  play(): void {
    this.context ??= new AudioContext({ sampleRate: SAMPLE_RATE });
    void this.context.resume();
    this.isPlaying.value = true;
    this.seek(this.positionMs.value >= this.film.lengthMs ? 0 : this.positionMs.value);
    this.follow();
  }

  pause(): void {
    this.isPlaying.value = false;
    this.silence();
    void this.draw();
  }

  /** Goes to a moment of the film, and on from there if it plays. */
  seek(timeMs: number): void {
    this.positionMs.value = Math.max(0, Math.min(this.film.lengthMs, timeMs));
    this.silence();
    if (this.isPlaying.peek() && this.context !== null) {
      this.began = { atS: this.context.currentTime, ms: this.positionMs.peek() };
      this.scheduledS = 0;
      void this.fill(this.stretch, this.context);
    }
    void this.draw();
  }

  close(): void {
    this.isClosed = true;
    this.stopFollowing();
    this.pause();
    void this.context?.close();
  }

  /** Moves on with the sound, a picture at a time. */
  private follow(): void {
    if (!this.isPlaying.value || this.context === null || this.isClosed) return;
    this.positionMs.value = Math.min(
      this.film.lengthMs,
      this.began.ms + (this.context.currentTime - this.began.atS) * 1_000,
    );
    if (this.positionMs.value >= this.film.lengthMs) {
      this.pause();
      return;
    }
    void this.draw();
    requestAnimationFrame(() => this.follow());
  }

  /** Draws where the film is now; once more if it has moved meanwhile and does not play on. */
  private async draw(): Promise<void> {
    if (this.isDrawing || this.isClosed) return;
    this.isDrawing = true;
    try {
      let timeMs: number;
      do {
        timeMs = this.positionMs.peek();
        const modes = await this.client.ask('show', { timeMs, participants: this.participants.peek() });
        this.modes.value = new Map(modes);
        this.drawnMs.value = timeMs;
      } while (timeMs !== this.positionMs.peek() && !this.isClosed);
    } finally {
      this.isDrawing = false;
    }
  }

  /** Hands sound to the browser for as long as this stretch of playing lasts. */
  private async fill(stretch: number, context: AudioContext): Promise<void> {
    const first = Math.round((this.began.ms * SAMPLE_RATE) / 1_000);
    while (stretch === this.stretch && !this.isClosed) {
      const start = first + Math.round(this.scheduledS * SAMPLE_RATE);
      const samples = await this.client.ask('sound', { start, count: PIECE, participants: this.participants.peek() });
      if (stretch !== this.stretch) return;
      this.schedule(context, samples);
      while (this.began.atS + this.scheduledS > context.currentTime + AHEAD_S && stretch === this.stretch) {
        await new Promise((resolve) => setTimeout(resolve, FILL_INTERVAL_MS));
      }
    }
  }

  private schedule(context: AudioContext, samples: Float32Array<ArrayBuffer>): void {
    const buffer = context.createBuffer(1, samples.length, SAMPLE_RATE);
    buffer.copyToChannel(samples, 0);
    const piece = context.createBufferSource();
    piece.buffer = buffer;
    piece.connect(context.destination);
    const atS = this.began.atS + this.scheduledS;
    const lateS = Math.max(0, context.currentTime - atS);
    if (lateS < buffer.duration) piece.start(atS + lateS, lateS);
    this.pieces.push(piece);
    piece.onended = () => (this.pieces = this.pieces.filter((other) => other !== piece));
    this.scheduledS += buffer.duration;
  }

  private silence(): void {
    this.stretch++;
    for (const piece of this.pieces) {
      piece.onended = null;
      piece.disconnect();
    }
    this.pieces = [];
  }
}
