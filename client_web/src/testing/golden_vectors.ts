import { readFileSync } from 'node:fs';
import { EntropyTable } from '../codec/contexts';
import { MotionModel } from '../codec/motion';
import { parseMotionTable } from '../codec/motion_table';

const PROJECT = new URL('../../../', import.meta.url);

/** Returns the vectors of one file of `tests/vectors/`; `T` is what the test knows they are. */
export function goldenVectors<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`tests/vectors/${name}.json`, PROJECT), 'utf8')) as T[];
}

/** Returns the bytes of a hexadecimal string. */
export function fromHexadecimal(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: text.length / 2 }, (_, index) => parseInt(text.slice(2 * index, 2 * index + 2), 16));
}

/** The codec's own tables, as the server hands them out. */
export function entropyTable(): EntropyTable {
  return EntropyTable.parse(readFileSync(new URL('codec/tables/entropy.msgpack', PROJECT)));
}

export function motionModel(): MotionModel {
  return new MotionModel(parseMotionTable(readFileSync(new URL('codec/tables/motion.msgpack', PROJECT))));
}
