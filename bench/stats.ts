// The few numbers a benchmark reports, and how they are printed.

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1];
  const high = sorted[Math.floor(middle)];
  if (low === undefined || high === undefined)
    throw new RangeError("Cannot take the median of no values");
  return (low + high) / 2;
}

/**
 * "0.95 (target: at most 1.10, met)". The verdict is about the exact value, not the printed one.
 */
export function formatVerdict(value: number, limit: number, format: (n: number) => string): string {
  const verdict = value <= limit ? "met" : "NOT met";
  return `${format(value)} (target: at most ${format(limit)}, ${verdict})`;
}

/** Rows as columns: the first left-aligned, the others right-aligned. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  const formatCell = (cell: string, i: number) =>
    i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
  return rows.map((row) => `  ${row.map(formatCell).join("  ").trimEnd()}`).join("\n");
}
