/** Log-mel features of speech, strictly causal: mirrors codec/speech/features.py (docs/speech.md). */

export const SAMPLE_RATE = 16_000;
export const HOP = 160;
export const WINDOW = 400;
export const BANDS = 40;
export const COLUMN_MS = (1000 * HOP) / SAMPLE_RATE;
const POWER_FLOOR = 1e-8;
/** Every band of digital silence. */
export const SILENCE = Math.log10(POWER_FLOOR);

const TRANSFORM = 512;
const BINS = TRANSFORM / 2 + 1;
const LOWEST_HZ = 60;
const HIGHEST_HZ = 7600;

/** Turns a stream of sound (mono, 16 kHz, ±1) into columns of 10 ms; sound before the first sample counts as silence. */
export class LogMel {
  private readonly bank = melBank();
  private readonly hann = Float64Array.from(
    { length: WINDOW },
    (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / WINDOW),
  );
  private readonly powerScale = 1 / this.hann.reduce((sum, value) => sum + value * value, 0);
  private readonly window = new Float64Array(WINDOW);
  private filled = WINDOW - HOP;
  private readonly real = new Float64Array(TRANSFORM);
  private readonly imaginary = new Float64Array(TRANSFORM);

  /** Takes any number of samples; returns the columns that they complete, each 40 logarithms (base 10) of power. */
  push(samples: ArrayLike<number>): Float32Array[] {
    const columns: Float32Array[] = [];
    for (let index = 0; index < samples.length; index++) {
      this.window[this.filled++] = samples[index] ?? 0;
      if (this.filled < WINDOW) continue;
      columns.push(this.column());
      this.window.copyWithin(0, HOP);
      this.filled = WINDOW - HOP;
    }
    return columns;
  }

  private column(): Float32Array {
    this.imaginary.fill(0);
    this.real.fill(0, WINDOW);
    for (let index = 0; index < WINDOW; index++) {
      this.real[index] = (this.window[index] ?? 0) * (this.hann[index] ?? 0);
    }
    transform(this.real, this.imaginary);
    return Float32Array.from(this.bank, ({ first, weights }) => {
      let power = 0;
      weights.forEach((weight, index) => {
        const [re, im] = [this.real[first + index] ?? 0, this.imaginary[first + index] ?? 0];
        power += weight * (re * re + im * im);
      });
      return Math.log10(power * this.powerScale + POWER_FLOOR);
    });
  }
}

/** A triangular band: its weights, of unit sum, from bin `first` on. */
interface Band {
  first: number;
  weights: Float64Array;
}

function melBank(): Band[] {
  const toMel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
  const step = (toMel(HIGHEST_HZ) - toMel(LOWEST_HZ)) / (BANDS + 1);
  const edges = Array.from(
    { length: BANDS + 2 },
    (_, index) => 700 * (10 ** ((toMel(LOWEST_HZ) + index * step) / 2595) - 1),
  );
  return Array.from({ length: BANDS }, (_, band) => {
    const [left = 0, middle = 0, right = 0] = edges.slice(band, band + 3);
    const all = Float64Array.from({ length: BINS }, (_, bin) => {
      const hertz = (bin * SAMPLE_RATE) / TRANSFORM;
      return Math.max(0, Math.min((hertz - left) / (middle - left), (right - hertz) / (right - middle)));
    });
    const first = all.findIndex((weight) => weight > 0);
    const sum = all.reduce((total, weight) => total + weight, 0);
    return { first, weights: all.filter((weight) => weight > 0).map((weight) => weight / sum) };
  });
}

/** In-place radix-2 fast Fourier transform (Cooley and Tukey 1965) of a power of two complex values. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const length = real.length;
  for (let index = 1, reversed = 0; index < length; index++) {
    let bit = length >> 1;
    for (; reversed & bit; bit >>= 1) reversed ^= bit;
    reversed ^= bit;
    if (index < reversed) {
      for (const array of [real, imaginary]) {
        [array[index], array[reversed]] = [array[reversed] ?? 0, array[index] ?? 0];
      }
    }
  }
  for (let size = 2; size <= length; size *= 2) {
    for (let offset = 0; offset < size / 2; offset++) {
      const [cosine, sine] = [Math.cos((-2 * Math.PI * offset) / size), Math.sin((-2 * Math.PI * offset) / size)];
      for (let low = offset; low < length; low += size) {
        const high = low + size / 2;
        const [a, b] = [real[high] ?? 0, imaginary[high] ?? 0];
        const [re, im] = [a * cosine - b * sine, a * sine + b * cosine];
        real[high] = (real[low] ?? 0) - re;
        imaginary[high] = (imaginary[low] ?? 0) - im;
        real[low] = (real[low] ?? 0) + re;
        imaginary[low] = (imaginary[low] ?? 0) + im;
      }
    }
  }
}
