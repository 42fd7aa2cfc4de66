import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Ending, EndingOutcome } from "../tcp/ending.ts";
import type { TcpFacts } from "../transport/tcp-facts.ts";
import { type ConnectionNotes, endingOf } from "./ending-record.ts";

// Goal: no ending claims more than was seen. How: a table of what the driver may have noted, with
// what may be said about it and how it is known.

const NOTES: ConnectionNotes = {
  outcome: { type: "clean" },
  reason: "client-asked",
  heldAtMs: null,
  facts: null,
  openedAtMs: 100,
  wallEndedAtMs: 1_000_200,
  closeRequestedAtMs: 200,
  finAtMs: 210,
  peerEndedAtMs: null,
  endedAtMs: 300,
  requestCount: 3,
  receivedBytes: 30,
  sentBytes: 40,
  discardedBytes: 5,
  unsentBytes: 0,
  client: "curl/8.5.0",
};
const ENDPOINT = { address: "192.0.2.1", port: 5 };
const CLEAR = { id: 7, peer: ENDPOINT, local: ENDPOINT, tls: null };
const TLS = { ...CLEAR, tls: { protocol: "TLSv1.3", cipher: "x", serverName: null } };

const CLEAN: EndingOutcome = { type: "clean" };
const ABANDONED: EndingOutcome = { type: "abandoned", bound: "linger-idle-time" };
const RESET_BY_LOCAL: EndingOutcome = { type: "reset-by-local", bound: null };
const RESET_BY_PEER: EndingOutcome = { type: "reset-by-peer" };
const FAILED: EndingOutcome = { type: "network-failed", code: "ETIMEDOUT" };

const INFERRED_DELIVERY = { isAcknowledged: true, evidence: "inferred" } as const;
const UNKNOWN_DELIVERY = { isAcknowledged: null, evidence: "unknown" } as const;

interface Row {
  readonly title: string;
  readonly outcome: EndingOutcome;
  /** When our FIN reached the kernel, and when the peer's came. */
  readonly finAtMs: number | null;
  readonly peerEndedAtMs: number | null;
  readonly expected: Pick<Ending, "firstEnder" | "peerEnd" | "delivery" | "leftIn">;
}

