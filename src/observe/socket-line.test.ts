import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { ownershipOf, SOCKET_STATES, stateMask, stateOfCode, timerOfCode } from "./socket-line.ts";

// Goal: who holds a socket, for every state with and without an inode. How: the whole table.

describe("ownershipOf", () => {
  const withoutInode = {
    listen: "unknown",
    "syn-sent": "unknown",
    "syn-received": "accept-queue",
    established: "accept-queue",
    "fin-wait-1": "orphaned",
    "fin-wait-2": "orphaned",
    closing: "orphaned",
    "time-wait": "orphaned",
    "close-wait": "accept-queue",
    "last-ack": "orphaned",
    closed: "unknown",
  } as const;
  for (const state of SOCKET_STATES) {
    it(`${state}: without an inode ${withoutInode[state]}, with one owned`, () => {
      assert.equal(ownershipOf(state, 0), withoutInode[state]);
      assert.equal(ownershipOf(state, 7), "owned");
    });
  }
});

describe("the kernel's numbers", () => {
  it("states: 1 to 12, and no other", () => {
    assert.equal(stateOfCode(5), "fin-wait-2");
    assert.equal(stateOfCode(8), "close-wait");
    assert.equal(stateOfCode(12), "syn-received");
    assert.equal(stateOfCode(0), undefined);
    assert.equal(stateOfCode(13), undefined);
  });

  it("the mask of states: has a bit for each number of each state", () => {
    assert.equal(stateMask(["fin-wait-2"]), 1 << 5);
    assert.equal(stateMask(["syn-received"]), (1 << 3) | (1 << 12));
    assert.equal(stateMask(SOCKET_STATES), 0b1_1111_1111_1110);
  });

  it("a timer that is not known: is unknown", () => {
    assert.equal(timerOfCode(3), "time-wait");
    assert.equal(timerOfCode(9), "unknown");
  });
});
