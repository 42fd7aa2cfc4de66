import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { CounterGrid } from "./counter-grid.ts";

// Goal: each combination of labels has a place of its own. How: a grid small enough to be listed.

describe("CounterGrid", () => {
  it("three labels, each combination counted once: none falls on another", () => {
    const labels = { a: ["x", "y"], b: ["1", "2", "3"], c: ["p", "q"] };
    const grid = new CounterGrid(labels);
    for (const a of labels.a) for (const b of labels.b) for (const c of labels.c) grid.add(a, b, c);
    const samples = grid.samples("all");
    assert.equal(samples.length, 12);
    assert.ok(samples.every(({ value }) => value === 1));
    assert.deepEqual(samples[0]?.labels, ["x", "1", "p"]);
    assert.deepEqual(samples[11]?.labels, ["y", "3", "q"]);
    assert.deepEqual(grid.totals(1), { 1: 4, 2: 4, 3: 4 });
  });

  it("nothing counted: zeros for all, and nothing for used", () => {
    const grid = new CounterGrid({ a: ["x", "y"] });
    assert.deepEqual(grid.samples("used"), []);
    assert.deepEqual(grid.totals(0), { x: 0, y: 0 });
    assert.equal(grid.samples("all").length, 2);
  });
});
