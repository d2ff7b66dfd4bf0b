/** Rows and columns for so many square pictures: as square as can be, wide rather than high. */
export function gridShape(count: number): { rows: number; columns: number } {
  const columns = Math.max(1, Math.ceil(Math.sqrt(count)));
  return { rows: Math.max(1, Math.ceil(count / columns)), columns };
}
