import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { FakeClock } from "../base/fake-clock.ts";
import { TimerLists } from "../base/timer-lists.ts";
import { LingerBudget, type LingerMember } from "./linger-budget.ts";
import type { LingerBudgetPolicy } from "./policy.ts";
import { parseClosePolicy } from "./policy-parser.ts";

// Goal: the oldest goes first, in total and per address, and pressure begins before that. How: a
// crowd of members that leave when they are told to, and what they were told, in order.

class Crowd {
  readonly clock = new FakeClock();
  readonly budget: LingerBudget;
  readonly told: string[] = [];

  constructor(policy: Partial<LingerBudgetPolicy>) {
    this.budget = new LingerBudget(parseClosePolicy(policy), new TimerLists(this.clock));
  }

  /** One more lingers; returns its wish and whether it is pressed. */
  admit(name: string, address = "192.0.2.1"): { member: LingerMember; isPressed: boolean } {
    const member: LingerMember = {
      handleEvicted: () => {
        this.told.push(`${name} evicted`);
        this.budget.leave(member, address);
      },
      handlePressed: () => this.told.push(`${name} pressed`),
      handleTurn: () => this.told.push(`${name} turn`),
    };
    return { member, isPressed: this.budget.admit(member, address) };
  }
}

describe("admit", () => {
  it("one more than the limit: the oldest goes, and the count stays", () => {
    const crowd = new Crowd({ lingerConnectionLimit: 3, lingerPressurePercent: 100 });
    for (const name of ["a", "b", "c", "d", "e"]) crowd.admit(name);
    assert.deepEqual(crowd.told, ["a evicted", "b evicted"]);
    const { lingeringNowCount, lingeringPeakCount, lingeredCount, evictedCount } =
      crowd.budget.counts;
    assert.deepEqual(
      [lingeringNowCount, lingeringPeakCount, lingeredCount, evictedCount],
      [3, 3, 5, 2],
    );
  });

  it("one more of an address than its limit: the oldest of that address goes", () => {
    const crowd = new Crowd({ lingerConnectionLimitPerAddress: 2, lingerPressurePercent: 100 });
    crowd.admit("a", "192.0.2.1");
    crowd.admit("b", "192.0.2.2");
    crowd.admit("c", "192.0.2.2");
    crowd.admit("d", "192.0.2.2");
    assert.deepEqual(crowd.told, ["b evicted"]);
    const { evictedByAddressCount, evictedCount } = crowd.budget.counts;
    assert.deepEqual([evictedByAddressCount, evictedCount], [1, 0]);
  });

  it("limit per address 0: no limit of its own", () => {
    const crowd = new Crowd({ lingerConnectionLimitPerAddress: 0 });
    for (let count = 0; count < 2_000; count++) crowd.admit(`${count}`);
    assert.equal(crowd.budget.counts.lingeringNowCount, 2_000);
  });

  it("limit 0: the member itself goes at once", () => {
    const crowd = new Crowd({ lingerConnectionLimit: 0 });
    crowd.admit("a");
    assert.deepEqual(crowd.told, ["a evicted"]);
    assert.equal(crowd.budget.counts.lingeringNowCount, 0);
  });

  it("a member that does not leave when told to: is out all the same, and nothing hangs", () => {
    const crowd = new Crowd({ lingerConnectionLimit: 1 });
    const stubborn: LingerMember = {
      handleEvicted: () => crowd.told.push("stubborn evicted"),
      handlePressed: () => {},
      handleTurn: () => {},
    };
    crowd.budget.admit(stubborn, "192.0.2.1");
    crowd.admit("b");
    assert.deepEqual(crowd.told, ["stubborn evicted"]);
    assert.equal(crowd.budget.counts.lingeringNowCount, 1);
  });

  it("above the pressure mark: the new one is pressed, and the two oldest are asked to go", () => {
    const crowd = new Crowd({ lingerConnectionLimit: 4, lingerPressurePercent: 50 });
    const pressed = ["a", "b", "c", "d"].map((name) => crowd.admit(name).isPressed);
    assert.deepEqual(pressed, [false, false, true, true]);
    assert.deepEqual(crowd.told, ["a pressed", "b pressed", "a pressed", "b pressed"]);
    assert.equal(crowd.budget.counts.pressedCount, 2);
  });

  it("mark 0: every one is pressed; mark 100: none", () => {
    assert.equal(new Crowd({ lingerPressurePercent: 0 }).admit("a").isPressed, true);
    const never = new Crowd({ lingerConnectionLimit: 1, lingerPressurePercent: 100 });
    assert.equal(never.admit("a").isPressed, false);
  });
});

