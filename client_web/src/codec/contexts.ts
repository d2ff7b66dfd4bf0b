/** The range coder's contexts at the start of every bundle and keyframe: integers from a stored table. */
import { decode } from '@msgpack/msgpack';
import { PROBABILITY_BITS, RESIDUAL_CONTEXTS, type Contexts } from './entropy';
import { CodecError } from './errors';
import { MOTION_LENGTH, SHAPE_LENGTH } from './motion';

const ROWS = { gap: 1, gap_tree: 64, mode: 4, pick: 1 } as const;
const RESIDUAL_SETS = {
  anchor: MOTION_LENGTH,
  chain: MOTION_LENGTH,
  shape: SHAPE_LENGTH,
  keyframe: MOTION_LENGTH,
} as const;

/** One fresh copy of every context; coding changes it. */
export interface EntropyContexts {
  gap: Contexts;
  gapTree: Contexts;
  mode: Contexts;
  pick: Contexts;
  anchor: Contexts[];
  chain: Contexts[];
  shape: Contexts[];
  keyframe: Contexts[];
}

/** The table that all contexts start from. */
export class EntropyTable {
  private constructor(private readonly start: EntropyContexts) {}

  /** Reads `entropy.msgpack`. Throws `CodecError` `model-file` if it is not a table of version 1. */
  static parse(content: Uint8Array): EntropyTable {
    const table = decodeTable(content, 'entropy table');
    const row = (name: keyof typeof ROWS): Contexts => readRow(name, table[name], ROWS[name]);
    const set = (name: keyof typeof RESIDUAL_SETS): Contexts[] => {
      const rows = table[name];
      if (!Array.isArray(rows) || rows.length !== RESIDUAL_SETS[name]) {
        throw new CodecError('model-file', `${name} of the entropy table needs ${RESIDUAL_SETS[name]} rows`);
      }
      return rows.map((values) => readRow(name, values, RESIDUAL_CONTEXTS));
    };
    return new EntropyTable({
      gap: row('gap'),
      gapTree: row('gap_tree'),
      mode: row('mode'),
      pick: row('pick'),
      anchor: set('anchor'),
      chain: set('chain'),
      shape: set('shape'),
      keyframe: set('keyframe'),
    });
  }

  /** Returns the contexts that a bundle or a keyframe starts with. */
  fresh(): EntropyContexts {
    const copy = (rows: Contexts[]): Contexts[] => rows.map((row) => row.slice());
    const { start } = this;
    return {
      gap: start.gap.slice(),
      gapTree: start.gapTree.slice(),
      mode: start.mode.slice(),
      pick: start.pick.slice(),
      anchor: copy(start.anchor),
      chain: copy(start.chain),
      shape: copy(start.shape),
      keyframe: copy(start.keyframe),
    };
  }
}

/** Reads a msgpack map of version 1. Throws `CodecError` `model-file`. */
export function decodeTable(content: Uint8Array, what: string): Record<string, unknown> {
  let table: unknown;
  try {
    table = decode(content);
  } catch (error) {
    throw new CodecError('model-file', `cannot read the ${what}: ${String(error)}`);
  }
  if (typeof table !== 'object' || table === null || !('version' in table)) {
    throw new CodecError('model-file', `the ${what} is not a map with a version`);
  }
  if (table.version !== 1) {
    throw new CodecError('model-file', `the ${what} has version ${String(table.version)}, this codec reads version 1`);
  }
  return { ...table };
}

function readRow(name: string, values: unknown, length: number): Contexts {
  const limit = 1 << PROBABILITY_BITS;
  const isProbability = (value: unknown): value is number =>
    Number.isInteger(value) && Number(value) > 0 && Number(value) < limit;
  if (!Array.isArray(values) || values.length !== length || !values.every(isProbability)) {
    throw new CodecError(
      'model-file',
      `${name} of the entropy table needs ${length} probabilities between 0 and ${limit}`,
    );
  }
  return Uint16Array.from(values);
}
