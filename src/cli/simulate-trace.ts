import { ConnectionTrace } from "../scenario/connection-trace.ts";
import { NotableConnections } from "../scenario/notable-connections.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { ScenarioRun } from "../scenario/scenario-run.ts";
import { UsageError } from "./cli-error.ts";
import { play, runOf } from "./simulate-play.ts";
import { countText, notableText, type TracedRun, traceText } from "./simulate-trace-text.ts";

// `finwait simulate --trace`: one connection of a run, or a list of those that are worth it.

/** The number of a connection, counted as clients open them, from 1. */
export type TraceWish = number | "list";

/**
 * Plays as much as is needed, and returns what is to be printed.
 *
 * @throws {UsageError} The run has no such connection.
 */
export async function traced(
  name: string,
  scenario: Scenario,
  wish: TraceWish,
  isJson: boolean,
): Promise<string> {
  return wish === "list"
    ? await listOf(name, scenario, isJson)
    : await traceOf(name, scenario, wish, isJson);
}

async function traceOf(
  name: string,
  scenario: Scenario,
  number: number,
  isJson: boolean,
): Promise<string> {
  const trace = new ConnectionTrace(number);
  const run = runOf(name, scenario, trace);
  await play(name, run, () => trace.isOver);
  if (!trace.hasBegun) {
    const opened = countText(trace.openedCount);
    throw new UsageError(`Cannot trace connection ${number} of ${name}: the run opened ${opened}`);
  }
  const about = aboutOf(name, run);
  if (!isJson) return traceText(about, trace);
  return jsonText({
    ...about,
    connection: number,
    client: trace.clientId,
    clientAddress: trace.clientAddress,
    isOver: trace.isOver,
    lines: trace.firstLines,
    leftOutCount: trace.leftOutCount,
    lastLines: trace.lastLines,
  });
}

async function listOf(name: string, scenario: Scenario, isJson: boolean): Promise<string> {
  const notable = new NotableConnections();
  const run = runOf(name, scenario, notable);
  await play(name, run);
  const about = aboutOf(name, run);
  const { openedCount } = notable;
  const connections = notable.list(about.playedMs);
  if (isJson) return jsonText({ ...about, openedCount, connections });
  return notableText(about, openedCount, connections);
}

function aboutOf(name: string, run: ScenarioRun): TracedRun {
  const { seed, playedMs } = run.result();
  return { name, seed, playedMs };
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
