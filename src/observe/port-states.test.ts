import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { CONNECTION_STATES, countsOf } from "./port-states.ts";
import { SocketTally } from "./socket-tally.ts";

// Goal: what the table says of a port is told by state and owner. How: snapshots made by hand; that
// they are those of the kernel is shown by test/kernel/clients-that-never-close.test.ts.

const EMPTY = {
  type: "taken",
  source: "proc",
  tookMs: 1,
  socketCount: 0,
  states: new SocketTally({ states: CONNECTION_STATES }).states,
  rows: [],
  omittedRowCount: 0,
  peers: [],
  omittedPeerCount: 0,
  unknown: [],
} as const;

describe("countsOf", () => {
  it("FIN-WAIT-2: owned and orphaned are told apart, in the order of the states", () => {
    const none = { owned: 0, orphaned: 0, "accept-queue": 0, unknown: 0 };
    const states = {
      ...EMPTY.states,
      "time-wait": { ...none, orphaned: 4 },
      "fin-wait-2": { ...none, owned: 2, orphaned: 3 },
      established: { ...none, "accept-queue": 1 },
      listen: { ...none, owned: 1 },
    };
    assert.deepEqual(countsOf({ ...EMPTY, states }), [
      { state: "established", owner: "accept-queue", count: 1 },
      { state: "fin-wait-2", owner: "owned", count: 2 },
      { state: "fin-wait-2", owner: "orphaned", count: 3 },
      { state: "time-wait", owner: "orphaned", count: 4 },
    ]);
  });

  it("no sockets, and no table: are not the same", () => {
    assert.deepEqual(countsOf(EMPTY), []);
    assert.equal(countsOf({ type: "failed", reason: "no such file" }), null);
  });
});
