import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";
import { TimerEntry, TimerLists, type TimerOwner } from "./timer-lists.ts";

// Goal: timers expire in order, never early, at most once, and one wake-up serves all of them.
// How: virtual time; owners write a log, and some arm, cancel, stop or throw while they are called.

class Owner implements TimerOwner {
  readonly entry: TimerEntry = new TimerEntry(this);
  readonly #log: string[];
  readonly #name: string;
  readonly #react: (nowMs: number) => void;

  constructor(log: string[], name: string, react: (nowMs: number) => void = () => {}) {
    this.#log = log;
    this.#name = name;
    this.#react = react;
  }

  handleTimer(entry: TimerEntry, nowMs: number): void {
    assert.equal(entry, this.entry);
    assert.equal(entry.isArmed, false);
    this.#log.push(`${this.#name}@${nowMs}`);
    this.#react(nowMs);
  }
}

function setUp() {
  const clock = new FakeClock();
  const timers = new TimerLists(clock);
  const log: string[] = [];
  return { clock, timers, log };
}

describe("arm", () => {
  it("one entry: expires at its time, not a millisecond earlier, and once", () => {
    const { clock, timers, log } = setUp();
    const { entry } = new Owner(log, "a");
    timers.arm(entry, 100, 0);
    assert.equal(entry.isArmed, true);
    assert.equal(clock.wakeAtMs, 100);
    clock.advance(99);
    assert.deepEqual(log, []);
    clock.advance(1);
    assert.deepEqual(log, ["a@100"]);
    assert.equal(clock.wakeAtMs, null);
    clock.advance(1_000);
    assert.deepEqual(log, ["a@100"]);
  });

  it("different timeouts: each at its own time, in one wake-up after the other", () => {
    const { clock, timers, log } = setUp();
    timers.arm(new Owner(log, "a").entry, 300, 0);
    timers.arm(new Owner(log, "b").entry, 100, 0);
    timers.arm(new Owner(log, "c").entry, 200, 0);
    assert.equal(clock.wakeAtMs, 100);
    clock.advance(300);
    assert.deepEqual(log, ["b@100", "c@200", "a@300"]);
  });

  it("the same timeout: in the order they were armed", () => {
    const { clock, timers, log } = setUp();
    for (const name of ["a", "b", "c"]) timers.arm(new Owner(log, name).entry, 10, 0);
    clock.advance(10);
    assert.deepEqual(log, ["a@10", "b@10", "c@10"]);
  });

  it("an armed entry: moves, in its list or to another", () => {
    const { clock, timers, log } = setUp();
    const a = new Owner(log, "a").entry;
    const b = new Owner(log, "b").entry;
    timers.arm(a, 10, 0);
    timers.arm(b, 10, 0);
    clock.advance(5);
    timers.arm(a, 10, 5);
    clock.advance(7);
    assert.deepEqual(log, ["b@10"]);
    timers.arm(a, 20, 12);
    clock.advance(100);
    assert.deepEqual(log, ["b@10", "a@32"]);
  });

  it("fractions of milliseconds: late by less than one, never early", () => {
    const { clock, timers, log } = setUp();
    timers.arm(new Owner(log, "a").entry, 10, 0.25);
    clock.advance(10);
    assert.deepEqual(log, []);
    clock.advance(1);
    assert.deepEqual(log, ["a@11"]);
  });

  it("a later entry: asks for no wake-up of its own", () => {
    const { clock, timers, log } = setUp();
    timers.arm(new Owner(log, "a").entry, 10, 0);
    clock.wakeAtMs = -1;
    timers.arm(new Owner(log, "b").entry, 10, 0);
    timers.arm(new Owner(log, "c").entry, 20, 0);
    assert.equal(clock.wakeAtMs, -1);
  });
});

describe("cancel", () => {
  for (const [what, cancelled, expected] of [
    ["first", 0, ["b@10", "c@10"]],
    ["middle", 1, ["a@10", "c@10"]],
    ["last", 2, ["a@10", "b@10"]],
  ] as const) {
    it(`the ${what} of a list: never expires, and the others do`, () => {
      const { clock, timers, log } = setUp();
      const entries = ["a", "b", "c"].map((name) => new Owner(log, name).entry);
      for (const entry of entries) timers.arm(entry, 10, 0);
      const entry = entries[cancelled];
      assert.ok(entry !== undefined);
      timers.cancel(entry);
      assert.equal(entry.isArmed, false);
      clock.advance(10);
      assert.deepEqual(log, expected);
    });
  }

  it("two in a row, the earlier one first: those around them still expire", () => {
    const { clock, timers, log } = setUp();
    const entries = ["a", "b", "c", "d"].map((name) => new Owner(log, name).entry);
    for (const entry of entries) timers.arm(entry, 10, 0);
    for (const entry of entries.slice(1, 3)) timers.cancel(entry);
    clock.advance(10);
    assert.deepEqual(log, ["a@10", "d@10"]);
  });

  it("an entry that is not armed: nothing happens", () => {
    const { timers, log } = setUp();
    const { entry } = new Owner(log, "a");
    timers.cancel(entry);
    timers.arm(entry, 10, 0);
    timers.cancel(entry);
    timers.cancel(entry);
    assert.equal(entry.isArmed, false);
  });

  it("all: the wake-up that was asked for finds nothing, and asks for none", () => {
    const { clock, timers, log } = setUp();
    const { entry } = new Owner(log, "a");
    timers.arm(entry, 10, 0);
    timers.cancel(entry);
    clock.advance(10);
    assert.deepEqual(log, []);
    assert.equal(clock.wakeAtMs, null);
  });

  it("cancelled and armed again: expires by the second", () => {
    const { clock, timers, log } = setUp();
    const { entry } = new Owner(log, "a");
    timers.arm(entry, 10, 0);
    timers.cancel(entry);
    clock.advance(5);
    timers.arm(entry, 10, 5);
    clock.advance(10);
    assert.deepEqual(log, ["a@15"]);
  });
});

