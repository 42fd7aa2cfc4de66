import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { fakeResult } from "./fake-scenario-result.ts";
import { readScenario } from "./simulate-files.ts";
import { comparisonText, scenarioText } from "./simulate-text.ts";

// Goal: the answer comes first, sums come out even, and nothing empty is drawn. How: results that
// no run gave, as texts.

const scenario = { ...readScenario("upload-api"), durationSeconds: 60, question: "What?" };
const textOf = (changes: object = {}): string =>
  scenarioText({ name: "x", scenario, result: fakeResult(changes) });

describe("scenarioText", () => {
  it("the question: its answer is next", () => {
    assert.match(textOf(), /\nWhat\?\n\nDid not crash: at most 1,234 sockets, /);
  });

  it("accepted connections: ended, or still open", () => {
    assert.match(textOf(), /\n {2}clean +3,990\n {2}still open +10\n/);
  });

  it("words that need it: are explained, in 80 columns", () => {
    const text = textOf();
    for (const word of ["lost", "client gone", "abandoned"]) {
      assert.match(text, new RegExp(`\\b${word}: `));
    }
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("memory that hardly shows: a figure in place of the plot", () => {
    assert.match(textOf(), /\nmemory of the kernel for connections: peak 0\.6 % of 256 MiB\n$/);
    const memory = { limitBytes: 2_097_152, peakBytes: 1_572_864, meanBytes: 1 };
    assert.match(textOf({ memory }), /, in percent of the limit\n +100 % \|\n/);
  });
});

describe("comparisonText", () => {
  it("several: names above, titles below", () => {
    const played = ["a", "b.json"].map((name) => {
      const title = `the title of ${name}`;
      return { name, scenario: { ...scenario, title }, result: fakeResult() };
    });
    const text = comparisonText(played);
    assert.match(text, /^ +a +b\.json\nvisitors /);
    assert.match(text, /\n\na: the title of a\nb\.json: the title of b\.json\n$/);
  });
});
