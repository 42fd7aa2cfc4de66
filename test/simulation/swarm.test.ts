import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { type ClosingState, TRANSITIONS } from "../../src/closing/state.ts";
import { runSwarm } from "./swarm.ts";

// Goal: whatever clients, links and policies do, the invariants of connection endings hold, and a
// closing engine with one wrong cell is found out. How: worlds of the first seeds, with the real
// server in them; a failure names the command that plays it again.

const SEED_COUNT = 400;
const SLICE = 100;
const TEST_LIMIT_MS = 120_000;

async function violationsOf(seed: number): Promise<readonly string[]> {
  const { violations } = await runSwarm(seed);
  if (violations.length === 0) return [];
  return [`npm run simulate:swarm -- --seed ${seed}`, ...violations];
}

describe("a swarm", () => {
  for (let first = 1; first <= SEED_COUNT; first += SLICE) {
    it(
      `seeds ${first} to ${first + SLICE - 1}: every invariant holds`,
      async () => {
        for (let seed = first; seed < first + SLICE; seed += 1) {
          assert.deepEqual(await violationsOf(seed), []);
        }
      },
      TEST_LIMIT_MS,
    );
  }

  it("the same seed twice: the same segments at the same times", async () => {
    for (const seed of [3, 17, 40]) {
      const [one, two] = [await runSwarm(seed, true), await runSwarm(seed, true)];
      assert.ok(one.trace.length > 10, `${one.trace.length} segments`);
      assert.deepEqual(one, two);
    }
  });
});

type Phase = ClosingState["phase"];
type Rows = Record<Phase, Record<string, unknown>>;

const CLEAN = { type: "clean" } as const;

/** Ends at once, and says that all is well. */
function claimsClean(state: { reason?: string; discardedBytes?: number }): unknown {
  const { reason = "handler-asked", discardedBytes = 0 } = state;
  return { phase: "closed", reason, outcome: CLEAN, discardedBytes };
}

const WRONG_CELLS: readonly (readonly [Phase, string, string, unknown])[] = [
  ["open", "peer-fin", "is forgotten", "stay"],
  ["open", "peer-reset", "counts as clean", claimsClean],
  ["open", "network-failed", "is passed over", "stay"],
  ["open", "bound-reached", "is passed over", "stay"],
  ["discarding", "peer-fin", "is forgotten", "stay"],
  ["discarding", "discard-exhausted", "opens again", () => ({ phase: "open", peerEnded: false })],
  ["discarding", "peer-reset", "is passed over", "stay"],
  ["flushing", "flushed", "does not linger", claimsClean],
  ["flushing", "peer-fin", "is forgotten", "stay"],
  ["flushing", "peer-reset", "counts as clean", claimsClean],
  ["lingering", "peer-fin", "is forgotten", "stay"],
  ["lingering", "peer-reset", "counts as clean", claimsClean],
  ["lingering", "bound-reached", "is passed over", "stay"],
  ["held", "reset-requested", "is passed over", "stay"],
  ["held", "peer-fin", "is forgotten", "stay"],
  ["lingering", "acknowledged", "is passed over", "stay"],
];

describe("one wrong cell in the state table", () => {
  // One cast: the types of the table are there so that nobody does this by mistake.
  const table = TRANSITIONS as unknown as Rows;

  for (const [phase, input, what, cell] of WRONG_CELLS) {
    it(
      `${input} while ${phase} ${what}: the swarm finds it`,
      async () => {
        const right = table[phase][input];
        table[phase][input] = cell;
        try {
          let seed = 1;
          while (seed <= SEED_COUNT && (await runSwarm(seed)).violations.length === 0) seed += 1;
          assert.ok(seed <= SEED_COUNT, `none of ${SEED_COUNT} seeds found it`);
        } finally {
          table[phase][input] = right;
        }
      },
      TEST_LIMIT_MS,
    );
  }
});
