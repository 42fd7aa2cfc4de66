import assert from "node:assert/strict";
import { describe, it } from "vitest";
import {
  type ClosingInput,
  type ClosingInputType,
  type ClosingPhase,
  type ClosingState,
  OPEN,
  step,
  TRANSITIONS,
} from "./state.ts";

// Goal: every cell of the closing table, and whole states, never single fields. How: factories
// reach each phase through `step`; a second table, written from the design, says what each cell
// must do.

const steps = (state: ClosingState, ...inputs: ClosingInput[]): ClosingState =>
  inputs.reduce(step, state);

const FIN: ClosingInput = { type: "peer-fin" };
const FLUSHED: ClosingInput = { type: "flushed" };
const data = (byteLength: number): ClosingInput => ({ type: "peer-data", byteLength });
const CLOSE: ClosingInput = { type: "close-requested", reason: "client-asked" };

const open = (): ClosingState => OPEN;
const openPeerEnded = (): ClosingState => steps(OPEN, FIN);
const discarding = (discardedBytes = 10): ClosingState =>
  steps(OPEN, { type: "discard-started", discardedBytes });
const flushing = (): ClosingState => steps(OPEN, CLOSE);
const flushingPeerEnded = (): ClosingState => steps(OPEN, CLOSE, FIN);
const lingering = (): ClosingState => steps(OPEN, CLOSE, FLUSHED);
const HOLD: ClosingInput = { type: "hold-started", bound: "linger-idle-time" };
const held = (): ClosingState => steps(OPEN, CLOSE, FLUSHED, HOLD);
const closed = (): ClosingState => steps(OPEN, CLOSE, FLUSHED, FIN);

const FACTORIES: { readonly [P in ClosingPhase]: () => ClosingState } = {
  open,
  discarding,
  flushing,
  lingering,
  held,
  closed,
};

/** One input of each type. */
const INPUTS: { readonly [T in ClosingInputType]: ClosingInput } = {
  "discard-started": { type: "discard-started", discardedBytes: 3 },
  "discard-finished": { type: "discard-finished" },
  "discard-exhausted": { type: "discard-exhausted" },
  "close-requested": { type: "close-requested", reason: "idle-timeout" },
  flushed: FLUSHED,
  "peer-data": data(5),
  "peer-fin": FIN,
  "peer-reset": { type: "peer-reset" },
  "network-failed": { type: "network-failed", code: "ETIMEDOUT" },
  acknowledged: { type: "acknowledged" },
  "hold-started": HOLD,
  "bound-reached": { type: "bound-reached", bound: "linger-idle-time" },
  "reset-requested": { type: "reset-requested", reason: "response-incomplete", bound: null },
};

/** The phase that follows; "same": the state stays as it is; "throws": nothing may ask for it. */
type Outcome = ClosingPhase | "same" | "throws";

const COLUMNS = ["open", "discarding", "flushing", "lingering", "held", "closed"] as const;
const EXPECTED: { readonly [T in ClosingInputType]: readonly Outcome[] } = {
  "discard-started": ["discarding", "throws", "throws", "throws", "throws", "throws"],
  "discard-finished": ["throws", "open", "throws", "throws", "throws", "throws"],
  "discard-exhausted": ["throws", "flushing", "throws", "throws", "throws", "throws"],
  "close-requested": ["flushing", "flushing", "same", "same", "same", "same"],
  flushed: ["throws", "throws", "lingering", "throws", "throws", "throws"],
  "peer-data": ["same", "discarding", "flushing", "lingering", "held", "throws"],
  "peer-fin": ["open", "flushing", "flushing", "closed", "closed", "throws"],
  "peer-reset": ["closed", "closed", "closed", "closed", "closed", "same"],
  "network-failed": ["closed", "closed", "closed", "closed", "closed", "same"],
  acknowledged: ["throws", "throws", "throws", "closed", "closed", "throws"],
  "hold-started": ["throws", "throws", "throws", "held", "throws", "throws"],
  "bound-reached": ["closed", "closed", "closed", "closed", "closed", "same"],
  "reset-requested": ["closed", "closed", "closed", "closed", "closed", "same"],
};

