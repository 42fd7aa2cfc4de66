import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { CloseReason } from "../tcp/ending.ts";
import { type ClosingAction, ClosingEngine, type ReleaseTerms } from "./engine.ts";
import type { ClosePolicy } from "./policy.ts";
import { parseClosePolicy } from "./policy-parser.ts";
import type { ClosingInput, ClosingState } from "./state.ts";

// Goal: the four bounds of lingering, the discard limit, and the action that each step asks for.
// How: an engine per test, driven by inputs with times; actions and whole states are compared.

const POLICY: Partial<ClosePolicy> = {
  lingerIdleTimeoutMs: 1_000,
  lingerTotalTimeoutMs: 10_000,
  lingerLimitBytes: 100,
  lingerMinRateBytesPerSecond: 10,
  shortLingerTimeoutMs: 400,
  discardLimitBytes: 50,
};

/** The kernel takes deadlines: nothing has to be held. */
const WITH_OPTIONS: ReleaseTerms = { canSetDeadlines: true, orphanMs: 60_000, mayHold: true };
const WITHOUT_OPTIONS: ReleaseTerms = { ...WITH_OPTIONS, canSetDeadlines: false };

const engineWith = (
  overrides: Partial<ClosePolicy> = {},
  terms: ReleaseTerms = WITH_OPTIONS,
): ClosingEngine => new ClosingEngine(parseClosePolicy({ ...POLICY, ...overrides }), terms);

const data = (byteLength: number): ClosingInput => ({ type: "peer-data", byteLength });
const FIN: ClosingInput = { type: "peer-fin" };
const FLUSHED: ClosingInput = { type: "flushed" };
const discard = (discardedBytes: number): ClosingInput => ({
  type: "discard-started",
  discardedBytes,
});

function close(engine: ClosingEngine, reason: CloseReason = "client-asked"): ClosingAction {
  return engine.handle({ type: "close-requested", reason }, 0);
}

/** Lingering since `finAtMs`. */
function lingeringSince(
  finAtMs: number,
  overrides: Partial<ClosePolicy> = {},
  terms: ReleaseTerms = WITH_OPTIONS,
): ClosingEngine {
  const engine = engineWith(overrides, terms);
  close(engine);
  engine.handle(FLUSHED, finAtMs);
  return engine;
}

const abandoned = (bound: string, discardedBytes: number): unknown => ({
  phase: "closed",
  reason: "client-asked",
  outcome: { type: "abandoned", bound },
  discardedBytes,
});

describe("handle", () => {
  it("close-requested: asks for our FIN, once", () => {
    const engine = engineWith();
    assert.equal(close(engine), "shutdown-write");
    assert.equal(close(engine, "idle-timeout"), "none");
  });

  it("flushed, then the peer's FIN: closes clean", () => {
    const engine = engineWith();
    close(engine);
    assert.equal(engine.handle(FLUSHED, 5), "none");
    assert.equal(engine.handle(FIN, 6), "close");
    const expected: ClosingState = {
      phase: "closed",
      reason: "client-asked",
      outcome: { type: "clean" },
      discardedBytes: 0,
    };
    assert.deepEqual(engine.state, expected);
  });

  it("the peer's FIN before ours: closes with our FIN", () => {
    const engine = engineWith();
    assert.equal(engine.handle(FIN, 1), "none");
    assert.equal(close(engine, "peer-ended"), "shutdown-write");
    assert.equal(engine.handle(FLUSHED, 2), "close");
  });

  it("peer-reset: closes, which releases the socket", () => {
    assert.equal(engineWith().handle({ type: "peer-reset" }, 0), "close");
  });

  it("reset-requested: resets", () => {
    const input: ClosingInput = {
      type: "reset-requested",
      reason: "response-incomplete",
      bound: null,
    };
    assert.equal(engineWith().handle(input, 0), "reset");
  });

  it("anything after the end: asks for nothing", () => {
    const engine = lingeringSince(0);
    engine.handle(FIN, 1);
    assert.equal(engine.handle({ type: "peer-reset" }, 2), "none");
    assert.equal(engine.handle({ type: "bound-reached", bound: "overload" }, 2), "none");
    assert.equal(engine.state.phase === "closed" && engine.state.outcome.type, "clean");
  });
});

