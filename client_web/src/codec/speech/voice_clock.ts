/**
 * Puts a voice on the clock of its sender's frames, from when both arrive: mirrors codec/speech/voice_clock.py, which
 * says why the fastest arrivals of both tell how their clocks differ.
 */

const WINDOW_MS = 10_000;
/** Tracking a face takes that. */
const TRACKING_MS = 30;
/** Of a packet's length: how long the fastest bundle waits for one. */
const WAITING_SHARE = 0.25;

interface Delay {
  arrivalMs: number;
  delayMs: number;
}

/** Compares the arrivals of one sender's packets and bundles. All times are ms. */
export class VoiceClock {
  private bundles: Delay[] = [];
  private voice: Delay[] = [];
  private waitingMs = 0;

  /** Takes the time of a bundle's last frame, on the sender's clock, and its arrival. */
  noteBundle(lastFrameMs: number, arrivalMs: number): void {
    this.bundles = noted(this.bundles, arrivalMs, arrivalMs - lastFrameMs - TRACKING_MS);
  }

  /** Takes the time at which a packet's sound ends, on the voice's clock, its length, and its arrival. */
  noteVoice(endMs: number, lengthMs: number, arrivalMs: number): void {
    this.voice = noted(this.voice, arrivalMs, arrivalMs - endMs);
    this.waitingMs = WAITING_SHARE * lengthMs;
  }

  /** Returns a time of the voice's clock on the frames' clock; null before both have arrived. */
  toFrames(voiceMs: number): number | null {
    if (this.bundles.length === 0 || this.voice.length === 0) return null;
    return voiceMs + smallest(this.voice) - (smallest(this.bundles) - this.waitingMs);
  }
}

function noted(delays: readonly Delay[], arrivalMs: number, delayMs: number): Delay[] {
  return [...delays.filter((delay) => arrivalMs - delay.arrivalMs <= WINDOW_MS), { arrivalMs, delayMs }];
}

function smallest(delays: readonly Delay[]): number {
  return Math.min(...delays.map(({ delayMs }) => delayMs));
}
