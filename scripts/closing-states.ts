import { readFileSync, writeFileSync } from "node:fs";
import {
  type ClosingInput,
  type ClosingInputType,
  type ClosingState,
  step,
  TRANSITIONS,
} from "../src/closing/state.ts";
import { stateDiagram } from "./state-diagram.ts";

// docs/closing-states.md, made from the table in src/closing/state.ts: a diagram, and the whole
// table.
//
// Cells are functions, so each is applied once to a sample state to see where it leads.

const FILE = new URL("../docs/closing-states.md", import.meta.url);

const STATES: readonly ClosingState[] = [
  { phase: "open", peerEnded: false },
  { phase: "discarding", peerEnded: false, discardedBytes: 0 },
  { phase: "flushing", reason: "client-asked", peerEnded: false, discardedBytes: 0 },
  { phase: "lingering", reason: "client-asked", discardedBytes: 0 },
  { phase: "held", reason: "client-asked", bound: "linger-idle-time", discardedBytes: 0 },
  { phase: "closed", reason: "client-asked", outcome: { type: "clean" }, discardedBytes: 0 },
];

const INPUTS: { readonly [T in ClosingInputType]: Extract<ClosingInput, { type: T }> } = {
  "discard-started": { type: "discard-started", discardedBytes: 0 },
  "discard-finished": { type: "discard-finished" },
  "discard-exhausted": { type: "discard-exhausted" },
  "close-requested": { type: "close-requested", reason: "client-asked" },
  flushed: { type: "flushed" },
  "peer-data": { type: "peer-data", byteLength: 1 },
  "peer-fin": { type: "peer-fin" },
  "peer-reset": { type: "peer-reset" },
  "network-failed": { type: "network-failed", code: "ETIMEDOUT" },
  acknowledged: { type: "acknowledged" },
  "hold-started": { type: "hold-started", bound: "linger-idle-time" },
  "bound-reached": { type: "bound-reached", bound: "linger-total-time" },
  "reset-requested": { type: "reset-requested", reason: "response-incomplete", bound: null },
};

/**
 * Where a cell leads: a phase, "stay" or "never". A half-closed peer makes `flushed` end at once.
 */
function target(state: ClosingState, input: ClosingInput): string {
  const cell = TRANSITIONS[state.phase][input.type];
  if (typeof cell === "string") return cell;
  const after = step(state, input);
  return after.phase === "closed" ? `closed: ${after.outcome.type}` : after.phase;
}

/** The page, as it must stand in docs/. */
export function closingStatesPage(): string {
  const inputs = Object.values(INPUTS);
  const rows = STATES.flatMap((state) =>
    inputs.map((input) => ({
      phase: state.phase,
      input: input.type,
      target: target(state, input),
    })),
  );
  const moves = rows
    .filter((row) => row.target !== "stay" && row.target !== "never" && row.target !== row.phase)
    .map((row) => ({ ...row, target: row.target.replace(/:.*/, "") }));
  const header = `| | ${STATES.map((state) => state.phase).join(" | ")} |`;
  const rule = `| --- |${" --- |".repeat(STATES.length)}`;
  const lines = inputs.map((input) => {
    const cells = STATES.map((state) => target(state, input));
    return `| ${input.type} | ${cells.join(" | ")} |`;
  });
  return [
    "# The closing state machine",
    "",
    "Made by `npm run docs` from `src/closing/state.ts`. Do not edit.",
    "",
    "```mermaid",
    stateDiagram(moves).trimEnd(),
    "```",
    "",
    "Every phase has a cell for every input. *stay*: legal, and nothing changes but counters.",
    "*never*: only a bug in the driver can produce it. In *flushing*, `flushed` leads to",
    "*closed: clean* at once if the peer has ended its direction before.",
    "",
    header,
    rule,
    ...lines,
    "",
  ].join("\n");
}

/** What stands in docs/ now; empty if there is no such file. */
export function currentClosingStatesPage(): string {
  try {
    return readFileSync(FILE, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

export function writeClosingStatesPage(): void {
  writeFileSync(FILE, closingStatesPage());
}
