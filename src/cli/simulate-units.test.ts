import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { binarySize, duration, grouped, roundedUp } from "./simulate-units.ts";

// Goal: numbers are shown as people read them. How: values at the edges of each unit.

describe("duration", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0 s"],
    [12_480, "12.5 s"],
    [60_000, "1 min"],
    [200_000, "3 min 20 s"],
    [3_599_600, "1 h"],
    [10_800_000, "3 h"],
    [7_720_000, "2 h 8 min"],
  ];
  for (const [milliseconds, expected] of cases) {
    it(`${milliseconds} ms: ${expected}`, () => assert.equal(duration(milliseconds), expected));
  }
});

describe("binarySize", () => {
  const cases: readonly (readonly [number, string])[] = [
    [512, "512 bytes"],
    [1_048_576, "1 MiB"],
    [1_061_020, "1 MiB"],
    [7_430_654, "7.1 MiB"],
    [5_000_000_000, "4.7 GiB"],
  ];
  for (const [bytes, expected] of cases) {
    it(`${bytes}: ${expected}`, () => assert.equal(binarySize(bytes), expected));
  }
});

describe("grouped and roundedUp", () => {
  it("thousands have commas, fractions stay", () => {
    assert.deepEqual([0, 999, 1_000, 1_234_567, 1_950.5].map(grouped), [
      "0",
      "999",
      "1,000",
      "1,234,567",
      "1,950.5",
    ]);
  });

  it("the next round number: an axis ends there", () => {
    assert.deepEqual(
      [0, 1, 3, 10, 11, 1_939, 60_000].map(roundedUp),
      [1, 1, 5, 10, 20, 2_000, 100_000],
    );
  });
});
