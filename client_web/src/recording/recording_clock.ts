/** When what is recorded happened: mirrors server/native/recorder.py. */

const TIMESTAMPS = 2 ** 32;
const TIMESTAMPS_PER_MS = 48;
const LARGEST_DRIFT_MS = 400;

/** Milliseconds since a recording began; voice packets by their RTP timestamps, so that jitter is not recorded as gaps. */
export class RecordingClock {
  private readonly beganMs = performance.now();
  private readonly voices = new Map<number, { timestamp: number; timeMs: number }>();

  get nowMs(): number {
    return performance.now() - this.beganMs;
  }

  /** The time of a participant's voice packet that came now, `timestamp` being samples at 48 kHz modulo 2³². */
  voiceMs(participant: number, timestamp: number): number {
    const { nowMs } = this;
    const last = this.voices.get(participant);
    const half = TIMESTAMPS / 2;
    const step = last === undefined ? NaN : ((timestamp - last.timestamp + TIMESTAMPS + half) % TIMESTAMPS) - half;
    const countedMs = (last?.timeMs ?? NaN) + step / TIMESTAMPS_PER_MS;
    const timeMs = Math.abs(countedMs - nowMs) < LARGEST_DRIFT_MS && countedMs >= 0 ? countedMs : nowMs;
    this.voices.set(participant, { timestamp, timeMs });
    return timeMs;
  }

  /** A participant's voice begins anew. */
  forget(participant: number): void {
    this.voices.delete(participant);
  }
}