const ROWS: readonly Row[] = [
  {
    title: "clean, our FIN first: delivery is inferred, TIME-WAIT is ours",
    outcome: CLEAN,
    finAtMs: 210,
    peerEndedAtMs: 300,
    expected: {
      firstEnder: "local",
      peerEnd: { type: "fin", evidence: "inferred" },
      delivery: INFERRED_DELIVERY,
      leftIn: { state: "time-wait", evidence: "inferred" },
    },
  },
  {
    title: "clean, both in one millisecond with our FIN noted: ours came first",
    outcome: CLEAN,
    finAtMs: 210,
    peerEndedAtMs: 210,
    expected: {
      firstEnder: "local",
      peerEnd: { type: "fin", evidence: "inferred" },
      delivery: INFERRED_DELIVERY,
      leftIn: { state: "time-wait", evidence: "inferred" },
    },
  },
  {
    title: "clean, the peer's FIN first: nobody knows what it has read",
    outcome: CLEAN,
    finAtMs: null,
    peerEndedAtMs: 150,
    expected: {
      firstEnder: "peer",
      peerEnd: { type: "fin", evidence: "inferred" },
      delivery: UNKNOWN_DELIVERY,
      leftIn: { state: "last-ack", evidence: "inferred" },
    },
  },
  {
    title: "clean, the peer's FIN earlier than ours: the peer's came first",
    outcome: CLEAN,
    finAtMs: 210,
    peerEndedAtMs: 209,
    expected: {
      firstEnder: "peer",
      peerEnd: { type: "fin", evidence: "inferred" },
      delivery: UNKNOWN_DELIVERY,
      leftIn: { state: "last-ack", evidence: "inferred" },
    },
  },
  {
    title: "abandoned while lingering: the kernel waits, in a state that we cannot see",
    outcome: ABANDONED,
    finAtMs: 210,
    peerEndedAtMs: null,
    expected: {
      firstEnder: "local",
      peerEnd: { type: "none", evidence: "observed" },
      delivery: UNKNOWN_DELIVERY,
      leftIn: { state: "fin-wait-1", evidence: "unknown" },
    },
  },
  {
    title: "abandoned before our FIN: close() sends it",
    outcome: ABANDONED,
    finAtMs: null,
    peerEndedAtMs: null,
    expected: {
      firstEnder: "local",
      peerEnd: { type: "none", evidence: "observed" },
      delivery: UNKNOWN_DELIVERY,
      leftIn: { state: "fin-wait-1", evidence: "unknown" },
    },
  },
  {
    title: "abandoned behind the peer's FIN: LAST-ACK",
    outcome: ABANDONED,
    finAtMs: null,
    peerEndedAtMs: 150,
    expected: {
      firstEnder: "peer",
      peerEnd: { type: "fin", evidence: "inferred" },
      delivery: UNKNOWN_DELIVERY,
      leftIn: { state: "last-ack", evidence: "inferred" },
    },
  },
  {
    title: "reset by us: closed, as we saw",
    outcome: RESET_BY_LOCAL,
    finAtMs: null,
    peerEndedAtMs: null,
    expected: {
      firstEnder: "local",
      peerEnd: { type: "none", evidence: "observed" },
      delivery: UNKNOWN_DELIVERY,
      leftIn: { state: "closed", evidence: "observed" },
    },
  },
  {
    title: "reset by the peer before any FIN: the peer came first",
    outcome: RESET_BY_PEER,
    finAtMs: null,
    peerEndedAtMs: null,
    expected: {
      firstEnder: "peer",
      peerEnd: { type: "reset", evidence: "observed" },
      delivery: UNKNOWN_DELIVERY,
      leftIn: { state: "closed", evidence: "observed" },
    },
  },
  {
    title: "reset by the peer behind our FIN: we came first, and nothing is known of delivery",
    outcome: RESET_BY_PEER,
    finAtMs: 210,
    peerEndedAtMs: null,
    expected: {
      firstEnder: "local",
      peerEnd: { type: "reset", evidence: "observed" },
      delivery: UNKNOWN_DELIVERY,
      leftIn: { state: "closed", evidence: "observed" },
    },
  },
  {
    title: "network failed before any FIN: nobody ended it",
    outcome: FAILED,
    finAtMs: null,
    peerEndedAtMs: null,
    expected: {
      firstEnder: null,
      peerEnd: { type: "none", evidence: "observed" },
      delivery: UNKNOWN_DELIVERY,
      leftIn: { state: "closed", evidence: "unknown" },
    },
  },
  {
    title: "network failed behind our FIN: we came first",
    outcome: FAILED,
    finAtMs: 210,
    peerEndedAtMs: null,
    expected: {
      firstEnder: "local",
      peerEnd: { type: "none", evidence: "observed" },
      delivery: UNKNOWN_DELIVERY,
      leftIn: { state: "closed", evidence: "unknown" },
    },
  },
];

/** What the kernel may say of a socket whose data and FIN have been acknowledged. */
const FACTS: TcpFacts = {
  state: "fin-wait-2",
  isEverythingAcknowledged: true,
  isFinAcknowledged: true,
  acknowledgedBytes: 41,
  sentBytes: 40,
  notSentBytes: 0,
  unacknowledgedSegments: 0,
  roundTripMs: 1,
  retransmitTimeoutMs: 201,
};
const PENDING: TcpFacts = {
  ...FACTS,
  acknowledgedBytes: 0,
  state: "fin-wait-1",
  isEverythingAcknowledged: false,
  isFinAcknowledged: false,
};

