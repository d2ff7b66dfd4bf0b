/** The codec's motion table, `motion.msgpack`: mean face and bases as 16-bit integers with scales. */
import { decodeTable } from './contexts';
import { CodecError } from './errors';
import { EXPRESSION, LANDMARKS, SHAPE_LENGTH, SURFACE, type MotionTable } from './motion';

/** Reads the table. Throws `CodecError` `model-file` if it is of another version or size. */
export function parseMotionTable(content: Uint8Array): MotionTable {
  const table = decodeTable(content, 'motion table');
  const single = (name: string, length: number): Float64Array =>
    readArray(table, name, 1, length)[0] ?? new Float64Array();
  return {
    mean: single('mean', 3 * LANDMARKS),
    shapeBasis: readArray(table, 'shape_basis', SHAPE_LENGTH, 3 * SURFACE),
    expressionBasis: readArray(table, 'expression_basis', EXPRESSION, 3 * SURFACE),
    pointWeights: single('point_weights', SURFACE),
    rigidWeights: single('rigid_weights', SURFACE),
  };
}

/** Returns an array stored as little-endian int16 with one scale, or one for each row. */
function readArray(table: Record<string, unknown>, name: string, rows: number, length: number): Float64Array[] {
  const { values, scales } = Object(table[name]) as { values?: unknown; scales?: unknown };
  if (!(values instanceof Uint8Array) || values.length !== 2 * rows * length) {
    throw new CodecError('model-file', `${name} of the motion table needs ${rows} × ${length} 16-bit integers`);
  }
  if (
    !Array.isArray(scales) ||
    ![1, rows].includes(scales.length) ||
    !scales.every((scale) => Number.isFinite(scale))
  ) {
    throw new CodecError('model-file', `${name} of the motion table needs 1 or ${rows} scales`);
  }
  const stored = new DataView(values.buffer, values.byteOffset, values.byteLength);
  return Array.from({ length: rows }, (_, row) => {
    const scale = Number(scales[scales.length === 1 ? 0 : row]);
    return Float64Array.from({ length }, (__, index) => stored.getInt16(2 * (row * length + index), true) * scale);
  });
}
