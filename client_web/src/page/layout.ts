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
