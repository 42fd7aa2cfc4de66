import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { CloseReason, EndingOutcome } from "../tcp/ending.ts";
import { fakeEnding } from "../tcp/fake-ending.ts";
import { CLOSE_REASONS, FIRST_ENDERS, OUTCOMES } from "./ending-labels.ts";
import { ENDING_METRICS, EndingMetrics } from "./ending-metrics.ts";
import type { HistogramSample, NumberSample } from "./metric-family.ts";

// Goal: every ending is counted once, under labels from fixed sets. How: endings made by hand.

function samplesOf(
  metrics: EndingMetrics,
  name: string,
): readonly (NumberSample | HistogramSample)[] {
  const family = metrics.families.find(({ declaration }) => declaration.name === name);
  assert.ok(family !== undefined, `no family is called ${name}`);
  return family.samples;
}

function counted(metrics: EndingMetrics, name: string): Record<string, number> {
  const used = samplesOf(metrics, name).filter((sample) => "value" in sample && sample.value > 0);
  return Object.fromEntries(
    used.map((sample) => [sample.labels.join(" "), "value" in sample ? sample.value : 0]),
  );
}

describe("EndingMetrics", () => {
  it("two of a kind and one of another: two series", () => {
    const metrics = new EndingMetrics();
    metrics.add(fakeEnding());
    metrics.add(fakeEnding());
    metrics.add(
      fakeEnding({
        outcome: { type: "abandoned", bound: "linger-idle-time" },
        reason: "idle-timeout",
        firstEnder: null,
      }),
    );
    assert.deepEqual(counted(metrics, "finwait_endings_total"), {
      "client-asked clean local": 2,
      "idle-timeout abandoned none": 1,
    });
    assert.deepEqual(counted(metrics, "finwait_ending_bounds_total"), { "linger-idle-time": 1 });
    assert.equal(metrics.totals.total, 3);
  });

  it("every combination of labels: each is a series of its own, and there are no more", () => {
    const metrics = new EndingMetrics();
    for (const reason of CLOSE_REASONS) {
      for (const type of OUTCOMES) {
        for (const ender of FIRST_ENDERS) {
          const outcome = { type, bound: "overload", code: "X" } as EndingOutcome;
          metrics.add(fakeEnding({ reason, outcome, firstEnder: ender === "none" ? null : ender }));
        }
      }
    }
    const counts = counted(metrics, "finwait_endings_total");
    assert.equal(Object.keys(counts).length, 20 * 6 * 3);
    assert.ok(Object.values(counts).every((count) => count === 1));
  });

  it("client strings of every kind: no series has any of them", () => {
    const metrics = new EndingMetrics();
    for (let index = 0; index < 100; index++) {
      metrics.add(fakeEnding({ client: `evil/${index}`, peerAddress: `192.0.2.${index}` }));
    }
    const text = JSON.stringify(metrics.families);
    assert.ok(!text.includes("evil"));
    assert.ok(!text.includes("192.0.2."));
  });

  it("delivery: yes, no and unknown by evidence; nothing sent is no delivery", () => {
    const metrics = new EndingMetrics();
    metrics.add(fakeEnding());
    metrics.add(fakeEnding({ delivery: { isAcknowledged: false, evidence: "observed" } }));
    metrics.add(fakeEnding({ delivery: { isAcknowledged: null, evidence: "unknown" } }));
    metrics.add(
      fakeEnding({ delivery: { isAcknowledged: null, evidence: "unknown" }, sentBytes: 0 }),
    );
    assert.deepEqual(counted(metrics, "finwait_deliveries_total"), {
      "yes observed": 1,
      "no observed": 1,
      "unknown unknown": 1,
    });
    assert.deepEqual(metrics.totals.byAcknowledged, { yes: 1, no: 1, unknown: 1 });
  });

  it("durations: in seconds, and a phase that was not entered is not counted", () => {
    const metrics = new EndingMetrics();
    metrics.add(
      fakeEnding({ durations: { openMs: 20, flushingMs: 0, lingeringMs: 5_000, heldMs: 0 } }),
    );
    const closing = samplesOf(metrics, "finwait_closing_seconds") as HistogramSample[];
    const totals = closing.map(({ labels, counts, sum }) => [labels[0], counts.indexOf(1), sum]);
    assert.deepEqual(totals, [
      ["flushing", -1, 0],
      ["lingering", 8, 5],
      ["held", -1, 0],
    ]);
    const [open] = samplesOf(metrics, "finwait_open_seconds") as HistogramSample[];
    assert.deepEqual([open?.counts.indexOf(1), open?.sum], [1, 0.02]);
  });

  it("bytes: are added up", () => {
    const metrics = new EndingMetrics();
    metrics.add(fakeEnding({ discardedBytes: 5, unsentBytes: 7 }));
    metrics.add(fakeEnding({ discardedBytes: 6 }));
    const { discardedBytes, unsentBytes } = metrics.totals;
    assert.deepEqual([discardedBytes, unsentBytes], [11, 7]);
    assert.deepEqual(counted(metrics, "finwait_received_bytes_total"), { "": 200 });
  });

  it("its families: are the declared ones, in that order", () => {
    const names = new EndingMetrics().families.map(({ declaration }) => declaration);
    assert.deepEqual(names, ENDING_METRICS);
  });

  it("a reason of a later version: is counted in the total and breaks nothing", () => {
    const metrics = new EndingMetrics();
    // What a caller without types may hand over.
    metrics.add(fakeEnding({ reason: "new" as CloseReason }));
    assert.equal(metrics.totals.total, 1);
  });
});
