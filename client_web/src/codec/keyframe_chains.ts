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

  /**
   * Returns the chain of the keyframe of this number and all after it; the newest chain if it is not known.
   *
   * It goes on to the newest keyframe, so that a receiver's decoder can go on from there.
   */
  since(number: number): Uint8Array[] {
    const position = this.chains.findLastIndex((chain) => chain.some((keyframe) => keyframe[1] === number));
    return this.chains.slice(position).flat();
  }
}

function pictureCodec(keyframe: Uint8Array): number {
  return (keyframe[0] ?? 0) & 15;
}