describe("finAtMs", () => {
  it("before our FIN is with the kernel: is null", () => {
    const engine = engineWith();
    assert.equal(engine.finAtMs, null);
    close(engine);
    assert.equal(engine.finAtMs, null);
  });

  it("flushed: is that time, and stays", () => {
    const engine = lingeringSince(7);
    engine.handle(data(1), 9);
    engine.handle(FIN, 12);
    assert.equal(engine.finAtMs, 7);
  });

  it("flushed when the peer has ended: stays null, so nobody takes our FIN for the first", () => {
    const engine = engineWith();
    engine.handle(FIN, 1);
    close(engine, "peer-ended");
    engine.handle(FLUSHED, 2);
    assert.equal(engine.finAtMs, null);
  });
});

describe("time-outs", () => {
  const long: readonly CloseReason[] = [
    "client-asked",
    "handler-asked",
    "request-limit",
    "body-unread",
    "discard-exhausted",
    "expectation-unmet",
    "response-incomplete",
    "peer-ended",
    "connection-age",
    "persistence-off",
    "client-rule",
    "learned-client",
  ];
  const short: readonly CloseReason[] = [
    "peer-protocol-error",
    "request-timeout",
    "idle-timeout",
    "server-shutdown",
    "overload",
  ];

  for (const reason of long) {
    it(`${reason}: lingers for as long as a response may need`, () => {
      const engine = engineWith();
      close(engine, reason);
      assert.deepEqual([engine.idleTimeoutMs, engine.totalTimeoutMs], [1_000, 10_000]);
    });
  }

  for (const reason of short) {
    it(`${reason}: lingers shortly`, () => {
      const engine = engineWith();
      close(engine, reason);
      assert.deepEqual([engine.idleTimeoutMs, engine.totalTimeoutMs], [400, 400]);
    });
  }

  it("a short time above the long ones: does not lengthen them", () => {
    const engine = engineWith({ shortLingerTimeoutMs: 20_000 });
    close(engine, "idle-timeout");
    assert.deepEqual([engine.idleTimeoutMs, engine.totalTimeoutMs], [1_000, 10_000]);
  });
});

describe("linger-bytes", () => {
  it("as many as the limit: goes on", () => {
    const engine = lingeringSince(0);
    assert.equal(engine.handle(data(100), 1), "none");
    assert.equal(engine.discardedBytes, 100);
  });

  it("one more: abandons", () => {
    const engine = lingeringSince(0);
    engine.handle(data(100), 1);
    assert.equal(engine.handle(data(1), 1), "close");
    assert.deepEqual(engine.state, abandoned("linger-bytes", 101));
  });

  it("more than the limit while flushing: stops reading, and abandons with our FIN", () => {
    const engine = engineWith();
    close(engine);
    engine.handle(data(100), 1);
    assert.equal(engine.mayRead, true);
    assert.equal(engine.handle(data(1), 1), "none");
    assert.equal(engine.mayRead, false);
    assert.equal(engine.handle(FLUSHED, 2), "close");
    assert.deepEqual(engine.state, abandoned("linger-bytes", 101));
  });

  it("open, discarding and lingering: may always read", () => {
    const engine = engineWith({ lingerLimitBytes: 0 });
    assert.equal(engine.mayRead, true);
    engine.handle(discard(5), 0);
    assert.equal(engine.mayRead, true);
    assert.equal(lingeringSince(0).mayRead, true);
  });

  it("bytes of the discard phase: count as well", () => {
    const engine = engineWith({ lingerLimitBytes: 40 });
    engine.handle(discard(41), 0);
    close(engine);
    assert.equal(engine.mayRead, false);
  });
});

