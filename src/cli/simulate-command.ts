import { writeFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { CLIENT_PROFILES } from "../scenario/client-profiles.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { SYSTEM_CATALOGUE } from "../tcp/system-catalogue.ts";
import { reasonOf, UsageError } from "./cli-error.ts";
import { readScenario, shippedScenarioNames } from "./simulate-files.ts";
import { play, runOf } from "./simulate-play.ts";
import { scenarioSvg } from "./simulate-svg.ts";
import { comparisonText, type Played, repertoireText, scenarioText } from "./simulate-text.ts";
import { type TraceWish, traced } from "./simulate-trace.ts";

// `finwait simulate`: what a policy does on a system, with clients, at a scale, before it is tried
// there. The real server in a simulated world; the same seed gives the same figures.

interface SimulateFlags {
  readonly seed?: number;
  readonly json: boolean;
  readonly svg?: string;
  readonly compare?: readonly string[];
  readonly list: boolean;
  readonly trace?: TraceWish;
}

export function simulateCommand(): Command {
  return new Command("simulate")
    .description("play a scenario: a server, a system and clients, in simulated time")
    .argument("[scenario]", "name of a shipped scenario, or a JSON file")
    .option("--seed <n>", "draw by this seed, in place of the scenario's", seed)
    .option("--json", "print one JSON object", false)
    .option("--svg <file>", "write the time line as a picture")
    .option("--compare <names>", "play several, comma-separated, and show them together", names)
    .option(
      "--trace <connection>",
      "print one connection's segments; list: which ones are worth it",
      traceWish,
    )
    .option("--list", "list the shipped scenarios, and the ids of clients and systems", false)
    .action((scenario: string | undefined, flags: SimulateFlags) => simulate(scenario, flags));
}

async function simulate(scenario: string | undefined, flags: SimulateFlags): Promise<void> {
  if (flags.trace !== undefined) {
    process.stdout.write(await traceOf(scenario, flags, flags.trace));
    return;
  }
  const wanted = [...(scenario === undefined ? [] : [scenario]), ...(flags.compare ?? [])];
  if (flags.list || wanted.length === 0) {
    process.stdout.write(listing(flags.json));
    return;
  }
  // All of them are read before the first is played.
  const scenarios = wanted.map((name) => seeded(readScenario(name), flags.seed));
  const played: Played[] = [];
  for (const [index, each] of scenarios.entries()) {
    const name = wanted[index] ?? "";
    const run = runOf(name, each);
    await play(name, run);
    played.push({ name, scenario: each, result: run.result() });
  }
  if (flags.svg !== undefined) writePicture(flags.svg, played);
  process.stdout.write(flags.json ? jsonOf(played) : textOf(played));
}

function seeded(scenario: Scenario, wanted: number | undefined): Scenario {
  return wanted === undefined ? scenario : { ...scenario, seed: wanted };
}

async function traceOf(
  scenario: string | undefined,
  { compare, svg, list, seed: wantedSeed, json }: SimulateFlags,
  wish: TraceWish,
): Promise<string> {
  const flag = compare !== undefined ? "--compare" : svg !== undefined ? "--svg" : "--list";
  if (compare !== undefined || svg !== undefined || list) {
    throw new UsageError(`Cannot use --trace with ${flag}: expected one scenario and no picture`);
  }
  if (scenario === undefined) {
    throw new UsageError("Cannot use --trace without a scenario: expected one, see --list");
  }
  return await traced(scenario, seeded(readScenario(scenario), wantedSeed), wish, json);
}

function listing(isJson: boolean): string {
  const scenarios = shippedScenarioNames().map((name) => [name, readScenario(name)] as const);
  const clients = CLIENT_PROFILES.map(({ id }) => id);
  const systems = SYSTEM_CATALOGUE.map(({ id }) => id);
  if (!isJson) return repertoireText({ scenarios, clients, systems });
  const content = { scenarios: Object.fromEntries(scenarios), clients, systems };
  return `${JSON.stringify(content, null, 2)}\n`;
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

function traceWish(text: string): TraceWish {
  if (text === "list") return text;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected the number of a connection, from 1, or "list".');
}

function names(text: string): readonly string[] {
  const found = text.split(",").map((name) => name.trim());
  if (found.every((name) => name !== "")) return found;
  throw new InvalidArgumentError("Expected names with commas between them.");
}
