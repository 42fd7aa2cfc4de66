import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { FakeClock } from "../base/fake-clock.ts";
import { DateField } from "./date-field.ts";

// Goal: the Date field is right to the second and made once per second. How: a virtual clock, moved
// within a second, across its end, and back.

describe("DateField", () => {
  it("a time of day: is an IMF-fixdate", () => {
    const date = new DateField(new FakeClock(Date.UTC(1994, 10, 6, 8, 49, 37, 999)));
    assert.equal(date.value, "Sun, 06 Nov 1994 08:49:37 GMT");
  });

  it("within one second: stays; with the next: changes", () => {
    const clock = new FakeClock(Date.UTC(2026, 0, 1));
    const date = new DateField(clock);
    const first = date.value;
    clock.advance(999);
    assert.equal(date.value, first);
    clock.advance(1);
    assert.equal(date.value, "Thu, 01 Jan 2026 00:00:01 GMT");
  });

  it("a clock that is set back: follows it", () => {
    let wallMs = Date.UTC(2026, 0, 1, 12);
    const clock = { now: () => 0, wallNow: () => wallMs, wakeAt: () => {} };
    const date = new DateField(clock);
    assert.equal(date.value, "Thu, 01 Jan 2026 12:00:00 GMT");
    wallMs -= 3_600_000;
    assert.equal(date.value, "Thu, 01 Jan 2026 11:00:00 GMT");
  });
});