describe("linger-rate", () => {
  it("slow within the idle time-out: is let go on", () => {
    const engine = lingeringSince(5_000);
    assert.equal(engine.handle(data(1), 5_999), "none");
  });

  it("slow after it: abandons", () => {
    const engine = lingeringSince(5_000);
    assert.equal(engine.handle(data(1), 6_000), "close");
    assert.deepEqual(engine.state, abandoned("linger-rate", 1));
  });

  it("just fast enough: goes on", () => {
    const engine = lingeringSince(5_000);
    assert.equal(engine.handle(data(10), 6_000), "none");
    assert.equal(engine.handle(data(9), 7_000), "close");
  });

  it("bytes from before our FIN: do not count", () => {
    const engine = engineWith();
    close(engine);
    engine.handle(data(50), 10);
    engine.handle(FLUSHED, 20);
    assert.equal(engine.handle(data(5), 1_020), "close");
    assert.deepEqual(engine.state, abandoned("linger-rate", 55));
  });

  it("0: is off", () => {
    const engine = lingeringSince(0, { lingerMinRateBytesPerSecond: 0 });
    assert.equal(engine.handle(data(1), 9_000), "none");
  });

  it("a short linger: has the short time as its grace", () => {
    const engine = engineWith();
    close(engine, "idle-timeout");
    engine.handle(FLUSHED, 0);
    assert.equal(engine.handle(data(1), 399), "none");
    assert.equal(engine.handle(data(1), 400), "close");
  });

  it("the peer's FIN after a slow start: is clean all the same", () => {
    assert.equal(lingeringSince(0).handle(FIN, 9_000), "close");
    const engine = lingeringSince(0);
    engine.handle(FIN, 9_000);
    assert.equal(engine.state.phase === "closed" && engine.state.outcome.type, "clean");
  });
});

describe("mode off", () => {
  it("flushed: abandons at once", () => {
    const engine = engineWith({ mode: "off" });
    assert.equal(close(engine), "shutdown-write");
    assert.equal(engine.handle(FLUSHED, 3), "close");
    assert.deepEqual(engine.state, abandoned("mode-off", 0));
    assert.equal(engine.finAtMs, 3);
  });

  it("flushed when the peer has ended: is clean", () => {
    const engine = engineWith({ mode: "off" });
    engine.handle(FIN, 1);
    close(engine);
    engine.handle(FLUSHED, 2);
    assert.equal(engine.state.phase === "closed" && engine.state.outcome.type, "clean");
  });
});

describe("onLingerExhausted reset", () => {
  const bounds = ["linger-idle-time", "linger-total-time", "linger-bytes", "linger-rate"] as const;
  for (const bound of bounds) {
    it(`${bound}: resets, and says which bound it was`, () => {
      const engine = lingeringSince(0, { onLingerExhausted: "reset" });
      assert.equal(engine.handle({ type: "bound-reached", bound }, 1), "reset");
      assert.deepEqual(engine.state, {
        phase: "closed",
        reason: "client-asked",
        outcome: { type: "reset-by-local", bound },
        discardedBytes: 0,
      });
    });
  }

  it("too many bytes: resets", () => {
    const engine = lingeringSince(0, { onLingerExhausted: "reset" });
    assert.equal(engine.handle(data(101), 1), "reset");
  });

  for (const bound of ["send-timeout", "shutdown-deadline", "overload"] as const) {
    it(`${bound}: closes, because a response may still be on its way`, () => {
      const engine = lingeringSince(0, { onLingerExhausted: "reset" });
      assert.equal(engine.handle({ type: "bound-reached", bound }, 1), "close");
      assert.deepEqual(engine.state, abandoned(bound, 0));
    });
  }

  it("mode off: closes", () => {
    const engine = engineWith({ mode: "off", onLingerExhausted: "reset" });
    close(engine);
    assert.equal(engine.handle(FLUSHED, 1), "close");
  });
});

