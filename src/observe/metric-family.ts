// What a metric is, before it has a format: a declaration that documents are made from, and values.
//
// Names are in the spelling of Prometheus, with base units: `_seconds`, `_bytes`, `_total`. Labels
// take a fixed set of values, never what a client sent, so the number of series has a limit.

interface Declaration {
  readonly name: string;
  readonly help: string;
  /** Every label, and every value that it takes. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

export interface NumberMetric extends Declaration {
  readonly type: "counter" | "gauge";
}

export interface HistogramMetric extends Declaration {
  readonly type: "histogram";
  /** Upper bounds, ascending, without the infinite one. */
  readonly bounds: readonly number[];
}

export type MetricDeclaration = NumberMetric | HistogramMetric;

export interface NumberSample {
  /** Values of the labels, in the order of the declaration. */
  readonly labels: readonly string[];
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: readonly string[];
  /** How many values lie in each bucket, and at last beyond the highest bound. Not cumulative. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export type MetricFamily =
  | { readonly declaration: NumberMetric; readonly samples: readonly NumberSample[] }
  | { readonly declaration: HistogramMetric; readonly samples: readonly HistogramSample[] };

/** A family with one value and no labels. */
export function single(declaration: NumberMetric, value: number): MetricFamily {
  return { declaration, samples: [{ labels: [], value }] };
}
