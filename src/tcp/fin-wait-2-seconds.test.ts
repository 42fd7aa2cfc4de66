import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { finWait2Seconds } from "./fin-wait-2-seconds.ts";

// Goal: no orphan outlives the rest that it was given, and none is cut much earlier than needed.
// How: a table of rests, and lifetimes that were measured on Linux 6.18 as the bound.

const RTO_MS = 204;

describe("finWait2Seconds", () => {
  const rows = [
    { restMs: -5, seconds: -1 },
    { restMs: 0, seconds: -1 },
    { restMs: 999, seconds: -1 },
    { restMs: 1_100, seconds: -1 },
    { restMs: 1_150, seconds: 1 },
    { restMs: 2_000, seconds: 1 },
    { restMs: 2_300, seconds: 2 },
    { restMs: 5_000, seconds: 4 },
    { restMs: 10_000, seconds: 8 },
    { restMs: 30_000, seconds: 26 },
    { restMs: 60_000, seconds: 53 },
    { restMs: 68_000, seconds: 60 },
    { restMs: 90_000, seconds: 99 },
    { restMs: 120_000, seconds: 113 },
    { restMs: 136_000, seconds: 120 },
    { restMs: 1_000_000, seconds: 120 },
    { restMs: Number.POSITIVE_INFINITY, seconds: 120 },
  ];
  for (const { restMs, seconds } of rows) {
    it(`${restMs} ms: is ${seconds}`, () => {
      assert.equal(finWait2Seconds(restMs, RTO_MS), seconds);
    });
  }

  it("every rest: what was measured for the value is within it", () => {
    const measuredMs: Readonly<Record<number, number>> = {
      1: 1_040,
      2: 2_130,
      4: 4_300,
      5: 5_250,
      30: 30_600,
      60: 61_400,
      61: 2_100,
      65: 10_200,
      90: 61_000,
      120: 123_000,
    };
    for (let restMs = 0; restMs < 200_000; restMs += 100) {
      const livedMs = measuredMs[finWait2Seconds(restMs, RTO_MS)] ?? 0;
      assert.ok(livedMs <= restMs, `${restMs} ms: ${livedMs} ms`);
    }
  });

  it("retransmission timeout of 1 s: less than 3.5 s cannot be had", () => {
    assert.equal(finWait2Seconds(3_900, 1_000), -1);
    // The kernel waits 3.5 s whichever of the first three values is set.
    assert.equal(finWait2Seconds(4_000, 1_000), 1);
    assert.equal(finWait2Seconds(5_000, 1_000), 4);
  });

  it("retransmission timeout of 18 s: any value lasts 3 s and 63 s", () => {
    assert.equal(finWait2Seconds(75_000, 18_000), 1);
    assert.equal(finWait2Seconds(74_000, 18_000), -1);
  });

  it("not a number: is RST, the short end", () => {
    assert.equal(finWait2Seconds(Number.NaN, RTO_MS), -1);
  });
});
