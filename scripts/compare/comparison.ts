import type { CaseDescription, Verdict } from "../../src/probe/probe-case.ts";

// What a run of the comparison finds: docs/comparison.json as it stands there.

export interface Comparison {
  /** Version and commit of what probed. */
  readonly finwait: string;
  /** When it began, as ISO 8601, UTC. */
  readonly startedAt: string;
  /** Kernel and processors. */
  readonly machine: string;
  /** The Node that probed. */
  readonly node: string;
  /** Attempts of quick cases. */
  readonly repeat: number;
  readonly cases: readonly ComparedCase[];
  readonly servers: readonly ComparedServer[];
}

/** What a case is, without what it found. */
export interface ComparedCase extends CaseDescription {
  /** It measures a time-out of the server. */
  readonly isPatient: boolean;
}

export interface ComparedServer {
  readonly name: string;
  /** Null: it is not there. */
  readonly version: string | null;
  /** Paths below scripts/compare/. */
  readonly files: readonly string[];
  readonly about: string;
  /** Why it has no results, or what went wrong while it was probed; null: nothing. */
  readonly trouble: string | null;
  /** By the id of the case. */
  readonly results: Readonly<Record<string, ComparedResult>>;
}

export interface ComparedResult {
  /** The worst of all attempts. */
  readonly verdict: Verdict;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly attemptCount: number;
  /** Of the first attempt that came to `verdict`. */
  readonly seen: string;
  readonly figures: Readonly<Record<string, number | string>>;
}

export function topicOf({ id }: Pick<ComparedCase, "id">): string {
  return id.split("/", 1)[0] ?? id;
}
