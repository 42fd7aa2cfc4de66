import { readFileSync, writeFileSync } from "node:fs";
import { METRIC_DECLARATIONS } from "../src/admin/server-metrics.ts";
import type { MetricDeclaration } from "../src/observe/metric-family.ts";

// docs/metrics.md: its table is made from the declarations of the metrics. The rest of the page is
// written by hand and stays as it is.

const PAGE = new URL("../docs/metrics.md", import.meta.url);

const BEGIN = "<!-- Made by `npm run docs` from the declarations of the metrics. -->";
const END = "<!-- End of what is made. -->";

/** docs/metrics.md, as it must stand in docs/. */
export function metricsPage(): string {
  const page = currentMetricsPage();
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`Cannot find the marks in ${PAGE.pathname}`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${metricsTable()}\n\n${page.slice(end)}`;
}

export function currentMetricsPage(): string {
  return readFileSync(PAGE, "utf8");
}

export function writeMetricsPage(): void {
  writeFileSync(PAGE, metricsPage());
}

function metricsTable(): string {
  const header = ["metric", "type", "labels", "meaning"];
  const rows = METRIC_DECLARATIONS.map((metric) => [
    `\`${metric.name}\``,
    metric.type,
    labelsOf(metric),
    metric.help.replaceAll("|", "\\|"),
  ]);
  const lines = [header, header.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** `le` with its bounds is a label of every histogram. */
function labelsOf(metric: MetricDeclaration): string {
  const labels = Object.entries(metric.labels).map(([name, values]) => {
    return `\`${name}\`: ${values.join(", ")}`;
  });
  if (metric.type === "histogram") labels.push(`\`le\`: ${metric.bounds.join(", ")}, +Inf`);
  return labels.join("; ");
}
