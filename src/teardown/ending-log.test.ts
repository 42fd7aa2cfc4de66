import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { FakeServer } from "../server/fake-server.ts";
import type { Ending } from "../tcp/ending.ts";
import { EndingLog } from "./ending-log.ts";

// Goal: the latest endings in order, bounded, and every listener hears each. How: endings told
// apart by their connection, more than the log keeps.

/** A real ending, with an id of its own. */
function ending(connectionId: number): Ending {
  const server = new FakeServer(() => {});
  const peer = server.connect();
  peer.transport.peerReset();
  return { ...peer.ending, connectionId };
}

const sample = ending(0);
const numbered = (connectionId: number): Ending => ({ ...sample, connectionId });
const ids = (log: EndingLog): readonly number[] => log.recent.map((each) => each.connectionId);

describe("recent", () => {
  it("a few: oldest first", () => {
    const log = new EndingLog();
    for (const id of [1, 2, 3]) log.add(numbered(id));
    assert.deepEqual(ids(log), [1, 2, 3]);
  });

  it("one more than is kept, and twice as many: the oldest are gone, the order stays", () => {
    const log = new EndingLog();
    for (let id = 1; id <= 1_024; id++) log.add(numbered(id));
    assert.deepEqual([ids(log)[0], ids(log).length], [1, 1_024]);
    log.add(numbered(1_025));
    assert.deepEqual([ids(log)[0], ids(log).at(-1), ids(log).length], [2, 1_025, 1_024]);
    for (let id = 1_026; id <= 2_100; id++) log.add(numbered(id));
    const expected = Array.from({ length: 1_024 }, (_, index) => 2_100 - 1_023 + index);
    assert.deepEqual(ids(log), expected);
  });

  it("what was given out: does not grow", () => {
    const log = new EndingLog();
    log.add(numbered(1));
    const { recent } = log;
    log.add(numbered(2));
    assert.equal(recent.length, 1);
  });
});

describe("subscribe", () => {
  it("a listener: hears endings from then on, until it stops", () => {
    const log = new EndingLog();
    const heard: number[] = [];
    log.add(numbered(1));
    const stop = log.subscribe(({ connectionId }) => heard.push(connectionId));
    log.add(numbered(2));
    stop();
    stop();
    log.add(numbered(3));
    assert.deepEqual(heard, [2]);
  });

  it("a listener that stops itself: the others hear all the same", () => {
    const log = new EndingLog();
    const heard: string[] = [];
    const stop = log.subscribe(() => {
      heard.push("a");
      stop();
    });
    log.subscribe(() => heard.push("b"));
    log.add(numbered(1));
    log.add(numbered(2));
    assert.deepEqual(heard, ["a", "b", "b"]);
  });
});