describe("discard limit", () => {
  it("as many bytes as it: goes on", () => {
    const engine = engineWith();
    assert.equal(engine.handle(discard(40), 0), "none");
    assert.equal(engine.handle(data(10), 0), "none");
    assert.equal(engine.phase, "discarding");
  });

  it("one more: sends our FIN, for that reason", () => {
    const engine = engineWith();
    engine.handle(discard(40), 0);
    assert.equal(engine.handle(data(11), 0), "shutdown-write");
    assert.deepEqual(engine.state, {
      phase: "flushing",
      reason: "discard-exhausted",
      peerEnded: false,
      discardedBytes: 51,
    });
  });

  it("reached while the response was sent: sends our FIN at once", () => {
    assert.equal(engineWith().handle(discard(51), 0), "shutdown-write");
  });

  it("the time for it is over: sends our FIN", () => {
    const engine = engineWith();
    engine.handle(discard(0), 0);
    assert.equal(engine.handle({ type: "discard-exhausted" }, 1), "shutdown-write");
  });

  it("the request ends in time: is open as before", () => {
    const engine = engineWith();
    engine.handle(discard(5), 0);
    assert.equal(engine.handle({ type: "discard-finished" }, 1), "none");
    assert.deepEqual(engine.state, { phase: "open", peerEnded: false });
    assert.equal(engine.discardedBytes, 0);
  });
});

describe("finWait2TimeoutMs", () => {
  const reached = { type: "bound-reached", bound: "linger-idle-time" } as const;

  it("shorter than the total time: ends lingering itself, and says so", () => {
    const engine = lingeringSince(0, { finWait2TimeoutMs: 3_000 });
    assert.equal(engine.totalTimeoutMs, 3_000);
    assert.equal(engine.totalBound, "fin-wait-2-time");
    assert.equal(engineWith().totalBound, "linger-total-time");
  });

  it("a bound reached: the kernel gets what is left of it", () => {
    const engine = lingeringSince(500, { finWait2TimeoutMs: 8_000 });
    assert.equal(engine.handle(reached, 1_500), "close");
    assert.equal(engine.finWait2RestMs(1_500), 7_000);
    assert.equal(engine.finWait2RestMs(20_000), 0);
  });

  it("no FIN of ours yet: all of it is left", () => {
    assert.equal(engineWith({ finWait2TimeoutMs: 8_000 }).finWait2RestMs(5_000), 8_000);
  });
});

