/** Keyframes that somebody may need again, each with those that its picture is predicted from. */
import { PICTURE_CODEC } from './intra_picture';
import { CACHED_KEYFRAMES } from './keyframes';

/** One sender's newest keyframes. A chain begins with an intra picture; its others continue it, number by number. */
export class KeyframeChains {
  private chains: Uint8Array[][] = [];

  /** Takes the next keyframe; chains that no receiver still draws from are forgotten. */
  add(keyframe: Uint8Array): void {
    const newest = this.chains.at(-1);
    if (newest !== undefined && pictureCodec(keyframe) === PICTURE_CODEC.av1Next) {
      newest.push(keyframe);
      return;
    }
    const kept: Uint8Array[][] = [];
    let count = 0;
    for (const chain of this.chains.toReversed()) {
      if (count >= CACHED_KEYFRAMES - 1) break;
      kept.unshift(chain);
      count += chain.length;
    }
    this.chains = [...kept, [keyframe]];
  }

  /** Returns the newest chain, oldest first; with those before it while there are fewer than `least` keyframes. */
  newest(least: number): Uint8Array[] {
    let found: Uint8Array[] = [];
    for (const chain of this.chains.toReversed()) {
      if (found.length >= least) break;
      found = [...chain, ...found];
    }
    return found;
  }

  /** Returns the keyframe of this number after all that it is predicted from; the newest chain if there is none. */
  upTo(number: number): Uint8Array[] {
    for (const chain of this.chains.toReversed()) {
      const position = chain.findIndex((keyframe) => keyframe[1] === number);
      if (position >= 0) return chain.slice(0, position + 1);
    }
    return this.chains.at(-1)?.slice() ?? [];
  }
}

function pictureCodec(keyframe: Uint8Array): number {
  return (keyframe[0] ?? 0) & 15;
}
