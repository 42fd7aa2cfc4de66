import type { HistogramMetric, HistogramSample, MetricFamily } from "./metric-family.ts";

// Metric families in the text format of Prometheus, version 0.0.4, in the order they are given.

export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export function prometheusText(families: readonly MetricFamily[]): string {
  return families.map(familyText).join("");
}

function familyText(family: MetricFamily): string {
  const { name, type, help, labels } = family.declaration;
  const names = Object.keys(labels);
  const lines = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
  if (isHistogram(family)) {
    const { bounds } = family.declaration;
    for (const sample of family.samples) {
      lines.push(...histogramLines(name, pairs(names, sample.labels), bounds, sample));
    }
  } else {
    for (const sample of family.samples) {
      lines.push(`${name}${braced(pairs(names, sample.labels))} ${numberText(sample.value)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

type HistogramFamily = Extract<MetricFamily, { readonly declaration: HistogramMetric }>;

function isHistogram(family: MetricFamily): family is HistogramFamily {
  return family.declaration.type === "histogram";
}

/** Buckets are cumulative in this format. */
function histogramLines(
  name: string,
  labels: readonly string[],
  bounds: readonly number[],
  { counts, sum }: HistogramSample,
): string[] {
  const lines: string[] = [];
  let total = 0;
  for (const [index, count] of counts.entries()) {
    total += count;
    const bound = numberText(bounds[index] ?? Number.POSITIVE_INFINITY);
    lines.push(`${name}_bucket${braced([...labels, `le="${bound}"`])} ${total}`);
  }
  lines.push(`${name}_sum${braced(labels)} ${numberText(sum)}`);
  lines.push(`${name}_count${braced(labels)} ${total}`);
  return lines;
}

function pairs(names: readonly string[], values: readonly string[]): string[] {
  return names.map((name, index) => `${name}="${escapeLabel(values[index] ?? "")}"`);
}

const braced = (labels: readonly string[]): string =>
  labels.length === 0 ? "" : `{${labels.join(",")}}`;

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
