import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";

// Goal: virtual time that other tests can trust: it wakes at the times asked for, in order.
// How: what the callback sees of the clock while it is called.

describe("FakeClock", () => {
  it("a new clock: starts at 0, with the time of day it was given", () => {
    const clock = new FakeClock(1_000);
    assert.equal(clock.now(), 0);
    assert.equal(clock.wallNow(), 1_000);
    assert.equal(clock.wakeAtMs, null);
  });

  it("advance: moves both times by as much", () => {
    const clock = new FakeClock(1_000);
    clock.advance(250);
    assert.equal(clock.now(), 250);
    assert.equal(clock.wallNow(), 1_250);
  });

  it("a wake-up within the time that passes: called at its own time", () => {
    const clock = new FakeClock();
    const seen: number[] = [];
    clock.wakeAt(30, () => seen.push(clock.now()));
    clock.advance(29);
    assert.deepEqual(seen, []);
    clock.advance(71);
    assert.deepEqual(seen, [30]);
    assert.equal(clock.now(), 100);
  });

  it("a callback that asks again: is called again, in the same advance", () => {
    const clock = new FakeClock();
    const seen: number[] = [];
    const wake = () => {
      seen.push(clock.now());
      clock.wakeAt(clock.now() + 10, wake);
    };
    clock.wakeAt(10, wake);
    clock.advance(35);
    assert.deepEqual(seen, [10, 20, 30]);
    assert.equal(clock.wakeAtMs, 40);
  });

  it("a second wakeAt: replaces the first; null: cancels it", () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    clock.wakeAt(10, () => seen.push("first"));
    clock.wakeAt(20, () => seen.push("second"));
    clock.advance(20);
    clock.wakeAt(30, () => seen.push("third"));
    clock.wakeAt(null, () => seen.push("fourth"));
    clock.advance(100);
    assert.deepEqual(seen, ["second"]);
  });

  it("a time in the past: at once, and time does not go backwards", () => {
    const clock = new FakeClock();
    clock.advance(50);
    let seenAtMs = -1;
    clock.wakeAt(10, () => {
      seenAtMs = clock.now();
    });
    clock.advance(0);
    assert.equal(seenAtMs, 50);
  });
});
