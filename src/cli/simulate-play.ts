import type { RunWatcher } from "../scenario/run-watcher.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { ScenarioRun } from "../scenario/scenario-run.ts";
import { reasonOf, UsageError } from "./cli-error.ts";
import { SimulationProgress } from "./simulate-progress.ts";

// Plays one scenario in front of somebody at a terminal: it says how far it is, and can be stopped.

/** @throws {UsageError} What a policy, the limits and the catalogues refuse. */
export function runOf(
  name: string,
  scenario: Scenario,
  watcher: RunWatcher | null = null,
): ScenarioRun {
  try {
    return new ScenarioRun(scenario, watcher);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    const reason = reasonOf(error);
    throw new UsageError(
      `Cannot play ${name}: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`,
    );
  }
}

/** Between two turns: a long stretch between two samples must not keep Ctrl-C waiting. */
const EVENTS_PER_TURN = 20_000;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** To its end, or until `isEnough`. */
export async function play(
  name: string,
  run: ScenarioRun,
  isEnough: () => boolean = () => false,
): Promise<void> {
  const progress = new SimulationProgress(name, process.stderr);
  const endBySignal = (signal: NodeJS.Signals): void => {
    progress.clear();
    process.off(signal, endBySignal);
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, endBySignal);
  try {
    while (!run.isOver && !isEnough()) {
      await run.advance(EVENTS_PER_TURN);
      progress.show(run.progress, run.world.eventCount);
      // A turn for signals and for whoever reads.
      await new Promise((resolve) => setImmediate(resolve));
    }
    progress.end(run.world.eventCount);
  } finally {
    progress.clear();
    for (const signal of SIGNALS) process.off(signal, endBySignal);
  }
}
