import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Ending, EndingOutcome } from "../tcp/ending.ts";
import { type ConnectionNotes, clientProduct, endingOf } from "./ending-record.ts";

// Goal: no ending claims more than was seen. How: a table of what the driver may have noted, with
// what may be said about it and how it is known.

const NOTES: ConnectionNotes = {
  openedAtMs: 100,
  wallOpenedAtMs: 1_000_000,
  closeRequestedAtMs: 200,
  finAtMs: 210,
  peerEndedAtMs: null,
  endedAtMs: 300,
  requestCount: 3,
  receivedBytes: 30,
  sentBytes: 40,
  discardedBytes: 5,
  unsentBytes: 6,
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
      peerEnd: "fin",
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
      peerEnd: "fin",
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
      peerEnd: "fin",
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
      peerEnd: "fin",
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
      peerEnd: "none",
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
      peerEnd: "none",
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
      peerEnd: "fin",
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
      peerEnd: "none",
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
      peerEnd: "reset",
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
      peerEnd: "reset",
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
      peerEnd: "none",
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
      peerEnd: "none",
      delivery: UNKNOWN_DELIVERY,
      leftIn: { state: "closed", evidence: "unknown" },
    },
  },
];

describe("endingOf", () => {
  for (const { title, outcome, finAtMs, peerEndedAtMs, expected } of ROWS) {
    it(title, () => {
      const notes = { ...NOTES, finAtMs, peerEndedAtMs };
      const ending = endingOf(CLEAR, notes, outcome, "client-asked");
      const { firstEnder, peerEnd, delivery, leftIn } = ending;
      assert.deepEqual({ firstEnder, peerEnd, delivery, leftIn }, expected);
    });
  }

  it("the peer's FIN over TLS: may be a close_notify as well", () => {
    const notes = { ...NOTES, peerEndedAtMs: 250 };
    assert.equal(endingOf(TLS, notes, CLEAN, "client-asked").peerEnd, "fin-or-close-notify");
    assert.equal(endingOf(TLS, notes, RESET_BY_PEER, "client-asked").peerEnd, "reset");
  });

  it("the notes: are copied as they are", () => {
    assert.deepEqual(endingOf(TLS, NOTES, ABANDONED, "body-unread"), {
      connectionId: 7,
      peerAddress: "192.0.2.1",
      peerPort: 5,
      isTls: true,
      openedAtMs: 1_000_000,
      outcome: ABANDONED,
      reason: "body-unread",
      firstEnder: "local",
      peerEnd: "none",
      delivery: UNKNOWN_DELIVERY,
      leftIn: { state: "fin-wait-1", evidence: "unknown" },
      requestCount: 3,
      receivedBytes: 30,
      sentBytes: 40,
      discardedBytes: 5,
      unsentBytes: 6,
      durations: { openMs: 100, flushingMs: 10, lingeringMs: 90 },
      client: "curl/8.5.0",
    });
  });

  it("an end without closing: all the time was open", () => {
    const notes = { ...NOTES, closeRequestedAtMs: null, finAtMs: null };
    assert.deepEqual(endingOf(CLEAR, notes, RESET_BY_PEER, "peer-reset").durations, {
      openMs: 200,
      flushingMs: 0,
      lingeringMs: 0,
    });
  });

  it("an end while flushing: was never lingering, and times are whole microseconds", () => {
    const notes = { ...NOTES, closeRequestedAtMs: 200.123_456, finAtMs: null };
    assert.deepEqual(endingOf(CLEAR, notes, ABANDONED, "client-asked").durations, {
      openMs: 100.123,
      flushingMs: 99.877,
      lingeringMs: 0,
    });
  });
});

describe("clientProduct", () => {
  const table: readonly (readonly [string | undefined, string | null])[] = [
    [undefined, null],
    ["", ""],
    ["curl/8.5.0", "curl/8.5.0"],
    ["Mozilla/5.0 (X11; Linux) Gecko", "Mozilla/5.0"],
    ["odd(comment)", "odd"],
    ["x".repeat(100), "x".repeat(80)],
    ["caf\u00e9/1 x", "caf\u00e9/1"],
  ];
  for (const [userAgent, expected] of table) {
    const [agent, product] = [userAgent, expected].map((text) =>
      JSON.stringify(text)?.slice(0, 40),
    );
    it(`${agent}: is ${product}`, () => {
      assert.equal(clientProduct(userAgent), expected);
    });
  }
});