describe("step", () => {
  it("every phase with every input: goes where the design says", () => {
    const inputTypes = Object.keys(EXPECTED) as ClosingInputType[];
    for (const [column, phase] of COLUMNS.entries()) {
      assert.deepEqual(Object.keys(TRANSITIONS[phase]).sort(), [...inputTypes].sort());
      for (const type of inputTypes) {
        const before = FACTORIES[phase]();
        const cell = `${phase} with ${type}`;
        const expected = EXPECTED[type][column];
        assert.equal(before.phase, phase, cell);
        if (expected === "throws") {
          const message = `Cannot apply ${type} to a connection that is ${phase}`;
          assert.throws(() => step(before, INPUTS[type]), new RangeError(message), cell);
        } else if (expected === "same") {
          assert.equal(step(before, INPUTS[type]), before, cell);
        } else {
          const result = step(before, INPUTS[type]);
          assert.equal(result.phase, expected, cell);
          assert.notEqual(result, before, cell);
        }
      }
    }
  });

  it("every step: leaves the state that it was given as it was", () => {
    for (const make of [...Object.values(FACTORIES), openPeerEnded, flushingPeerEnded]) {
      const state = make();
      const copy = structuredClone(state);
      for (const input of Object.values(INPUTS)) {
        try {
          step(state, input);
        } catch (error) {
          assert.ok(error instanceof RangeError);
        }
      }
      assert.deepEqual(state, copy);
    }
  });
});

describe("open", () => {
  it("peer-fin: is remembered, because nobody repeats it", () => {
    assert.deepEqual(openPeerEnded(), { phase: "open", peerEnded: true });
    assert.deepEqual(step(openPeerEnded(), CLOSE), {
      phase: "flushing",
      reason: "client-asked",
      peerEnded: true,
      discardedBytes: 0,
    });
  });

  it("close-requested: flushes for that reason", () => {
    assert.deepEqual(flushing(), {
      phase: "flushing",
      reason: "client-asked",
      peerEnded: false,
      discardedBytes: 0,
    });
  });

  const bounds = [
    ["send-timeout", "send-timeout"],
    ["shutdown-deadline", "server-shutdown"],
    ["overload", "overload"],
  ] as const;
  for (const [bound, reason] of bounds) {
    it(`bound-reached with ${bound}: names ${reason} as the reason`, () => {
      assert.deepEqual(step(open(), { type: "bound-reached", bound }), {
        phase: "closed",
        reason,
        outcome: { type: "abandoned", bound },
        discardedBytes: 0,
      });
    });
  }

  it("peer-reset: is the reason by itself", () => {
    assert.deepEqual(step(open(), INPUTS["peer-reset"]), {
      phase: "closed",
      reason: "peer-reset",
      outcome: { type: "reset-by-peer" },
      discardedBytes: 0,
    });
  });

  it("network-failed: keeps the code", () => {
    assert.deepEqual(step(open(), INPUTS["network-failed"]), {
      phase: "closed",
      reason: "network-failed",
      outcome: { type: "network-failed", code: "ETIMEDOUT" },
      discardedBytes: 0,
    });
  });

  it("reset-requested: keeps reason and bound", () => {
    assert.deepEqual(step(open(), INPUTS["reset-requested"]), {
      phase: "closed",
      reason: "response-incomplete",
      outcome: { type: "reset-by-local", bound: null },
      discardedBytes: 0,
    });
  });
});

describe("discarding", () => {
  it("peer-data: counts on from what was discarded before", () => {
    assert.deepEqual(steps(discarding(10), data(5), data(7)), {
      phase: "discarding",
      peerEnded: false,
      discardedBytes: 22,
    });
  });

  it("discard-finished: is the open state that all connections share", () => {
    assert.equal(step(discarding(), INPUTS["discard-finished"]), OPEN);
  });

  it("discard-finished behind a FIN that came first: still knows of the FIN", () => {
    const state = steps(openPeerEnded(), { type: "discard-started", discardedBytes: 0 });
    assert.deepEqual(state, { phase: "discarding", peerEnded: true, discardedBytes: 0 });
    assert.deepEqual(step(state, INPUTS["discard-finished"]), openPeerEnded());
    assert.deepEqual(steps(state, CLOSE, FLUSHED).phase, "closed");
    assert.deepEqual(steps(state, INPUTS["discard-exhausted"], FLUSHED).phase, "closed");
  });

  it("discard-exhausted: flushes, and keeps the count", () => {
    assert.deepEqual(step(discarding(10), INPUTS["discard-exhausted"]), {
      phase: "flushing",
      reason: "discard-exhausted",
      peerEnded: false,
      discardedBytes: 10,
    });
  });

  it("close-requested: flushes for that reason, and keeps the count", () => {
    assert.deepEqual(step(discarding(10), CLOSE), {
      phase: "flushing",
      reason: "client-asked",
      peerEnded: false,
      discardedBytes: 10,
    });
  });

  it("peer-fin: nothing is left to say but our FIN", () => {
    assert.deepEqual(step(discarding(10), FIN), {
      phase: "flushing",
      reason: "peer-ended",
      peerEnded: true,
      discardedBytes: 10,
    });
  });

  it("peer-reset: closes with the count", () => {
    assert.deepEqual(step(discarding(10), INPUTS["peer-reset"]), {
      phase: "closed",
      reason: "peer-reset",
      outcome: { type: "reset-by-peer" },
      discardedBytes: 10,
    });
  });

  it("network-failed, a bound and a reset of ours: close with the count", () => {
    const counts = (["network-failed", "bound-reached", "reset-requested"] as const).map((type) =>
      step(discarding(10), INPUTS[type]),
    );
    assert.deepEqual(
      counts.map((state) => state.phase === "closed" && state.discardedBytes),
      [10, 10, 10],
    );
  });
});

