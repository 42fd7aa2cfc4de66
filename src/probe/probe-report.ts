import type { CaseDescription, Outcome, ProbeCase, Verdict } from "./probe-case.ts";
import type { ProbeClient } from "./probe-client.ts";
import type { TargetFacts } from "./target.ts";
import type { TimeLineEntry } from "./time-line.ts";

// What a run found: plain data, which `--json` prints as it is.

/** The time line of one client. */
export interface Evidence {
  readonly client: string;
  readonly entries: readonly TimeLineEntry[];
  readonly omittedCount: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** One run of a case. */
export interface CaseAttempt {
  readonly verdict: Verdict;
  readonly seen: string;
  readonly figures: Readonly<Record<string, number | string>>;
  readonly evidence: readonly Evidence[];
  readonly durationMs: number;
}

export interface CaseResult extends CaseDescription {
  /** The worst of all attempts. */
  readonly verdict: Verdict;
  /** How many attempts came to each verdict. */
  readonly counts: Readonly<Record<Verdict, number>>;
  /** The first attempt that came to `verdict`. */
  readonly decisive: CaseAttempt;
  readonly attemptCount: number;
}

export interface ProbeReport {
  readonly finwait: string;
  readonly url: string;
  readonly address: string;
  /** As ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly connectionCount: number;
  readonly sentBytes: number;
  /** The Server field of the page; empty: it has none. */
  readonly server: string;
  readonly facts: TargetFacts;
  readonly counts: Readonly<Record<Verdict, number>>;
  /** Ids of the cases of level "must" that failed. */
  readonly failedMusts: readonly string[];
  readonly cases: readonly CaseResult[];
}

/** From best to worst; "not reached" says nothing, so any other verdict outweighs it. */
const VERDICTS: readonly Verdict[] = ["not reached", "pass", "unkind", "fail"];
/** Time lines of one attempt that are kept. */
const EVIDENCE_LIMIT = 4;

export function countVerdicts(verdicts: readonly Verdict[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { pass: 0, unkind: 0, fail: 0, "not reached": 0 };
  for (const verdict of verdicts) counts[verdict] += 1;
  return counts;
}

export function attemptOf(
  outcome: Outcome,
  clients: readonly ProbeClient[],
  durationMs: number,
): CaseAttempt {
  const witnesses = outcome.witnesses ?? clients;
  return {
    verdict: outcome.verdict,
    seen: outcome.seen,
    figures: outcome.figures ?? {},
    evidence: witnesses.slice(0, EVIDENCE_LIMIT).map(evidenceOf),
    durationMs: Math.round(durationMs),
  };
}

function evidenceOf(client: ProbeClient): Evidence {
  return {
    client: client.name,
    entries: [...client.timeLine.entries],
    omittedCount: client.timeLine.omittedCount,
    sentBytes: client.sentBytes,
    receivedBytes: client.reader.receivedBytes,
  };
}

/** @throws {RangeError} There are no attempts. */
export function resultOf(probeCase: ProbeCase, attempts: readonly CaseAttempt[]): CaseResult {
  const rank = ({ verdict }: CaseAttempt): number => VERDICTS.indexOf(verdict);
  const worst = Math.max(...attempts.map(rank));
  const decisive = attempts.find((attempt) => rank(attempt) === worst);
  if (decisive === undefined) throw new RangeError("Cannot sum up a case without attempts");
  const { id, title, level, requirement, sends, accepts, meaning, help } = probeCase;
  return {
    id,
    title,
    level,
    requirement: { ...requirement },
    sends,
    accepts,
    meaning,
    help,
    verdict: decisive.verdict,
    counts: countVerdicts(attempts.map(({ verdict }) => verdict)),
    decisive,
    attemptCount: attempts.length,
  };
}
