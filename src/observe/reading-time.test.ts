import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { READING_LIMIT_MS, ReadingTime } from "./reading-time.ts";

// Goal: long reading leaves the loop its turns and ends. How: a clock that the test moves.

describe("ReadingTime", () => {
  it("after a slice: the loop has its turn, and a new slice begins", async () => {
    let nowMs = 100;
    const time = new ReadingTime(() => nowMs);
    assert.equal(time.isSliceOver, false);
    nowMs += 5;
    assert.equal(time.isSliceOver, true);
    let hadTurn = false;
    setImmediate(() => {
      hadTurn = true;
    });
    await time.nextSlice();
    assert.deepEqual([hadTurn, time.isSliceOver, time.isOver], [true, false, false]);
  });

  it(`${READING_LIMIT_MS} ms after the start: is over, whatever the slices`, async () => {
    let nowMs = 0;
    const time = new ReadingTime(() => nowMs);
    nowMs = READING_LIMIT_MS - 1;
    await time.nextSlice();
    assert.equal(time.isOver, false);
    nowMs++;
    assert.equal(time.isOver, true);
  });
});