describe("endingOf", () => {
  for (const { title, outcome, finAtMs, peerEndedAtMs, expected } of ROWS) {
    it(title, () => {
      const { firstEnder, peerEnd, delivery, leftIn } = endingOf(CLEAR, {
        ...NOTES,
        outcome,
        finAtMs,
        peerEndedAtMs,
      });
      assert.deepEqual({ firstEnder, peerEnd, delivery, leftIn }, expected);
    });
  }

  it("the kernel says acknowledged: delivery and state are observed", () => {
    const { delivery, leftIn } = endingOf(CLEAR, { ...NOTES, outcome: ABANDONED, facts: FACTS });
    assert.deepEqual(delivery, { isAcknowledged: true, evidence: "observed" });
    assert.deepEqual(leftIn, { state: "fin-wait-2", evidence: "observed" });
  });

  it("the data acknowledged and our FIN not yet: the last byte is with the peer", () => {
    const facts: TcpFacts = { ...PENDING, state: "last-ack", acknowledgedBytes: 40 };
    const { delivery } = endingOf(CLEAR, { ...NOTES, peerEndedAtMs: 150, facts });
    assert.deepEqual(delivery, { isAcknowledged: true, evidence: "observed" });
  });

  it("not acknowledged yet when the socket is released: nobody can say whether it will be", () => {
    const { delivery, leftIn } = endingOf(CLEAR, { ...NOTES, outcome: ABANDONED, facts: PENDING });
    assert.deepEqual(delivery, UNKNOWN_DELIVERY);
    assert.deepEqual(leftIn, { state: "fin-wait-1", evidence: "observed" });
  });

  for (const outcome of [RESET_BY_PEER, RESET_BY_LOCAL, FAILED]) {
    it(`${outcome.type} before the acknowledgment: it was not, and that is observed`, () => {
      const facts: TcpFacts = { ...PENDING, state: "closed" };
      const { delivery } = endingOf(CLEAR, { ...NOTES, outcome, facts });
      assert.deepEqual(delivery, { isAcknowledged: false, evidence: "observed" });
    });
  }

  it("bytes that never left this process: were not acknowledged, whoever is asked", () => {
    for (const facts of [null, FACTS]) {
      const { delivery } = endingOf(CLEAR, { ...NOTES, unsentBytes: 6, facts });
      assert.deepEqual(delivery, { isAcknowledged: false, evidence: "observed" });
    }
  });

  it("nothing was sent: there is nothing to acknowledge", () => {
    const { delivery } = endingOf(CLEAR, { ...NOTES, sentBytes: 0, facts: FACTS });
    assert.deepEqual(delivery, UNKNOWN_DELIVERY);
  });

  it("a clean end with the kernel's word: the peer's FIN is observed, TIME-WAIT inferred", () => {
    const facts: TcpFacts = { ...FACTS, state: "closed" };
    const { peerEnd, leftIn } = endingOf(CLEAR, { ...NOTES, peerEndedAtMs: 250, facts });
    assert.deepEqual(peerEnd, { type: "fin", evidence: "observed" });
    assert.deepEqual(leftIn, { state: "time-wait", evidence: "inferred" });
  });

  it("the peer's FIN over TLS: may be a close_notify as well", () => {
    const notes = { ...NOTES, peerEndedAtMs: 250 };
    assert.equal(endingOf(TLS, notes).peerEnd.type, "fin-or-close-notify");
    assert.equal(endingOf(TLS, { ...notes, outcome: RESET_BY_PEER }).peerEnd.type, "reset");
  });

  it("the notes: are copied as they are", () => {
    assert.deepEqual(endingOf(TLS, { ...NOTES, outcome: ABANDONED, reason: "body-unread" }), {
      connectionId: 7,
      peerAddress: "192.0.2.1",
      peerPort: 5,
      isTls: true,
      openedAtMs: 1_000_000,
      outcome: ABANDONED,
      reason: "body-unread",
      firstEnder: "local",
      peerEnd: { type: "none", evidence: "observed" },
      delivery: UNKNOWN_DELIVERY,
      leftIn: { state: "fin-wait-1", evidence: "unknown" },
      requestCount: 3,
      receivedBytes: 30,
      sentBytes: 40,
      discardedBytes: 5,
      unsentBytes: 0,
      durations: { openMs: 100, flushingMs: 10, lingeringMs: 90, heldMs: 0 },
      client: "curl/8.5.0",
    });
  });

  it("held after a bound: lingering ended there", () => {
    const { durations } = endingOf(CLEAR, { ...NOTES, outcome: RESET_BY_LOCAL, heldAtMs: 250 });
    assert.deepEqual(durations, { openMs: 100, flushingMs: 10, lingeringMs: 40, heldMs: 50 });
  });

  it("an end without closing: all the time was open", () => {
    const notes = { ...NOTES, closeRequestedAtMs: null, finAtMs: null, outcome: RESET_BY_PEER };
    assert.deepEqual(endingOf(CLEAR, notes).durations, {
      openMs: 200,
      flushingMs: 0,
      lingeringMs: 0,
      heldMs: 0,
    });
  });

  it("an end while flushing: was never lingering, and times are whole microseconds", () => {
    const times = { closeRequestedAtMs: 200.123_456, finAtMs: null };
    assert.deepEqual(endingOf(CLEAR, { ...NOTES, ...times, outcome: ABANDONED }).durations, {
      openMs: 100.123,
      flushingMs: 99.877,
      lingeringMs: 0,
      heldMs: 0,
    });
  });
});