describe("handleTimer", () => {
  it("arms itself: expires again and again", () => {
    const { clock, timers, log } = setUp();
    const owner: Owner = new Owner(log, "a", (nowMs) => timers.arm(owner.entry, 10, nowMs));
    timers.arm(owner.entry, 10, 0);
    clock.advance(30);
    assert.deepEqual(log, ["a@10", "a@20", "a@30"]);
    assert.equal(clock.wakeAtMs, 40);
  });

  it("arms itself without a timeout: next millisecond, so that expire comes to an end", () => {
    const { clock, timers, log } = setUp();
    const owner: Owner = new Owner(log, "a", (nowMs) => {
      if (log.length > 5) assert.fail("expire does not end");
      timers.arm(owner.entry, 0, nowMs);
    });
    timers.arm(owner.entry, 10, 0);
    clock.advance(12);
    assert.deepEqual(log, ["a@10", "a@11", "a@12"]);
  });

  it("cancels the one behind it: that does not expire", () => {
    const { clock, timers, log } = setUp();
    const b = new Owner(log, "b").entry;
    timers.arm(new Owner(log, "a", () => timers.cancel(b)).entry, 10, 0);
    timers.arm(b, 10, 0);
    timers.arm(new Owner(log, "c").entry, 10, 0);
    clock.advance(10);
    assert.deepEqual(log, ["a@10", "c@10"]);
  });

  it("arms another with a new timeout: its wake-up is not forgotten", () => {
    const { clock, timers, log } = setUp();
    const b = new Owner(log, "b").entry;
    timers.arm(new Owner(log, "a", (nowMs) => timers.arm(b, 3, nowMs)).entry, 10, 0);
    clock.advance(10);
    assert.equal(clock.wakeAtMs, 13);
    clock.advance(3);
    assert.deepEqual(log, ["a@10", "b@13"]);
  });

  it("throws: the others expire at the next wake-up, which comes at once", () => {
    const { clock, timers, log } = setUp();
    const fail = () => {
      throw new Error("owner failed");
    };
    timers.arm(new Owner(log, "a", fail).entry, 10, 0);
    timers.arm(new Owner(log, "b").entry, 10, 0);
    assert.throws(() => clock.advance(10), { message: "owner failed" });
    assert.equal(clock.wakeAtMs, 10);
    clock.advance(0);
    assert.deepEqual(log, ["a@10", "b@10"]);
  });

  it("stops all timers: nothing behind it expires, and no wake-up is asked for", () => {
    const { clock, timers, log } = setUp();
    timers.arm(new Owner(log, "a", () => timers.stop()).entry, 10, 0);
    timers.arm(new Owner(log, "b").entry, 10, 0);
    timers.arm(new Owner(log, "c").entry, 20, 0);
    clock.advance(100);
    assert.deepEqual(log, ["a@10"]);
    assert.equal(clock.wakeAtMs, null);
  });
});

describe("expire", () => {
  it("before anything is due: changes nothing, and the wake-up stays", () => {
    const { clock, timers, log } = setUp();
    timers.arm(new Owner(log, "a").entry, 10, 0);
    timers.expire(9);
    assert.deepEqual(log, []);
    assert.equal(clock.wakeAtMs, 10);
  });

  it("long after everything was due: all expire, each once", () => {
    const { timers, log } = setUp();
    timers.arm(new Owner(log, "a").entry, 10, 0);
    timers.arm(new Owner(log, "b").entry, 20, 0);
    timers.expire(1_000);
    timers.expire(1_001);
    assert.deepEqual(log, ["a@1000", "b@1000"]);
  });
});

describe("stop", () => {
  it("armed entries: stay armed, and never expire, even if another is armed later", () => {
    const { clock, timers, log } = setUp();
    const { entry } = new Owner(log, "a");
    timers.arm(entry, 10, 0);
    timers.stop();
    assert.equal(clock.wakeAtMs, null);
    assert.equal(entry.isArmed, true);
    timers.arm(new Owner(log, "b").entry, 5, 0);
    assert.equal(clock.wakeAtMs, null);
    clock.advance(100);
    assert.deepEqual(log, []);
  });
});
