import { describe, expect, it } from 'vitest';
import { gridPlaces, speakerPlaces, squareGrid, type Place, type Size } from './layout';

describe('squareGrid', () => {
  it.each([
    [1_000, 600, 1, { side: 600, columns: 1 }],
    [1_000, 600, 2, { side: 495, columns: 2 }],
    [400, 800, 2, { side: 395, columns: 1 }],
    [1_000, 600, 4, { side: 295, columns: 2 }],
    [1_600, 600, 3, { side: 526, columns: 3 }],
  ])('%i × %i holds %i', (width, height, count, grid) => {
    expect(squareGrid(width, height, count, 10)).toEqual(grid);
  });

  it('never gives a negative side', () => {
    expect(squareGrid(5, 5, 9, 10).side).toBe(0);
    expect(squareGrid(100, 100, 0, 10).side).toBe(0);
  });
});

const STAGES: Size[] = [
  { width: 1_400, height: 700 },
  { width: 390, height: 640 },
  { width: 844, height: 300 },
];

function overlap(one: Place, two: Place): boolean {
  const apart = (a: number, b: number, side: number): boolean => Math.abs(a - b) >= side - 1;
  const side = one.left < two.left ? one.side : two.side;
  const height = one.top < two.top ? one.side : two.side;
  return !apart(one.left, two.left, side) && !apart(one.top, two.top, height);
}

describe.each([
  ['gridPlaces', gridPlaces],
  ['speakerPlaces', speakerPlaces],
])('%s', (_, places) => {
  it.each(STAGES)('keeps 1–25 tiles apart and inside %o', (stage) => {
    for (let count = 1; count <= 25; count += 1) {
      const tiles = places(stage, count, 8);
      expect(tiles).toHaveLength(count);
      for (const [index, tile] of tiles.entries()) {
        expect(tile.side).toBeGreaterThan(40);
        expect(tile.left).toBeGreaterThanOrEqual(0);
        expect(tile.top).toBeGreaterThanOrEqual(0);
        expect(tile.left + tile.side).toBeLessThanOrEqual(stage.width + 1);
        expect(tile.top + tile.side).toBeLessThanOrEqual(stage.height + 1);
        expect(tiles.slice(index + 1).filter((other) => overlap(tile, other))).toEqual([]);
      }
    }
  });
});

describe('speakerPlaces', () => {
  it('makes the first tile the largest', () => {
    const [first, second] = speakerPlaces({ width: 1_400, height: 700 }, 6, 8);
    expect(first!.side).toBeGreaterThan(4 * second!.side);
  });
});