describe("leave", () => {
  it("twice, or without having been in: changes nothing", () => {
    const crowd = new Crowd({});
    const { member } = crowd.admit("a");
    crowd.admit("b");
    crowd.budget.leave(member, "192.0.2.1");
    crowd.budget.leave(member, "192.0.2.1");
    assert.equal(crowd.budget.counts.lingeringNowCount, 1);
  });

  it("everybody: an address that nobody lingers from any more has its whole share again", () => {
    const crowd = new Crowd({ lingerConnectionLimitPerAddress: 1, lingerPressurePercent: 100 });
    const { member } = crowd.admit("a");
    crowd.budget.leave(member, "192.0.2.1");
    // Otherwise every address that was ever seen would be kept.
    assert.equal(crowd.budget.addressCount, 0);
    crowd.admit("b");
    assert.deepEqual(crowd.told, []);
    assert.equal(crowd.budget.addressCount, 1);
  });
});

describe("takeTurnBytes", () => {
  it("more than a turn's share: waits, and hears of the next turn once", () => {
    const crowd = new Crowd({ lingerTurnLimitBytes: 65_536 });
    const { member } = crowd.admit("a");
    assert.equal(crowd.budget.takeTurnBytes(member, 65_536, 0), true);
    assert.equal(crowd.budget.takeTurnBytes(member, 1, 0), false);
    assert.deepEqual(crowd.told, []);
    crowd.clock.advance(1);
    assert.deepEqual(crowd.told, ["a turn"]);
    crowd.clock.advance(10);
    assert.deepEqual(crowd.told, ["a turn"]);
    assert.equal(crowd.budget.takeTurnBytes(member, 65_536, crowd.clock.now()), true);
    assert.equal(crowd.budget.counts.turnWaitCount, 1);
  });

  // Each of them reads at least once when it may: all at once would be many times the share.
  it("more waiting than the share is for: as many as it is for go on each turn, in order", () => {
    const crowd = new Crowd({ lingerTurnLimitBytes: 131_072 });
    const members = ["a", "b", "c", "d", "e"].map((name) => crowd.admit(name).member);
    for (const member of members) crowd.budget.takeTurnBytes(member, 131_073, 0);
    const [a] = members;
    assert.ok(a !== undefined);
    crowd.clock.advance(1);
    assert.deepEqual(crowd.told, ["a turn", "b turn"]);
    // Who waits again is behind those who wait still.
    crowd.budget.takeTurnBytes(a, 131_073, crowd.clock.now());
    crowd.clock.advance(1);
    assert.deepEqual(crowd.told, ["a turn", "b turn", "c turn", "d turn"]);
    crowd.clock.advance(1);
    assert.deepEqual(crowd.told.slice(4), ["e turn", "a turn"]);
    crowd.clock.advance(10);
    assert.equal(crowd.told.length, 6);
  });

  it("a member that has left meanwhile: hears nothing", () => {
    const crowd = new Crowd({ lingerTurnLimitBytes: 65_536 });
    const { member } = crowd.admit("a");
    crowd.budget.takeTurnBytes(member, 70_000, 0);
    crowd.budget.leave(member, "192.0.2.1");
    crowd.clock.advance(5);
    assert.deepEqual(crowd.told, []);
  });
});
