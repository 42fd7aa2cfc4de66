import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { prometheusText } from "./prometheus-text.ts";

// Goal: the text is what the format's document says, to the byte. How: families written by hand.

describe("prometheusText", () => {
  it("a counter with labels: help, type, and a line per sample", () => {
    const text = prometheusText([
      {
        declaration: { type: "counter", name: "a_total", help: "A.", labels: { x: [], y: [] } },
        samples: [
          { labels: ["1", "2"], value: 3 },
          { labels: ["4", "5"], value: 0.5 },
        ],
      },
    ]);
    const expected = [
      "# HELP a_total A.",
      "# TYPE a_total counter",
      'a_total{x="1",y="2"} 3',
      'a_total{x="4",y="5"} 0.5',
      "",
    ];
    assert.equal(text, expected.join("\n"));
  });

  it("a histogram: buckets are cumulative, the last one has no bound", () => {
    const text = prometheusText([
      {
        declaration: {
          type: "histogram",
          name: "a_seconds",
          help: "A.",
          labels: { p: [] },
          bounds: [0.1, 1],
        },
        samples: [{ labels: ["q"], counts: [2, 0, 3], sum: 9.5 }],
      },
    ]);
    const expected = [
      "# HELP a_seconds A.",
      "# TYPE a_seconds histogram",
      'a_seconds_bucket{p="q",le="0.1"} 2',
      'a_seconds_bucket{p="q",le="1"} 2',
      'a_seconds_bucket{p="q",le="+Inf"} 5',
      'a_seconds_sum{p="q"} 9.5',
      'a_seconds_count{p="q"} 5',
      "",
    ];
    assert.equal(text, expected.join("\n"));
  });

  it("backslash, quote and line break: are escaped where they stand", () => {
    const text = prometheusText([
      {
        declaration: { type: "gauge", name: "a", help: 'b\\c\n"d"', labels: { x: [] } },
        samples: [{ labels: ['e\\f\n"g"'], value: Number.POSITIVE_INFINITY }],
      },
    ]);
    const expected = [
      '# HELP a b\\\\c\\n"d"',
      "# TYPE a gauge",
      'a{x="e\\\\f\\n\\"g\\""} +Inf',
      "",
    ];
    assert.equal(text, expected.join("\n"));
  });
});
