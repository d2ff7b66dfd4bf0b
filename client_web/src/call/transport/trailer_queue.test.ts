import { describe, expect, it } from 'vitest';
import { sortItems } from './redundancy';
import { splitTrailer } from './trailer';
import { TrailerQueue } from './trailer_queue';

const VOICE = Uint8Array.of(0x18, ...new Array<number>(45).fill(7));
const NO_VOICE = new Uint8Array(0);
const PAUSE = Uint8Array.of(0x18);

const bundle = (number: number, length = 50): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(number);

describe('TrailerQueue', () => {
  it('takes no bundle while no voice packets go out', () => {
    const queue = new TrailerQueue();
    expect(queue.push(bundle(1), 0)).toBe(false);
    queue.load(VOICE, 480, 10);
    expect(queue.push(bundle(1), 60)).toBe(true);
    expect(queue.push(bundle(2), 400)).toBe(false);
  });

  it('puts waiting bundles behind the next packet, in order, each once', () => {
    const queue = new TrailerQueue();
    expect(queue.load(VOICE, 0, 0)).toEqual({ payload: VOICE, bundles: [] });
    queue.push(bundle(1), 20);
    queue.push(bundle(2), 40);
    const { payload, bundles } = queue.load(VOICE, 2880, 60);
    expect(bundles).toEqual([bundle(1), bundle(2)]);
    expect(splitTrailer(payload)).toEqual({ voice: VOICE, bundles });
    expect(queue.load(VOICE, 5760, 120).bundles).toEqual([]);
  });

  it('makes a packet without sound in silence, and none without a bundle', () => {
    const queue = new TrailerQueue();
    expect(queue.load(NO_VOICE, 0, 0).payload.length).toBe(0);
    queue.push(bundle(3), 10);
    expect(splitTrailer(queue.load(NO_VOICE, 0, 60).payload)).toEqual({ voice: NO_VOICE, bundles: [bundle(3)] });
  });

  it('leaves the announcement of a pause, and what is no Opus packet, as it is', () => {
    const queue = new TrailerQueue();
    queue.load(VOICE, 0, 0);
    queue.push(bundle(4), 10);
    expect(queue.load(PAUSE, 2880, 60)).toEqual({ payload: PAUSE, bundles: [] });
    const broken = Uint8Array.of(0x1b, 0, 0);
    expect(queue.load(broken, 5760, 120)).toEqual({ payload: broken, bundles: [] });
    expect(queue.load(VOICE, 8640, 180).bundles).toEqual([bundle(4)]);
  });

  it('leaves for the next packet what does not fit, and refuses what never would', () => {
    const queue = new TrailerQueue();
    queue.load(VOICE, 0, 0);
    queue.push(bundle(5, 800), 10);
    queue.push(bundle(6, 800), 20);
    expect(queue.push(bundle(7, 1_000), 30)).toBe(false);
    expect(queue.load(VOICE, 2880, 60).bundles).toEqual([bundle(5, 800)]);
    expect(queue.load(VOICE, 5760, 120).bundles).toEqual([bundle(6, 800)]);
  });

  it('gives back what has waited in vain', () => {
    const queue = new TrailerQueue();
    queue.load(VOICE, 0, 0);
    queue.push(bundle(8), 100);
    queue.push(bundle(9), 250);
    expect(queue.takeExpired(350)).toEqual([]);
    expect(queue.takeExpired(450)).toEqual([bundle(8)]);
    expect(queue.load(VOICE, 22080, 460).bundles).toEqual([bundle(9)]);
  });

  it('sends voices and bundles again behind the packets that follow', () => {
    const queue = new TrailerQueue();
    queue.redundancy.depth = 1;
    queue.load(VOICE, 0, 0);
    queue.push(bundle(1), 20);
    expect(sortItems(splitTrailer(queue.load(VOICE, 2_880, 60).payload).bundles)).toEqual({
      bundles: [bundle(1)],
      copies: [{ age: 2_880, packet: VOICE }],
    });
    queue.push(bundle(2), 80);
    const { payload, bundles } = queue.load(VOICE, 5_760, 120);
    expect(bundles).toEqual([bundle(2)]);
    expect(sortItems(splitTrailer(payload).bundles).bundles).toEqual([bundle(1), bundle(2)]);
    expect(queue.load(NO_VOICE, 8_640, 180).payload.length).toBe(0);
    queue.redundancy.depth = 0;
    expect(queue.load(VOICE, 11_520, 240).payload).toEqual(VOICE);
  });

  it('leaves what is sent again out where it does not fit', () => {
    const queue = new TrailerQueue();
    queue.redundancy.depth = 2;
    queue.load(VOICE, 0, 0);
    queue.push(bundle(1, 800), 10);
    queue.load(VOICE, 2_880, 60);
    queue.push(bundle(2, 800), 70);
    expect(splitTrailer(queue.load(VOICE, 5_760, 120).payload).bundles).toEqual([bundle(2, 800)]);
  });
});