describe("flushing", () => {
  it("close-requested again: the first reason stays", () => {
    assert.deepEqual(step(flushing(), INPUTS["close-requested"]), flushing());
  });

  it("flushed: lingers", () => {
    assert.deepEqual(lingering(), {
      phase: "lingering",
      reason: "client-asked",
      discardedBytes: 0,
    });
  });

  it("flushed when the peer has ended: is clean at once", () => {
    assert.deepEqual(step(flushingPeerEnded(), FLUSHED), {
      phase: "closed",
      reason: "client-asked",
      outcome: { type: "clean" },
      discardedBytes: 0,
    });
  });

  it("peer-data: counts the bytes it throws away, and they are still known when lingering", () => {
    assert.deepEqual(steps(flushing(), data(4), FLUSHED, data(3)), {
      phase: "lingering",
      reason: "client-asked",
      discardedBytes: 7,
    });
  });

  it("every other end: keeps the reason for which we began", () => {
    for (const type of ["peer-reset", "network-failed", "bound-reached"] as const) {
      const state = step(flushing(), INPUTS[type]);
      assert.equal(state.phase === "closed" && state.reason, "client-asked", type);
    }
  });
});

describe("lingering", () => {
  it("peer-fin: is clean, with the count", () => {
    assert.deepEqual(steps(lingering(), data(7), FIN), {
      phase: "closed",
      reason: "client-asked",
      outcome: { type: "clean" },
      discardedBytes: 7,
    });
  });

  it("bound-reached: is abandoned, never clean", () => {
    assert.deepEqual(steps(lingering(), data(7), INPUTS["bound-reached"]), {
      phase: "closed",
      reason: "client-asked",
      outcome: { type: "abandoned", bound: "linger-idle-time" },
      discardedBytes: 7,
    });
  });

  it("peer-reset: is an ending like others", () => {
    assert.deepEqual(step(lingering(), INPUTS["peer-reset"]), {
      phase: "closed",
      reason: "client-asked",
      outcome: { type: "reset-by-peer" },
      discardedBytes: 0,
    });
  });

  it("network-failed: keeps the code and the first reason", () => {
    assert.deepEqual(step(lingering(), INPUTS["network-failed"]), {
      phase: "closed",
      reason: "client-asked",
      outcome: { type: "network-failed", code: "ETIMEDOUT" },
      discardedBytes: 0,
    });
  });

  it("reset-requested with a bound: is reset by us, for the first reason", () => {
    const input: ClosingInput = {
      type: "reset-requested",
      reason: "overload",
      bound: "linger-bytes",
    };
    assert.deepEqual(step(lingering(), input), {
      phase: "closed",
      reason: "client-asked",
      outcome: { type: "reset-by-local", bound: "linger-bytes" },
      discardedBytes: 0,
    });
  });
});

describe("held", () => {
  it("hold-started: keeps the count, the first reason and the bound that was reached", () => {
    assert.deepEqual(steps(lingering(), data(7), HOLD, data(2)), {
      phase: "held",
      reason: "client-asked",
      bound: "linger-idle-time",
      discardedBytes: 9,
    });
  });

  it("peer-fin: is clean after all", () => {
    assert.deepEqual(step(held(), FIN), {
      phase: "closed",
      reason: "client-asked",
      outcome: { type: "clean" },
      discardedBytes: 0,
    });
  });

  it("reset-requested at its end: is reset by us, for the first reason", () => {
    const bound = "fin-wait-2-time";
    assert.deepEqual(step(held(), { type: "reset-requested", reason: "overload", bound }), {
      phase: "closed",
      reason: "client-asked",
      outcome: { type: "reset-by-local", bound },
      discardedBytes: 0,
    });
  });
});

describe("acknowledged", () => {
  it("while lingering: is neither clean nor abandoned", () => {
    assert.deepEqual(steps(lingering(), data(3), { type: "acknowledged" }), {
      phase: "closed",
      reason: "client-asked",
      outcome: { type: "acknowledged" },
      discardedBytes: 3,
    });
  });
});

describe("closed", () => {
  it("whatever a released socket still reports: changes nothing", () => {
    const late = ["peer-reset", "network-failed", "bound-reached", "reset-requested"] as const;
    for (const type of late) assert.deepEqual(step(closed(), INPUTS[type]), closed(), type);
  });
});
