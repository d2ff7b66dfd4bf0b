/** Brings what an Opus decoder gives (48 kHz) to the rate of the features, as codec/'s resampler does: a low pass, then each third sample. */
import { SAMPLE_RATE } from './features';

export const DECODED_RATE = 48_000;
const FACTOR = DECODED_RATE / SAMPLE_RATE;
/** Taps on either side of an output sample: 1 ms, which the newest output lags behind. */
const REACH = 48;
const CUTOFF_HZ = 7_760;

/** A stream of sound, mono, without any shift in time. */
export class Resampler {
  private readonly taps = lowPass();
  /** What the next outputs need of the past; silence before the first sample. */
  private kept = new Float32Array(REACH);

  /** Takes samples at 48 kHz; returns those at 16 kHz that they complete. */
  push(samples: Float32Array): Float32Array {
    const input = new Float32Array(this.kept.length + samples.length);
    input.set(this.kept);
    input.set(samples, this.kept.length);
    const count = Math.max(0, Math.floor((input.length - this.taps.length) / FACTOR) + 1);
    const output = new Float32Array(count);
    for (let index = 0; index < count; index++) {
      let sum = 0;
      for (let tap = 0; tap < this.taps.length; tap++) sum += (this.taps[tap] ?? 0) * (input[FACTOR * index + tap] ?? 0);
      output[index] = sum;
    }
    this.kept = input.slice(FACTOR * count);
    return output;
  }
}

/** A sinc under a Hann window, of unit gain. */
function lowPass(): Float64Array {
  const length = 2 * REACH + 1;
  const taps = Float64Array.from({ length }, (_, index) => {
    const phase = (2 * Math.PI * CUTOFF_HZ * (index - REACH)) / DECODED_RATE;
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * (index + 1)) / (length + 1));
    return window * (phase === 0 ? 1 : Math.sin(phase) / phase);
  });
  const gain = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / gain);
}
