import { BudgetError, CaseRun } from "./case-run.ts";
import { isBusyStatus } from "./cases/account.ts";
import { notReached, type Outcome, type ProbeCase } from "./probe-case.ts";
import { ConnectError, type ProbePort } from "./probe-port.ts";
import { attemptOf, type CaseAttempt, type CaseResult, resultOf } from "./probe-report.ts";
import type { ProbeSettings } from "./probe-settings.ts";
import { ROOMY_LIMIT, type SharedBudget } from "./run-budget.ts";
import type { Target } from "./target.ts";

// Plays cases against a target. Those that wait for time-outs run beside each other; the others one
// after another meanwhile, so that what they measure is not disturbed by them.

export interface RunnerOptions {
  readonly port: ProbePort;
  readonly target: Target;
  readonly settings: ProbeSettings;
  readonly budget: SharedBudget;
  /** Attempts of each case that is not patient; of patient ones, too, if they run alone. */
  readonly repeat: number;
  /** Ends the run: what has no outcome by then is "not reached". */
  readonly signal?: AbortSignal;
  /** Called when a case is over. */
  readonly onResult?: (result: CaseResult) => void;
}

/** The results in the order of `cases`. */
export async function runCases(
  cases: readonly ProbeCase[],
  options: RunnerOptions,
): Promise<readonly CaseResult[]> {
  const results = new Map<ProbeCase, CaseResult>();
  const play = async (each: ProbeCase, repeat: number): Promise<void> => {
    const result = await runCase(each, repeat, options);
    results.set(each, result);
    options.onResult?.(result);
  };
  const isAlone = cases.length === 1;
  const patient = cases.filter(({ isPatient }) => isPatient === true);
  const wait = (): readonly Promise<void>[] =>
    patient.map((each) => play(each, isAlone ? options.repeat : 1));
  const hasRoom = options.budget.connectionLimit >= ROOMY_LIMIT;
  const beside = hasRoom ? wait() : [];
  for (const each of cases) {
    if (each.isPatient !== true) await play(each, options.repeat);
  }
  await Promise.all(hasRoom ? beside : wait());
  return cases.flatMap((each) => results.get(each) ?? []);
}

async function runCase(
  probeCase: ProbeCase,
  repeat: number,
  options: RunnerOptions,
): Promise<CaseResult> {
  const attempts: CaseAttempt[] = [];
  for (let count = 0; count < repeat; count += 1) {
    attempts.push(await runOnce(probeCase, options));
  }
  return resultOf(probeCase, attempts);
}

async function runOnce(probeCase: ProbeCase, options: RunnerOptions): Promise<CaseAttempt> {
  const { port, target, settings, budget } = options;
  const run = new CaseRun(port, target, settings, budget);
  const startedAtMs = port.nowMs;
  // Nothing more is sent once the run is over.
  const isOver = options.signal?.aborted === true || budget.leftMs === 0;
  if (isOver) return attemptOf(overOutcome(options), [], 0);
  try {
    const outcome = unlessBusy(await withinRun(probeCase.run(run), options), run);
    return attemptOf(outcome, run.clients, port.nowMs - startedAtMs);
  } catch (error) {
    const outcome = outcomeOfError(error);
    return attemptOf(outcome, run.clients, port.nowMs - startedAtMs);
  } finally {
    run.end();
  }
}

/** A server that is busy with other things was not seen in the situation. */
function unlessBusy(outcome: Outcome, { clients, facts }: CaseRun): Outcome {
  const { page, small, mediumEarly, largeEarly, medium, large } = facts;
  const early = [small, mediumEarly, largeEarly].flatMap(({ length, chunked }) => [
    length,
    chunked,
  ]);
  const known = [page, medium, large, ...early].map((each) => each?.status);
  // What comes behind a last response is another fault.
  const statuses = clients.flatMap(({ responses }) => {
    const last = responses.findIndex(({ isLast }) => isLast);
    return responses.slice(0, last === -1 ? undefined : last + 1).map(({ status }) => status);
  });
  const busy = statuses.find((status) => isBusyStatus(status) && !known.includes(status));
  if (busy === undefined) return outcome;
  return { ...outcome, ...notReached(`${busy}: the server was busy (${outcome.seen})`) };
}

/** The outcome, if it comes before the run is over. */
function withinRun(outcome: Promise<Outcome>, options: RunnerOptions): Promise<Outcome> {
  const { port, budget, signal } = options;
  return new Promise((resolve, reject) => {
    const end = (): void => resolve(overOutcome(options));
    const cancel = port.schedule(budget.leftMs, end);
    signal?.addEventListener("abort", end, { once: true });
    outcome.then(resolve, reject).finally(() => {
      cancel();
      signal?.removeEventListener("abort", end);
    });
  });
}

function overOutcome({ settings, signal }: RunnerOptions): Outcome {
  if (signal?.aborted === true) return notReached("The run was stopped before");
  return notReached(`The run was over after ${settings.durationLimitMs} ms: --max-seconds`);
}

function outcomeOfError(error: unknown): Outcome {
  if (error instanceof BudgetError) return notReached(`Stopped: ${error.message}`);
  // A server that is full, or gone. What brought that about is another case's to say.
  if (error instanceof ConnectError) return notReached(`Cannot connect: ${error.message}`);
  throw error;
}
