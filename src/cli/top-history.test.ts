import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { fakeStates } from "./fake-top-frame.ts";
import { BUCKET_LIMIT, BUCKET_MS, StateHistory, sparkline } from "./top-history.ts";

// Goal: a sparkline is the last minutes, peaks included. How: counts at made-up times.

const NONE = { owned: 0, orphaned: 0, "accept-queue": 0, unknown: 0 };
const finWait2 = (owned: number, orphaned = 0) =>
  fakeStates({ "fin-wait-2": { ...NONE, owned, orphaned } });

describe("StateHistory", () => {
  it("several looks in one bucket: the largest stays", () => {
    const history = new StateHistory();
    history.add(finWait2(1), 0);
    history.add(finWait2(5, 2), BUCKET_MS - 1);
    history.add(finWait2(2), BUCKET_MS);
    assert.deepEqual(history.newest(["fin-wait-2"], 10), [7, 2]);
    assert.deepEqual(history.newest(["fin-wait-2"], 1), [2]);
    assert.deepEqual(history.newest(["closing"], 10), [0, 0]);
  });

  it("a pause: is a gap", () => {
    const history = new StateHistory();
    history.add(finWait2(1), 0);
    history.add(finWait2(1), 3 * BUCKET_MS);
    assert.deepEqual(history.newest(["fin-wait-2"], 10), [1, 0, 0, 1]);
  });

  it(`more than ${BUCKET_LIMIT} buckets: the oldest go, also after a night`, () => {
    const history = new StateHistory();
    for (let bucket = 0; bucket < BUCKET_LIMIT + 5; bucket++) {
      history.add(finWait2(bucket), bucket * BUCKET_MS);
    }
    const newest = history.newest(["fin-wait-2"], 1_000);
    assert.deepEqual([newest.length, newest[0], newest.at(-1)], [BUCKET_LIMIT, 5, 104]);
    history.add(finWait2(3), 1e9);
    assert.deepEqual(history.newest(["fin-wait-2"], 1_000).at(-2), 0);
    assert.equal(history.newest(["fin-wait-2"], 1_000).length, BUCKET_LIMIT);
  });

  it("states together: are added up", () => {
    const history = new StateHistory();
    const one = { ...NONE, owned: 1 };
    history.add(fakeStates({ "syn-sent": one, "syn-received": one }), 0);
    assert.deepEqual(history.newest(["syn-sent", "syn-received"], 10), [2]);
  });
});

describe("sparkline", () => {
  it("counts: nothing, something, the largest", () => {
    assert.equal(sparkline([0, 1, 50, 100], true), " ▁▄█");
    assert.equal(sparkline([0, 1, 50, 100], false), " .=@");
    assert.equal(sparkline([0, 0], true), "  ");
    assert.equal(sparkline([], true), "");
  });
});
