/** Keeps one person's picture and sound together: whichever would come earlier waits for the other (docs/speech.md). */

/** From when a picture is due until it is seen: half of the time between pictures, and drawing. */
const DRAWING_MS = 35;
const INTERVAL_MS = 1_000;
/** Of an offset that is made up for at once: the voice's jitter buffer follows slowly. */
const GAIN = 0.4;
/** Nobody notices less. */
const DEAD_MS = 10;
/** Neither waits longer for the other: then they are apart. */
const LONGEST_WAIT_MS = 400;

/** All times are ms. */
export class LipSync {
  /** How long the voice is to stay in its jitter buffer at least; null while the offset is not known. */
  voiceDelayMs: number | null = null;
  /** How much longer than for their own sake pictures are to wait. */
  pictureWaitMs = 0;
  private soundMs: number | null = null;
  private pictureMs: number | null = null;
  private changedMs = -Infinity;

  /** How much later than its sound a picture is seen; null while that is not known. */
  get offsetMs(): number | null {
    if (this.soundMs === null || this.pictureMs === null) return null;
    return this.pictureMs - this.soundMs;
  }

  /** Takes note of how old sound was when it was played. */
  noteSound(ageMs: number): void {
    this.soundMs = ageMs;
  }

  /** Takes note of how old a picture is when it is due; then decides, at most once a second, who waits. */
  notePicture(ageMs: number, nowMs: number): void {
    this.pictureMs = ageMs + DRAWING_MS;
    const offsetMs = this.offsetMs;
    if (offsetMs === null || nowMs - this.changedMs < INTERVAL_MS) return;
    this.changedMs = nowMs;
    this.voiceDelayMs ??= 0;
    if (Math.abs(offsetMs) < DEAD_MS) return;
    const step = GAIN * offsetMs;
    if (this.pictureWaitMs > 0 || (step < 0 && this.voiceDelayMs === 0)) {
      this.pictureWaitMs = clamp(this.pictureWaitMs - step);
    } else {
      this.voiceDelayMs = clamp(this.voiceDelayMs + step);
    }
  }
}

function clamp(waitMs: number): number {
  return Math.min(LONGEST_WAIT_MS, Math.max(0, waitMs));
}
