import { METRIC_DECLARATIONS } from "../src/admin/server-metrics.ts";
import type { MetricDeclaration } from "../src/observe/metric-family.ts";

// Whether the PromQL of the documents asks for metrics, labels and values that there are.
//
// No parser of PromQL: it looks at names and at matchers in braces, which is where a renamed metric
// leaves a query that is valid and finds nothing.

const SELECTOR = /\b(finwait_\w+)(?:\{([^}]*)\})?/g;
const MATCHER = /(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g;
const GROUPING = /\b(?:by|without)\s*\(([^)]*)\)/g;

/** Labels that the scraper adds. */
const SCRAPED = ["job", "instance"];

/** One line per name, label or value that no metric has. */
export function unknownNames(query: string): string[] {
  const metrics: MetricDeclaration[] = [];
  const found: string[] = [];
  for (const [, name = "", matchers = ""] of query.matchAll(SELECTOR)) {
    const metric = metricOf(name);
    if (metric === null) {
      found.push(`${name}: no such metric`);
      continue;
    }
    metrics.push(metric);
    for (const [, label = "", operator = "", value = ""] of matchers.matchAll(MATCHER)) {
      found.push(...unknownValues(metric, label, operator, value));
    }
  }
  const known = new Set([
    ...SCRAPED,
    "le",
    ...metrics.flatMap(({ labels }) => Object.keys(labels)),
  ]);
  for (const [, labels = ""] of query.matchAll(GROUPING)) {
    for (const label of labels.split(",").map((each) => each.trim())) {
      if (!known.has(label)) found.push(`${label}: no label of these metrics`);
    }
  }
  return found;
}

function unknownValues(
  metric: MetricDeclaration,
  label: string,
  operator: string,
  value: string,
): string[] {
  if (SCRAPED.includes(label)) return [];
  const values = metric.labels[label];
  if (values === undefined) return [`${metric.name}: has no label ${label}`];
  const asked = operator.includes("~") ? value.split("|") : [value];
  return asked.flatMap((each) => {
    return values.includes(each) ? [] : [`${metric.name}: ${label} is never ${each}`];
  });
}

function metricOf(name: string): MetricDeclaration | null {
  const exact = METRIC_DECLARATIONS.find((metric) => metric.name === name);
  // A histogram has no series of its own name.
  if (exact !== undefined) return exact.type === "histogram" ? null : exact;
  const [, stem = ""] = /^(.*)_(?:bucket|sum|count)$/.exec(name) ?? [];
  const parent = METRIC_DECLARATIONS.find((metric) => metric.name === stem);
  return parent?.type === "histogram" ? parent : null;
}
