/** Sound and received motion → expression, the best linear estimate: mirrors codec/speech/fusion.py (docs/speech.md). */
import { decodeTable } from '../contexts';
import { CodecError } from '../errors';
import { solvePositiveDefinite } from '../linear_algebra';
import { EXPRESSION } from '../motion';

const MOUTH = 8;
const CHANNELS = MOUTH + EXPRESSION;
const LAG_MS = 40;
/** Covariances are known for lags of up to so many times 40 ms either way. */
const LAGS = 16;
const MOST_FRAMES = 12;
/** Of each observation's variance: keeps the estimate sane where observations nearly repeat each other. */
const NUGGET = 0.01;
const SMALLEST_VARIANCE = 1e-4;

/** Rows of numbers, one after another. */
interface Table {
  values: Float32Array;
  columns: number;
}

/** What the estimate needs; codec/speech/fusion.py says what each is. */
export type Covariances = Record<keyof typeof SHAPES, Table>;

const SHAPES = {
  project: [EXPRESSION, MOUTH],
  lift: [MOUTH, EXPRESSION],
  signal: [2 * LAGS + 1, CHANNELS],
  quantised: [2 * LAGS + 1, CHANNELS],
  crossed: [2 * LAGS + 1, CHANNELS],
  sound: [2 * LAGS + 1, MOUTH],
  told: [2 * LAGS + 1, MOUTH],
} as const;

/** Reads `fusion.msgpack`. Throws `CodecError` `model-file` for another version or size. */
export function parseCovariances(content: Uint8Array): Covariances {
  const stored = decodeTable(content, 'table of covariances');
  const read = (name: keyof typeof SHAPES): Table => {
    const [rows, columns] = SHAPES[name];
    const bytes = stored[name];
    if (!(bytes instanceof Uint8Array) || bytes.length !== 4 * rows * columns) {
      throw new CodecError('model-file', `${name} of the covariances needs ${rows} × ${columns} numbers`);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const values = Float32Array.from({ length: rows * columns }, (_, index) => view.getFloat32(4 * index, true));
    return { values, columns };
  };
  return Object.fromEntries(Object.keys(SHAPES).map((name) => [name, read(name as keyof typeof SHAPES)])) as Covariances;
}

/** What is known around the frame to estimate; times are ms from it, later ones positive. */
export interface Observations {
  frames: readonly { ms: number; motion: readonly number[] }[];
  sound: readonly { ms: number; features: ArrayLike<number> }[];
}

/** The expression from rest, and the root of its lips' expected square error in pixels. */
export interface Estimate {
  expression: number[];
  errorPx: number;
}

/** Something observed of one channel. */
interface Observed {
  ms: number;
  value: number;
  isSound: boolean;
}

/** The estimate; holds no state. */
export class MouthFusion {
  constructor(private readonly table: Covariances) {}

  /** `scalePx` is the root mean square displacement of this person's lips. */
  estimate({ frames, sound }: Observations, scalePx: number): Estimate {
    const nearest = [...frames].sort((one, two) => Math.abs(one.ms) - Math.abs(two.ms)).slice(0, MOST_FRAMES);
    const channels = nearest.map(({ ms, motion }) => ({ ms, values: this.split(motion) }));
    const estimates = Array.from({ length: CHANNELS }, (_, channel) => {
      const seen: Observed[] = channels.map(({ ms, values }) => ({ ms, value: values[channel] ?? 0, isSound: false }));
      const heard = channel < MOUTH ? sound : [];
      for (const { ms, features } of heard) {
        seen.push({ ms, value: (features[channel] ?? 0) * scalePx, isSound: true });
      }
      return this.estimateChannel(channel, seen, scalePx ** 2);
    });
    const expression = Array.from({ length: EXPRESSION }, (_, index) => {
      let value = estimates[MOUTH + index]?.value ?? 0;
      for (let mode = 0; mode < MOUTH; mode++) value += (estimates[mode]?.value ?? 0) * entry(this.table.lift, mode, index);
      return value;
    });
    const variance = estimates.slice(0, MOUTH).reduce((sum, estimate) => sum + Math.max(0, estimate.variance), 0);
    return { expression, errorPx: Math.sqrt(variance) };
  }

  /** Returns the mouth's channels of an expression, and what of it is no mouth's. */
  private split(motion: readonly number[]): number[] {
    const mouth = Array.from({ length: MOUTH }, (_, mode) =>
      motion.reduce((sum, value, index) => sum + value * entry(this.table.project, index, mode), 0),
    );
    const face = motion.map((value, index) =>
      mouth.reduce((rest, code, mode) => rest - code * entry(this.table.lift, mode, index), value),
    );
    return [...mouth, ...face];
  }

  private estimateChannel(channel: number, seen: readonly Observed[], square: number): { value: number; variance: number } {
    const { signal, quantised, crossed, sound, told } = this.table;
    const variance = square * entry(signal, LAGS, channel);
    if (seen.length === 0) return { value: 0, variance };
    const between = (one: Observed, two: Observed): number => {
      if (one.isSound && two.isSound) return square * at(sound, channel, two.ms - one.ms);
      if (one.isSound) return square * at(told, channel, one.ms - two.ms);
      if (two.isSound) return square * at(told, channel, two.ms - one.ms);
      return square * at(signal, channel, two.ms - one.ms) + at(quantised, channel, two.ms - one.ms);
    };
    const covariance = seen.map((one) => Float64Array.from(seen, (two) => between(one, two)));
    covariance.forEach((row, index) => {
      row[index] = (row[index] ?? 0) * (1 + NUGGET) + SMALLEST_VARIANCE;
    });
    const targets = seen.map(({ ms, isSound }) =>
      isSound
        ? square * at(told, channel, ms)
        : square * at(signal, channel, ms) + at(crossed, channel, ms),
    );
    const weights = solvePositiveDefinite(
      covariance,
      targets.map((target) => Float64Array.of(target)),
    ).map((row) => row[0] ?? 0);
    const sum = (values: readonly number[]): number =>
      weights.reduce((total, weight, index) => total + weight * (values[index] ?? 0), 0);
    return { value: sum(seen.map(({ value }) => value)), variance: variance - sum(targets) };
  }
}

function entry({ values, columns }: Table, row: number, column: number): number {
  return values[row * columns + column] ?? 0;
}

/** Returns a channel's covariance at a lag: between those that are known, 0 beyond. */
function at(table: Table, channel: number, lagMs: number): number {
  if (Math.abs(lagMs) > LAG_MS * LAGS) return 0;
  const place = lagMs / LAG_MS + LAGS;
  const low = Math.min(Math.floor(place), 2 * LAGS - 1);
  const share = place - low;
  return entry(table, low, channel) * (1 - share) + entry(table, low + 1, channel) * share;
}
