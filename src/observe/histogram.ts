import type { HistogramSample } from "./metric-family.ts";

// Counts of values by upper bounds, and their sum.

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  /** `bounds` ascend; few, as each value is compared with them in turn. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  add(value: number): void {
    let index = 0;
    for (const bound of this.#bounds) {
      if (value <= bound) break;
      index += 1;
    }
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  sample(labels: readonly string[]): HistogramSample {
    return { labels, counts: [...this.#counts], sum: this.#sum };
  }
}
