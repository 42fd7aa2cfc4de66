import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "vitest";
import { METRIC_DECLARATIONS } from "../src/admin/server-metrics.ts";
import { unknownNames } from "./metric-queries.ts";
import { currentMetricsPage, metricsPage } from "./metrics-page.ts";

// Goal: no query of the documents asks for what is not measured, and the table of metrics is true.
// How: queries are taken out of the dashboard and the alerts; `npm run docs` writes the table.

const read = (name: string): string =>
  readFileSync(new URL(`../docs/${name}`, import.meta.url), "utf8");

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
}

const dashboard = JSON.parse(read("grafana-dashboard.json")) as { readonly panels: Panel[] };
const alerts = [...read("alerts.md").matchAll(/^ {8}expr: \|\n((?: {10}.*\n)+)/gm)].map(
  ([, expr = ""]) => expr.trim(),
);

describe("docs/metrics.md", () => {
  it("the metrics as they are: the table is up to date", () => {
    assert.equal(currentMetricsPage(), metricsPage());
  });
});

describe("docs/grafana-dashboard.json", () => {
  const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  it("its queries: ask for metrics, labels and values that there are", () => {
    assert.ok(queries.length > 10);
    assert.deepEqual(queries.flatMap(unknownNames), []);
  });

  it("its queries together: show every metric", () => {
    const missing = METRIC_DECLARATIONS.filter(
      ({ name }) => !queries.some((query) => new RegExp(`\\b${name}(?![a-z0-9]|_t)`).test(query)),
    );
    assert.deepEqual(
      missing.map(({ name }) => name),
      [],
    );
  });

  it("its panels: lie on the grid, and none on another", () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!taken.has(`${x} ${y}`), title);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });
});

describe("docs/alerts.md", () => {
  it("its rules: ask for metrics, labels and values that there are", () => {
    assert.ok(alerts.length >= 8, `${alerts.length} rules`);
    assert.deepEqual(alerts.flatMap(unknownNames), []);
  });
});

describe("unknownNames", () => {
  it.each([
    ["finwait_lingering_connections", []],
    ['sum by (phase) (finwait_connections{phase=~"lingering|held",job="a"})', []],
    ['rate(finwait_closing_seconds_bucket{phase="lingering"}[5m])', []],
    ["finwait_lingering", ["finwait_lingering: no such metric"]],
    ["finwait_closing_seconds", ["finwait_closing_seconds: no such metric"]],
    ["finwait_connections_bucket", ["finwait_connections_bucket: no such metric"]],
    ['finwait_connections{state="x"}', ["finwait_connections: has no label state"]],
    ['finwait_connections{phase="gone"}', ["finwait_connections: phase is never gone"]],
    ['finwait_connections{phase=~"held|gone"}', ["finwait_connections: phase is never gone"]],
    ["sum by (reason) (finwait_connections)", ["reason: no label of these metrics"]],
  ])("%s: %j", (query, expected) => {
    assert.deepEqual(unknownNames(query), expected);
  });
});
