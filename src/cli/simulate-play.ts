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

/** To its end, or until `isEnough`. */
export async function play(
  name: string,
  run: ScenarioRun,
  isEnough: () => boolean = () => false,
): Promise<void> {
  const progress = new SimulationProgress(name, process.stderr);
  while (!run.isOver && !isEnough()) {
    run.advance();
    progress.show(run.progress, run.world.eventCount);
    // A turn for Ctrl-C and for whoever reads.
    await new Promise((resolve) => setImmediate(resolve));
  }
  progress.end(run.world.eventCount);
}
