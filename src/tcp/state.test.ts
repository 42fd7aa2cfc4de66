import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { nextTcpState, type TcpEvent, type TcpState } from "./state.ts";

// Goal: the tear-down half of RFC 9293's figure 5, cell by cell. How: a second table, written from
// the RFC; and the five ways through it that the RFC draws, walked from ESTABLISHED.

const EVENTS = ["send-fin", "receive-fin", "receive-ack-of-fin", "reset", "time-out"] as const;

/** In the order of EVENTS. "-": the event cannot happen there. */
const EXPECTED: { readonly [S in TcpState]: readonly (TcpState | "-")[] } = {
  established: ["fin-wait-1", "close-wait", "-", "closed", "closed"],
  "fin-wait-1": ["-", "closing", "fin-wait-2", "closed", "closed"],
  "fin-wait-2": ["-", "time-wait", "-", "closed", "closed"],
  closing: ["-", "-", "time-wait", "closed", "closed"],
  "time-wait": ["-", "time-wait", "-", "closed", "closed"],
  "close-wait": ["last-ack", "-", "-", "closed", "closed"],
  "last-ack": ["-", "-", "closed", "closed", "closed"],
  closed: ["-", "-", "-", "closed", "closed"],
};

/** The shortest way to each state, from ESTABLISHED. */
const WAYS: { readonly [S in TcpState]: readonly TcpEvent[] } = {
  established: [],
  "fin-wait-1": ["send-fin"],
  "fin-wait-2": ["send-fin", "receive-ack-of-fin"],
  closing: ["send-fin", "receive-fin"],
  "time-wait": ["send-fin", "receive-ack-of-fin", "receive-fin"],
  "close-wait": ["receive-fin"],
  "last-ack": ["receive-fin", "send-fin"],
  closed: ["reset"],
};

const walk = (...events: readonly TcpEvent[]): TcpState =>
  events.reduce<TcpState>(nextTcpState, "established");

describe("nextTcpState", () => {
  it("every state with every event: goes where RFC 9293 says", () => {
    for (const state of Object.keys(EXPECTED) as TcpState[]) {
      const reached = walk(...WAYS[state]);
      assert.equal(reached, state);
      for (const [column, event] of EVENTS.entries()) {
        const expected = EXPECTED[state][column];
        const cell = `${state} with ${event}`;
        if (expected === "-") {
          const error = new RangeError(`Cannot apply ${event} to a connection in ${state}`);
          assert.throws(() => nextTcpState(reached, event), error, cell);
        } else assert.equal(nextTcpState(reached, event), expected, cell);
      }
    }
  });

  it("we end first: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT", () => {
    assert.equal(walk("send-fin", "receive-ack-of-fin", "receive-fin"), "time-wait");
  });

  it("the peer ends first: CLOSE-WAIT, LAST-ACK, CLOSED", () => {
    assert.equal(walk("receive-fin", "send-fin", "receive-ack-of-fin"), "closed");
  });

  it("simultaneous close: CLOSING, TIME-WAIT", () => {
    assert.equal(walk("send-fin", "receive-fin", "receive-ack-of-fin"), "time-wait");
  });

  it("our FIN never answered: FIN-WAIT-2 until a time-out that no RFC knows", () => {
    assert.equal(walk("send-fin", "receive-ack-of-fin", "time-out"), "closed");
  });

  it("a second FIN in TIME-WAIT: is a retransmission", () => {
    assert.equal(nextTcpState("time-wait", "receive-fin"), "time-wait");
  });
});
