/** Where square tiles go; all lengths in CSS pixels. */

/** `grid`: everybody as large as the others. `speaker`: one large, the others small beside or below. */
export type View = 'grid' | 'speaker';

export interface Size {
  width: number;
  height: number;
}

/** A square tile, from the left and top edge of the stage. */
export interface Place {
  left: number;
  top: number;
  side: number;
}

/** Shares of the stage that the small tiles of the speaker view may take, the smallest first. */
const STRIP_SHARES = [0.16, 0.22, 0.3, 0.4];
const SMALLEST_STRIP_TILE = 84;

/**
 * Side of the largest square tiles that fit `count` times into `width` × `height` pixels with `gap` pixels between them.
 * Returns the side, at least 0, and the number of columns.
 */
export function squareGrid(width: number, height: number, count: number, gap: number): { side: number; columns: number } {
  let best = { side: 0, columns: 1 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const side = Math.floor(
      Math.min((width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows),
    );
    if (side > best.side) best = { side, columns };
  }
  return best;
}

/** `count` equal tiles, as large as they fit, centred; so is the last row. */
export function gridPlaces({ width, height }: Size, count: number, gap: number): Place[] {
  const { side, columns } = squareGrid(width, height, count, gap);
  const rows = Math.ceil(count / columns);
  const across = (tiles: number): number => tiles * (side + gap) - gap;
  const top = (height - across(rows)) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? count - columns * row : columns;
    return {
      left: Math.round((width - across(inRow)) / 2 + (index - row * columns) * (side + gap)),
      top: Math.round(top + row * (side + gap)),
      side,
    };
  });
}

/** The first of `count` tiles large, the others in a strip at the end of the longer side. */
export function speakerPlaces(stage: Size, count: number, gap: number): Place[] {
  if (count < 2) return gridPlaces(stage, count, gap);
  const isWide = stage.width >= stage.height;
  const stripOf = (share: number): Size =>
    isWide ? { ...stage, width: stage.width * share } : { ...stage, height: stage.height * share };
  const share =
    STRIP_SHARES.find((candidate) => {
      const strip = stripOf(candidate);
      return squareGrid(strip.width, strip.height, count - 1, gap).side >= SMALLEST_STRIP_TILE;
    }) ?? STRIP_SHARES.at(-1)!;
  const strip = stripOf(share);
  const main = isWide
    ? { ...stage, width: stage.width - strip.width - gap }
    : { ...stage, height: stage.height - strip.height - gap };
  const shift = isWide ? { left: main.width + gap, top: 0 } : { left: 0, top: main.height + gap };
  return [
    ...gridPlaces(main, 1, gap),
    ...gridPlaces(strip, count - 1, gap).map(({ left, top, side }) => ({
      left: left + shift.left,
      top: top + shift.top,
      side,
    })),
  ];
}