describe("without socket options", () => {
  const reached = { type: "bound-reached", bound: "linger-idle-time" } as const;

  it("a bound reached: holds, because the kernel would keep its orphan for too long", () => {
    const engine = lingeringSince(0, { finWait2TimeoutMs: 60_000 }, WITHOUT_OPTIONS);
    assert.equal(engine.handle(reached, 1_000), "none");
    assert.equal(engine.phase, "held");
    assert.equal(engine.heldAtMs, 1_000);
    assert.equal(engine.holdMs(1_000), 59_000);
    assert.equal(engine.handle(FIN, 2_000), "close");
    assert.equal(engine.state.phase === "closed" && engine.state.outcome.type, "clean");
  });

  it("time enough for the kernel's own time-out: closes", () => {
    const engine = lingeringSince(0, { finWait2TimeoutMs: 61_000 }, WITHOUT_OPTIONS);
    assert.equal(engine.handle(reached, 1_000), "close");
    assert.deepEqual(engine.state, abandoned("linger-idle-time", 0));
  });

  it("the deadline itself: resets, as nothing else would end it", () => {
    const engine = lingeringSince(0, { finWait2TimeoutMs: 3_000 }, WITHOUT_OPTIONS);
    assert.equal(
      engine.handle({ type: "bound-reached", bound: "fin-wait-2-time" }, 3_000),
      "reset",
    );
    assert.deepEqual(engine.state.phase === "closed" && engine.state.outcome, {
      type: "reset-by-local",
      bound: "fin-wait-2-time",
    });
  });

  it("the process is leaving: closes", () => {
    const terms = { ...WITHOUT_OPTIONS, mayHold: false };
    assert.equal(lingeringSince(0, {}, terms).handle(reached, 1_000), "close");
  });

  for (const bound of ["linger-budget", "shutdown-deadline", "send-timeout"] as const) {
    it(`${bound}: closes, because the socket must go`, () => {
      const engine = lingeringSince(0, {}, WITHOUT_OPTIONS);
      assert.equal(engine.handle({ type: "bound-reached", bound }, 1), "close");
    });
  }

  it("too many bytes while held: stops reading", () => {
    const engine = lingeringSince(0, {}, WITHOUT_OPTIONS);
    assert.equal(engine.handle(data(101), 1), "none");
    assert.equal(engine.phase, "held");
    assert.equal(engine.mayRead, false);
  });

  it("the shorter of the two deadlines: ends what is held", () => {
    const deadlines = { finWait2TimeoutMs: 9_000, unacknowledgedTimeoutMs: 4_000 };
    const engine = lingeringSince(0, deadlines, WITHOUT_OPTIONS);
    engine.handle(reached, 1_000);
    assert.equal(engine.holdMs(1_000), 3_000);
    assert.equal(engine.holdBound, "unacknowledged-time");
    assert.equal(lingeringSince(0, {}, WITHOUT_OPTIONS).holdBound, "fin-wait-2-time");
  });
});

describe("mode so-linger", () => {
  it("flushed: asks for SO_LINGER and close()", () => {
    const policy = parseClosePolicy({ mode: "so-linger" });
    const engine = new ClosingEngine(policy, WITH_OPTIONS);
    assert.equal(close(engine), "shutdown-write");
    assert.equal(engine.handle(FLUSHED, 3), "close-so-linger");
    assert.deepEqual(engine.state, abandoned("mode-so-linger", 0));
  });
});

describe("press and useShortLinger", () => {
  it("pressed: lingers shortly, and no longer than to the acknowledgment", () => {
    const engine = lingeringSince(0);
    assert.equal(engine.isReleasedByAcknowledgment, false);
    engine.press();
    assert.equal(engine.isReleasedByAcknowledgment, true);
    assert.deepEqual([engine.idleTimeoutMs, engine.totalTimeoutMs], [400, 400]);
  });

  it("a client rule asks for it: lingers shortly, to the peer's FIN", () => {
    const engine = lingeringSince(0);
    engine.useShortLinger();
    assert.equal(engine.isReleasedByAcknowledgment, false);
    assert.deepEqual([engine.idleTimeoutMs, engine.totalTimeoutMs], [400, 400]);
  });

  it("acknowledged: closes, and the kernel gets what is left of FIN-WAIT-2", () => {
    const engine = lingeringSince(0, { releaseWhen: "acknowledged" });
    assert.equal(engine.isReleasedByAcknowledgment, true);
    assert.equal(engine.handle({ type: "acknowledged" }, 100), "close");
    assert.equal(engine.state.phase === "closed" && engine.state.outcome.type, "acknowledged");
  });
});

describe("usePolicy", () => {
  it("another policy before the end begins: rules it", () => {
    const engine = engineWith();
    engine.handle(FIN, 0);
    engine.usePolicy(parseClosePolicy({ ...POLICY, mode: "off" }));
    close(engine);
    engine.handle(FLUSHED, 1);
    assert.equal(engine.state.phase === "closed" && engine.state.outcome.type, "clean");
    const other = engineWith();
    other.usePolicy(parseClosePolicy({ ...POLICY, mode: "off" }));
    close(other);
    other.handle(FLUSHED, 1);
    assert.deepEqual(other.state, abandoned("mode-off", 0));
  });
});
