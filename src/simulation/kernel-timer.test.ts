import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { KernelTimer, type TimerKind } from "./kernel-timer.ts";
import { World } from "./world.ts";

// Goal: a timer is as late as on the system. How: when it expires, by when it was armed.

function expiresAtMs(kind: TimerKind, armedAtMs: number, delayMs: number): number | null {
  const world = new World(1);
  let expiredAtMs: number | null = null;
  const timer = new KernelTimer(world, kind, () => {
    expiredAtMs = world.nowMs;
  });
  world.after(armedAtMs, () => timer.arm(delayMs));
  world.runUntilQuiet();
  return expiredAtMs;
}

describe("KernelTimer", () => {
  for (const [kind, armedAtMs, delayMs, expected] of [
    ["wheel", 0, 200, 204],
    ["wheel", 1, 200, 204],
    // From 63 x 4 ms on 8 jiffies share a place, then 64, 512.
    ["wheel", 0, 252, 256],
    ["wheel", 0, 256, 288],
    ["wheel", 0, 60_000, 61_440],
    ["wheel", 1_439, 60_000, 61_440],
    ["wheel", 1_440, 60_000, 63_488],
    ["ticks", 0, 1_000, 1_000],
    ["ticks", 499, 1_000, 1_000],
    ["ticks", 500, 1_000, 1_500],
    ["ticks", 0, 1_001, 1_500],
    ["ticks", 499, 0, 500],
    ["wheel", 499, 0, 500],
    ["wheel", 0, Number.POSITIVE_INFINITY, null],
  ] as const) {
    it(`${kind}, ${delayMs} ms from ${armedAtMs} ms on: ${expected ?? "never"}`, () => {
      assert.equal(expiresAtMs(kind, armedAtMs, delayMs), expected);
    });
  }
});
