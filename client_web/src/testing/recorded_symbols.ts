/** What this browser's codec reads in bundles: a test compares it with what Python's reads in a recording of them. */
import { decodeFrames, parseBundle } from '../codec/bundle';
import { EntropyTable } from '../codec/contexts';
import { UnknownKeyframeError } from '../codec/errors';
import { parseKeyframe } from '../codec/keyframes';
import type { Motion } from '../codec/motion';

/** A bundle or keyframe as it came; `payload` is a string of one character a byte. */
export interface Arrived {
  type: 'bundle' | 'keyframe';
  payload: string;
}

/** The motion of a bundle's frames, `null` where a frame has none; `null` for a bundle that came before its keyframes. */
export type Symbols = (Motion | null)[] | null;

/** What each of the bundles says, in order. */
export function symbolsOf(arrived: readonly Arrived[], entropyTable: string): Symbols[] {
  const table = EntropyTable.parse(bytes(entropyTable));
  const motions = new Map<number, Motion>();
  const symbols: Symbols[] = [];
  for (const { type, payload } of arrived) {
    if (type === 'keyframe') {
      const { number, motion } = parseKeyframe(table, bytes(payload));
      if (motion !== null) motions.set(number, motion);
    } else {
      symbols.push(motionsOf(table, bytes(payload), motions));
    }
  }
  return symbols;
}

function motionsOf(table: EntropyTable, bundle: Uint8Array, motions: ReadonlyMap<number, Motion>): Symbols {
  try {
    return decodeFrames(table, parseBundle(bundle), motions).frames.map(({ motion }) => motion);
  } catch (error) {
    if (error instanceof UnknownKeyframeError) return null;
    throw error;
  }
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
