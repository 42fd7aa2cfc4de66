import type { NumberSample } from "./metric-family.ts";

// Counters by up to three labels in one flat array: to count is arithmetic, and makes no text.

export class CounterGrid {
  readonly #axes: readonly (readonly string[])[];
  /** For each label: how far apart its values are in the array. */
  readonly #places: readonly Readonly<Record<string, number>>[];
  readonly #counts: Float64Array;

  /** Every value of every label. */
  constructor(labels: Readonly<Record<string, readonly string[]>>) {
    this.#axes = Object.values(labels);
    let stride = 1;
    const places = this.#axes.toReversed().map((values) => {
      const step = stride;
      stride *= values.length;
      return Object.fromEntries(values.map((value, index) => [value, index * step]));
    });
    this.#places = places.reverse();
    this.#counts = new Float64Array(stride);
  }

  /** Counts one, by the values of the labels in their order. */
  add(first: string, second = "", third = ""): void {
    const [a, b, c] = this.#places;
    const place = (a?.[first] ?? 0) + (b?.[second] ?? 0) + (c?.[third] ?? 0);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  /** `used`: only what was counted at least once. */
  samples(which: "all" | "used"): readonly NumberSample[] {
    const found: NumberSample[] = [];
    for (const [place, value] of this.#counts.entries()) {
      if (which === "all" || value > 0) found.push({ labels: this.#labelsOf(place), value });
    }
    return found;
  }

  /** Totals by the label with this index, and zero for what was never counted. */
  totals(index: number): Record<string, number> {
    const totals = Object.fromEntries((this.#axes[index] ?? []).map((value) => [value, 0]));
    for (const { labels, value } of this.samples("used")) {
      const label = labels[index] ?? "";
      totals[label] = (totals[label] ?? 0) + value;
    }
    return totals;
  }

  #labelsOf(place: number): string[] {
    let rest = place;
    const labels = this.#axes.toReversed().map((values) => {
      const value = values[rest % values.length] ?? "";
      rest = Math.floor(rest / values.length);
      return value;
    });
    return labels.reverse();
  }
}
