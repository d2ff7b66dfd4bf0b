import { beforeAll, describe, expect, it } from 'vitest';
import { TileGrid, type DueTile, type TileQuality } from './tile_grid';

/** Node has none; the grid needs only its pixels. */
class Pixels {
  readonly data: Uint8ClampedArray;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = new Uint8ClampedArray(4 * width * height);
  }
}

function screen(grey: number, width = 300, height = 140): ImageData {
  const picture = new ImageData(width, height);
  picture.data.fill(grey);
  return picture;
}

/** Sends what is due until nothing is; missing tiles go coarse if they are to. */
function everything(grid: TileGrid, first: TileQuality): (DueTile & { quality: TileQuality })[] {
  const sent = [];
  for (let due = grid.next(); due !== null; due = grid.next()) {
    const quality = due.isMissing ? first : 'fine';
    grid.noteSent(due, quality);
    sent.push({ ...due, quality });
  }
  return sent;
}

describe('TileGrid', () => {
  beforeAll(() => void Object.assign(globalThis, { ImageData: Pixels }));

  it('sends all tiles so that they are there, then better', () => {
    const grid = new TileGrid(300, 140);
    grid.take(screen(90));
    const sent = everything(grid, 'coarse');
    const places = ['0,0', '1,0', '2,0', '0,1', '1,1', '2,1'];
    expect(sent.map(({ column, row }) => `${column},${row}`)).toEqual([...places, ...places]);
    expect(sent.map(({ quality }) => quality)).toEqual([...places.map(() => 'coarse'), ...places.map(() => 'fine')]);
    expect(grid.settled).toBe(255);
  });

  it('sends nothing while nothing changes, and only what has', () => {
    const grid = new TileGrid(300, 140);
    grid.take(screen(90));
    expect(everything(grid, 'fine')).toHaveLength(6);
    grid.take(screen(92));
    expect(grid.next()).toBeNull();
    const changed = screen(90);
    changed.data[4 * (10 * 300 + 290)] = 200;
    grid.take(changed);
    expect(grid.settled).toBeLessThan(255);
    expect(everything(grid, 'fine').map(({ column, row }) => [column, row])).toEqual([[2, 0]]);
  });

  it('continues the last pixels beyond the edge', () => {
    const grid = new TileGrid(300, 140);
    grid.take(screen(77));
    const corner = everything(grid, 'fine').find(({ column, row }) => column === 2 && row === 1);
    expect(new Set(corner?.picture.data)).toEqual(new Set([77]));
  });
});
