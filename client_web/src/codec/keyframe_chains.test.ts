import { describe, expect, it } from 'vitest';
import { PICTURE_CODEC } from './intra_picture';
import { KeyframeChains } from './keyframe_chains';

describe('keyframe chains', () => {
  const chains = new KeyframeChains();
  const add = (number: number, codec: number): Uint8Array => {
    const keyframe = Uint8Array.of(0x10 | codec, number, 9, 9);
    chains.add(keyframe);
    return keyframe;
  };

  it('hold what a keyframe needs', () => {
    expect(chains.newest(4)).toEqual([]);
    expect(chains.since(3)).toEqual([]);
    const first = [add(0, PICTURE_CODEC.av1), add(1, PICTURE_CODEC.av1Next), add(2, PICTURE_CODEC.av1Next)];
    const second = [add(3, PICTURE_CODEC.av1), add(4, PICTURE_CODEC.av1Next)];
    expect(chains.since(1)).toEqual([...first, ...second]);
    expect(chains.since(4)).toEqual(second);
    expect(chains.since(77)).toEqual(second);
    expect(chains.newest(2)).toEqual(second);
    expect(chains.newest(4)).toEqual([...first, ...second]);
    const singles = Array.from({ length: 15 }, (_, index) => add(5 + index, PICTURE_CODEC.webp));
    expect(chains.newest(99)).toEqual(singles.slice(-12));
  });
});
