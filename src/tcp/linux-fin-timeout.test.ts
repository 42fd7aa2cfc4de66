import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { linuxFinWait2Seconds } from "./linux-fin-timeout.ts";

// Goal: the quirk between 60 and 120, as it was measured. How: a table of values.

describe("linuxFinWait2Seconds", () => {
  // Measured: 1 -> 1.04 s, 30 -> 30.6 s, 61 -> 2.1 s, 65 -> 10.2 s, 90 -> 61 s, 120 -> 123 s.
  it.each([
    [1, 1],
    [30, 30],
    [60, 60],
    [61, 2],
    [65, 10],
    [90, 60],
    [120, 120],
    [180, 240],
  ])("%i: lasts %i s", (value, seconds) => {
    assert.equal(linuxFinWait2Seconds(value), seconds);
  });
});
