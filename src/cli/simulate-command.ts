import { writeFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import type { Scenario } from "../scenario/scenario.ts";
import { ScenarioRun } from "../scenario/scenario-run.ts";
import { reasonOf, UsageError } from "./cli-error.ts";
import { readScenario, shippedScenarioNames } from "./simulate-files.ts";
import { SimulationProgress } from "./simulate-progress.ts";
import { scenarioSvg } from "./simulate-svg.ts";
import { comparisonText, type Played, scenarioListText, scenarioText } from "./simulate-text.ts";

// `finwait simulate`: what a policy does on a system, with clients, at a scale, before it is tried
// there. The real server in a simulated world; the same seed gives the same figures.

interface SimulateFlags {
  readonly seed?: number;
  readonly json: boolean;
  readonly svg?: string;
  readonly compare?: readonly string[];
  readonly list: boolean;
}

export function simulateCommand(): Command {
  return new Command("simulate")
    .description("play a scenario: a server, a system and clients, in simulated time")
    .argument("[scenario]", "name of a shipped scenario, or a JSON file")
    .option("--seed <n>", "draw by this seed, in place of the scenario's", seed)
    .option("--json", "print one JSON object", false)
    .option("--svg <file>", "write the time line as a picture")
    .option("--compare <names>", "play several, comma-separated, and show them together", names)
    .option("--list", "list the shipped scenarios", false)
    .action((scenario: string | undefined, flags: SimulateFlags) => simulate(scenario, flags));
}

async function simulate(scenario: string | undefined, flags: SimulateFlags): Promise<void> {
  const wanted = [...(scenario === undefined ? [] : [scenario]), ...(flags.compare ?? [])];
  if (flags.list || wanted.length === 0) {
    process.stdout.write(listing(flags.json));
    return;
  }
  // All of them are read before the first is played.
  const scenarios = wanted.map((name) => seeded(readScenario(name), flags.seed));
  const played: Played[] = [];
  for (const [index, each] of scenarios.entries()) {
    played.push(await play(wanted[index] ?? "", each));
  }
  if (flags.svg !== undefined) writePicture(flags.svg, played);
  process.stdout.write(flags.json ? jsonOf(played) : textOf(played));
}

function seeded(scenario: Scenario, wanted: number | undefined): Scenario {
  return wanted === undefined ? scenario : { ...scenario, seed: wanted };
}

async function play(name: string, scenario: Scenario): Promise<Played> {
  const run = runOf(name, scenario);
  const progress = new SimulationProgress(name, process.stderr);
  while (!run.isOver) {
    run.advance();
    progress.show(run.progress, run.world.eventCount);
    // A turn for Ctrl-C and for whoever reads.
    await new Promise((resolve) => setImmediate(resolve));
  }
  progress.end(run.world.eventCount);
  return { name, scenario, result: run.result() };
}

function runOf(name: string, scenario: Scenario): ScenarioRun {
  try {
    return new ScenarioRun(scenario);
  } catch (error) {
    // What a policy, the limits and the catalogues refuse.
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    const reason = reasonOf(error);
    throw new UsageError(
      `Cannot play ${name}: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`,
    );
  }
}

function listing(isJson: boolean): string {
  const scenarios = shippedScenarioNames().map((name) => [name, readScenario(name)] as const);
  if (!isJson) return scenarioListText(scenarios);
  return `${JSON.stringify({ scenarios: Object.fromEntries(scenarios) }, null, 2)}\n`;
}

function textOf(played: readonly Played[]): string {
  const [first] = played;
  return played.length === 1 && first !== undefined ? scenarioText(first) : comparisonText(played);
}

function jsonOf(played: readonly Played[]): string {
  const results = played.map(({ name, result }) => ({ name, ...result }));
  return `${JSON.stringify(results.length === 1 ? results[0] : { results }, null, 2)}\n`;
}

function writePicture(path: string, played: readonly Played[]): void {
  try {
    writeFileSync(path, scenarioSvg(played));
  } catch (error) {
    throw new UsageError(`Cannot write --svg ${path}: ${reasonOf(error)}`);
  }
}

function seed(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError("Expected a whole number from 0 to 2^53 - 1.");
}

function names(text: string): readonly string[] {
  const found = text.split(",").map((name) => name.trim());
  if (found.every((name) => name !== "")) return found;
  throw new InvalidArgumentError("Expected names with commas between them.");
}
