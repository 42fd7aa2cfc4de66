import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { NodeClock } from "./node-clock.ts";

// Goal: the runtime's clock wakes in time, and no process ends while somebody waits for it.
// How: real timers of a few milliseconds, and the runtime's list of what keeps it alive.

const timerCount = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

describe("NodeClock", () => {
  it("wakeAt: wakes once, and not before the time", async () => {
    const clock = new NodeClock();
    const dueAtMs = clock.now() + 5;
    const wokenAtMs = await new Promise<number>((resolve) => {
      clock.wakeAt(dueAtMs, () => resolve(clock.now()));
    });
    assert.ok(wokenAtMs >= dueAtMs, `${wokenAtMs - dueAtMs} ms`);
  });

  // A paused socket keeps no process alive. Once the listening socket is closed, the timers of a
  // shutdown may be all that is left to wait for.
  it("wakeAt: keeps the process alive until then; null ends that", () => {
    const clock = new NodeClock();
    const before = timerCount();
    clock.wakeAt(clock.now() + 60_000, () => {});
    assert.equal(timerCount(), before + 1);
    clock.wakeAt(null, () => {});
    assert.equal(timerCount(), before);
  });
});
