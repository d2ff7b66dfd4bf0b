/** What was heard of one person, as features on the clock of their frames: mirrors codec/speech/heard_voice.py. */
import { BANDS, COLUMN_MS, LogMel, SAMPLE_RATE, SILENCE } from './features';
import { COLUMNS, COLUMNS_AFTER, FRAME_MS, type SpeechEncoder } from './networks';

const COLUMNS_PER_FRAME = FRAME_MS / COLUMN_MS;
const MEMORY_MS = 2_000;
/** Sound that comes so much earlier or later than what came before says goes on with it; beyond, it begins anew. */
const LARGEST_SLIP_MS = 30;

/** Features of a stream of sound, one row every 40 ms, kept for 2 s. */
export class HeardVoice {
  private logMel = new LogMel();
  private columns: Float32Array[] = [];
  private features: { timeMs: number; row: Float32Array }[] = [];
  /** Of the next features. */
  private frameMs = 0;
  private endMs = -Infinity;
  private work: Promise<void> = Promise.resolve();

  /** Where the newest sound ends; minus infinity before any. */
  get endsMs(): number {
    return this.endMs;
  }

  constructor(private readonly encoder: SpeechEncoder) {}

  /**
   * Takes mono sound (16 kHz, ±1) whose first sample belongs to `timeMs` of the sender's clock; resolves when its
   * features are there. Sound that does not go on where the last ended begins a new stretch, with silence before it.
   */
  add(samples: Float32Array, timeMs: number): Promise<void> {
    this.work = this.work.then(() => this.take(samples, timeMs));
    return this.work;
  }

  /** Returns the features there are from before to after a time, with their times. */
  around(timeMs: number, beforeMs: number, afterMs: number): { timeMs: number; row: Float32Array }[] {
    return this.features.filter((entry) => entry.timeMs >= timeMs - beforeMs && entry.timeMs <= timeMs + afterMs);
  }

  private async take(samples: Float32Array, timeMs: number): Promise<void> {
    if (Math.abs(timeMs - this.endMs) > LARGEST_SLIP_MS) this.begin(timeMs);
    this.endMs += (1000 * samples.length) / SAMPLE_RATE;
    this.columns.push(...this.logMel.push(samples));
    while (this.columns.length >= COLUMNS) {
      const window = this.columns.slice(0, COLUMNS);
      const bands = Float32Array.from(
        { length: BANDS * COLUMNS },
        (_, index) => window[index % COLUMNS]?.[Math.floor(index / COLUMNS)] ?? SILENCE,
      );
      this.features.push({ timeMs: this.frameMs, row: await this.encoder.encode(bands) });
      this.frameMs += FRAME_MS;
      this.columns.splice(0, COLUMNS_PER_FRAME);
    }
    this.features = this.features.filter((entry) => entry.timeMs >= this.frameMs - MEMORY_MS);
  }

  private begin(timeMs: number): void {
    this.logMel = new LogMel();
    this.columns = Array.from({ length: COLUMNS - COLUMNS_AFTER }, () => new Float32Array(BANDS).fill(SILENCE));
    this.frameMs = timeMs;
    this.endMs = timeMs;
    this.features = this.features.filter((entry) => entry.timeMs < timeMs);
  }
}
