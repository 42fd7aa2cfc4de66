import type { CaseRun } from "./case-run.ts";
import type { ProbeClient } from "./probe-client.ts";

// What a case is, and what comes out of it. A case is data and one function; the functions know
// clients and a target, and nothing of the server.

/**
 * How much hangs on it. "must": a user loses a response or gets a wrong one, or a protocol rule
 * says MUST. "should": somebody waits or is cut without need, resources are held without bound, or
 * the rule says SHOULD. "kind": manners that cost nothing.
 */
export type Level = "must" | "should" | "kind";

/**
 * "unkind": allowed, or only of level "kind", and somebody may suffer. "not reached": the server
 * could not be brought into the situation, so nothing was seen of the rule.
 */
export type Verdict = "pass" | "unkind" | "fail" | "not reached";

export interface Requirement {
  /** As `RFC 9112, 9.6`, or where the measure comes from. */
  readonly source: string;
  /** The rule in our words. */
  readonly text: string;
}

export interface Outcome {
  readonly verdict: Verdict;
  /** What was seen, in one sentence. */
  readonly seen: string;
  /** What was measured, by name: `{ heldMs: 5_000 }`. Milliseconds and bytes. */
  readonly figures?: Readonly<Record<string, number | string>>;
  /** Whose time lines are the evidence. Without it, those of all clients of the case. */
  readonly witnesses?: readonly ProbeClient[];
}

/** What a case is, as it is shown. */
export interface CaseDescription {
  /** Stable, as `early/200k-chunked`: the part before the slash is the topic. */
  readonly id: string;
  readonly title: string;
  readonly level: Level;
  readonly requirement: Requirement;
  /** What the clients do. */
  readonly sends: string;
  /** What passes. */
  readonly accepts: string;
  /** What it means for users if it is otherwise. */
  readonly meaning: string;
  /** The heading of docs/closing.md that says what to do: `#the-modes-measured`. */
  readonly help: string;
}

export interface ProbeCase extends CaseDescription {
  /** It waits for a time-out of the server, so others may run beside it. */
  readonly isPatient?: true;
  /** @throws {BudgetError} A bound of the run was reached. */
  run(run: CaseRun): Promise<Outcome>;
}

type Extras = Pick<Outcome, "figures" | "witnesses">;

export function pass(seen: string, extras: Extras = {}): Outcome {
  return { ...extras, verdict: "pass", seen };
}

export function unkind(seen: string, extras: Extras = {}): Outcome {
  return { ...extras, verdict: "unkind", seen };
}

export function fail(seen: string, extras: Extras = {}): Outcome {
  return { ...extras, verdict: "fail", seen };
}

export function notReached(seen: string, extras: Extras = {}): Outcome {
  return { ...extras, verdict: "not reached", seen };
}
