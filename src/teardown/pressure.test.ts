import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { FakeClock } from "../base/fake-clock.ts";
import { TimerLists } from "../base/timer-lists.ts";
import { type PressureChange, PressureGauge, type PressureSource } from "./pressure.ts";

// Goal: each step comes at its mark, goes below it, and names what is nearest to its limit. How: a
// gauge whose sources a test sets, in virtual time, and the changes that it reports.

class Scene {
  readonly clock = new FakeClock();
  readonly changes: PressureChange[] = [];
  sources: PressureSource[] = [];
  readonly gauge: PressureGauge;

  constructor(markPercent = 75) {
    this.gauge = new PressureGauge(
      markPercent,
      new TimerLists(this.clock),
      () => this.sources,
      (change) => this.changes.push(change),
    );
  }

  use(usedCount: number, limitCount = 100): void {
    this.sources = [{ name: "connections", usedCount, limitCount }];
    this.gauge.check(this.clock.now());
  }
}

describe("check", () => {
  it("more and more in use: each step at its mark, once", () => {
    const scene = new Scene();
    for (let used = 0; used <= 100; used++) scene.use(used);
    assert.deepEqual(
      scene.changes.map(({ level, usedPercent }) => [level, usedPercent]),
      [
        ["shorter-idle", 75],
        ["shortest-idle", 90],
        ["no-persistence", 97],
      ],
    );
  });

  it("less and less in use: each step goes five points below its mark", () => {
    const scene = new Scene();
    for (let used = 100; used >= 0; used--) scene.use(used);
    assert.deepEqual(
      scene.changes.map(({ level, usedPercent }) => [level, usedPercent]),
      [
        ["no-persistence", 100],
        ["shortest-idle", 91],
        ["shorter-idle", 84],
        ["none", 69],
      ],
    );
  });

  it("a mark near nothing: its step goes, too, when nothing is in use", () => {
    for (const markPercent of [1, 3, 5, 6]) {
      const scene = new Scene(markPercent);
      scene.use(markPercent);
      assert.equal(scene.gauge.level, "shorter-idle", `${markPercent} %`);
      scene.use(0);
      assert.equal(scene.gauge.level, "none", `${markPercent} %`);
    }
  });

  it("a client that comes and goes at the mark: changes nothing any more", () => {
    const scene = new Scene();
    for (let count = 0; count < 10; count++) {
      scene.use(75);
      scene.use(74);
    }
    assert.equal(scene.changes.length, 1);
  });

  it("several sources: the one nearest to its limit counts, and is named", () => {
    const scene = new Scene();
    scene.sources = [
      { name: "connections", usedCount: 10, limitCount: 100 },
      { name: "kernel memory", usedCount: 95, limitCount: 100 },
      { name: "descriptors", usedCount: 10, limitCount: Number.POSITIVE_INFINITY },
    ];
    scene.gauge.check(0);
    const expected = { level: "shortest-idle", source: "kernel memory", usedPercent: 95 };
    assert.deepEqual(scene.changes, [expected]);
  });

  it("mark 100: never", () => {
    const scene = new Scene(100);
    scene.use(100);
    assert.deepEqual(scene.changes, []);
    assert.equal(scene.clock.wakeAtMs, null);
  });

  it("anything in use: is looked at again each second, and no longer than that", () => {
    const scene = new Scene();
    scene.use(1);
    scene.sources = [{ name: "connections", usedCount: 80, limitCount: 100 }];
    scene.clock.advance(1_000);
    assert.equal(scene.gauge.level, "shorter-idle");
    scene.sources = [{ name: "connections", usedCount: 0, limitCount: 100 }];
    scene.clock.advance(1_000);
    assert.equal(scene.gauge.level, "none");
    assert.equal(scene.clock.wakeAtMs, null);
  });
});

describe("useMark", () => {
  it("a lower mark: acts at once", () => {
    const scene = new Scene(100);
    scene.use(60);
    scene.gauge.useMark(50, 0);
    assert.equal(scene.gauge.level, "shorter-idle");
  });
});
