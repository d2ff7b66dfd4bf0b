import { describe, expect, it } from 'vitest';
import { squareGrid } from './layout';

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
