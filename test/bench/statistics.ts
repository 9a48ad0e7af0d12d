/** Numbers about numbers. Nothing here knows what they count. */

/** The middle value; NaN of nothing. */
export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

/** The value that a share `q` of all does not exceed; NaN of nothing. */
export const quantile = (numbers: readonly number[], q: number): number => {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = sorted.length * q;
  if (q === 0.5 && sorted.length > 0 && sorted.length % 2 === 0) {
    return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
  }
  return sorted[Math.min(sorted.length - 1, Math.floor(middle))] ?? Number.NaN;
};

/** A straight line by least squares. */
export interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** The line through points `[x, y]`; its slope is NaN if all lie at one x. */
export const lineThrough = (points: readonly (readonly [number, number])[]): Line => {
  const n = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = spread === 0 ? Number.NaN : points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  return { slope, intercept: meanY - slope * meanX };
};

/** Rounded for a reader: three significant digits, without an exponent. */
export const short = (value: number): string => {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
};

/** Lines of a table whose columns stand under each other: the first to the left, the others to the right. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
};
