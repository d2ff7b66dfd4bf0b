/** Returns the largest eigenvalue of a symmetric matrix and its unit eigenvector, by cyclic Jacobi rotations. */
export function largestEigenpair(matrix: number[][]): { value: number; vector: number[] } {
  const size = matrix.length;
  const a = matrix.map((row) => [...row]);
  const vectors = a.map((_, row) => a.map((__, column) => (row === column ? 1 : 0)));
  const at = (rows: number[][], row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let sweep = 0; sweep < 20; sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (at(a, p, q) === 0) continue;
        const theta = Math.atan2(2 * at(a, p, q), at(a, q, q) - at(a, p, p)) / 2;
        const cosine = Math.cos(theta);
        const sine = Math.sin(theta);
        for (const rows of [a, vectors]) {
          for (const row of rows) {
            const [left, right] = [row[p] ?? 0, row[q] ?? 0];
            row[p] = cosine * left - sine * right;
            row[q] = sine * left + cosine * right;
          }
        }
        const [upper, lower] = [a[p] ?? [], a[q] ?? []];
        a[p] = upper.map((value, column) => cosine * value - sine * (lower[column] ?? 0));
        a[q] = lower.map((value, column) => sine * (upper[column] ?? 0) + cosine * value);
      }
    }
  }
  const values = a.map((row, index) => row[index] ?? 0);
  const value = Math.max(...values);
  const best = values.indexOf(value);
  return { value, vector: vectors.map((row) => row[best] ?? 0) };
}

/** Returns X with `matrix` · X = `right` for a symmetric positive definite matrix; rows as typed arrays. */
export function solvePositiveDefinite(matrix: Float64Array[], right: Float64Array[]): Float64Array[] {
  const left = matrix.map((row) => row.slice());
  const solution = right.map((row) => row.slice());
  left.forEach((pivotRow, pivot) => {
    const pivotValue = pivotRow[pivot] ?? 0;
    if (!(pivotValue > 0)) throw new RangeError(`pivot ${pivot} is ${pivotValue}: the matrix is not positive definite`);
    left.forEach((row, index) => {
      if (index === pivot) return;
      const factor = (row[pivot] ?? 0) / pivotValue;
      if (factor === 0) return;
      subtractScaled(row, pivotRow, factor);
      subtractScaled(solution[index] ?? row, solution[pivot] ?? pivotRow, factor);
    });
  });
  solution.forEach((row, index) => {
    const pivotValue = left[index]?.[index] ?? 1;
    row.forEach((value, column) => (row[column] = value / pivotValue));
  });
  return solution;
}

function subtractScaled(row: Float64Array, other: Float64Array, factor: number): void {
  for (let column = 0; column < row.length; column++) row[column] = (row[column] ?? 0) - factor * (other[column] ?? 0);
}
