import { CATALOGUE } from "./cases/catalogue.ts";
import { Discovery } from "./discovery.ts";
import type { ProbeCase } from "./probe-case.ts";
import type { ProbePort } from "./probe-port.ts";
import { type CaseResult, countVerdicts, type ProbeReport } from "./probe-report.ts";
import { runCases } from "./probe-runner.ts";
import type { ProbeSettings } from "./probe-settings.ts";
import { SharedBudget } from "./run-budget.ts";
import type { TargetFacts, TargetPaths } from "./target.ts";

// A whole run: look around, play the cases, sum up.

export interface ProbeOptions {
  readonly port: ProbePort;
  /** The value of the Host field. */
  readonly host: string;
  readonly paths: TargetPaths;
  readonly settings: ProbeSettings;
  /** Attempts of each case. */
  readonly repeat: number;
  /** By default the whole catalogue. */
  readonly cases?: readonly ProbeCase[];
  /** Ends the run: what has no outcome by then is "not reached". Looking around is not stopped. */
  readonly signal?: AbortSignal;
  /** Called when the looking around is over; `server`: the Server field of the page. */
  readonly onFacts?: (facts: TargetFacts, server: string) => void;
  readonly onResult?: (result: CaseResult) => void;
}

/** A report without what only the command line knows. */
export type ProbeFindings = Omit<ProbeReport, "finwait" | "url" | "address" | "startedAt">;

/**
 * @throws {ConnectError} Nobody takes connections there.
 * @throws {DiscoveryError} What answers is no HTTP/1.1.
 */
export async function probe(options: ProbeOptions): Promise<ProbeFindings> {
  const { port, host, paths, settings, repeat, cases = CATALOGUE } = options;
  const { onFacts, onResult, signal } = options;
  const startedAtMs = port.nowMs;
  const budget = new SharedBudget(port, settings);
  const { facts, server } = await new Discovery(port, budget, settings, host, paths).look();
  onFacts?.(facts, server);
  const results = await runCases(cases, {
    port,
    target: { host, facts },
    settings,
    budget,
    repeat,
    ...(onResult === undefined ? {} : { onResult }),
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    durationMs: Math.round(port.nowMs - startedAtMs),
    connectionCount: budget.connectionCount,
    sentBytes: budget.sentBytes,
    server,
    facts,
    counts: countVerdicts(results.map(({ verdict }) => verdict)),
    failedMusts: results
      .filter(({ level, verdict }) => level === "must" && verdict === "fail")
      .map(({ id }) => id),
    cases: results,
  };
}
