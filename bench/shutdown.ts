// Question: how many requests does a shutdown lose? 200 busy clients on persistent connections,
// thinking for 0 to 60 ms between requests, a round trip of 20 ms, SIGTERM after two seconds.
//
// Every subject runs in a process of its own and is told to end as its documentation says. A
// subject that still serves eight seconds later never ends by itself, and is ended by force.

import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BusyClient, type Departure } from "./busy-client.ts";
import { pause, withDeadline } from "./deadline.ts";
import { describeEnvironment } from "./environment.ts";
import { type StartedProcess, startProcess } from "./processes.ts";
import { formatTable } from "./stats.ts";

/** "stoppable" to "http-terminator" end the server of "node:http", each with its library. */
const SUBJECTS = [
  "finwait",
  "node:http",
  "node:http + attach",
  "stoppable",
  "http-graceful-shutdown",
  "http-terminator",
  "fastify",
  "express",
  "express + attach",
] as const;
const ATTACH_MODULE = fileURLToPath(new URL("../dist/attach/attach.js", import.meta.url));
const ENDS_WITHIN_MS = 8_000;
const START_TIMEOUT_MS = 10_000;

export interface ShutdownBenchOptions {
  readonly roundCount: number;
  readonly clientCount: number;
  readonly thinkLimitMs: number;
  readonly roundTripMs: number;
}

interface Round {
  readonly departures: Readonly<Record<Departure, number>>;
  readonly answeredCount: number;
  /** From SIGTERM to the end of the process; `null`: it had to be ended by force. */
  readonly endedAfterMs: number | null;
}

export async function runShutdown(options: ShutdownBenchOptions): Promise<void> {
  console.log(await describeEnvironment());
  const { clientCount, roundTripMs, roundCount } = options;
  console.log(
    `load     ${clientCount} clients, round trip ${roundTripMs} ms, ${roundCount} rounds\n`,
  );
  const all = new Map<string, Round[]>(startableSubjects().map((name) => [name, []]));
  for (let round = 1; round <= roundCount; round += 1) {
    for (const [name, rounds] of all) {
      const seen = await playRound(name, options, round);
      rounds.push(seen);
      console.log(`round ${round}  ${name}: ${describeRound(seen)}`);
    }
  }
  const rows = [["subject", "lost in each round", "told to close", "process ended after"]];
  for (const [name, rounds] of all) {
    rows.push([
      name,
      rounds.map(({ departures }) => departures.lost).join(" "),
      rounds.map(({ departures }) => departures.told).join(" "),
      rounds.map(({ endedAfterMs }) => endedText(endedAfterMs)).join(" "),
    ]);
  }
  console.log(`\nRequests sent and never answered, of ${clientCount} clients\n`);
  console.log(formatTable(rows));
}

function startableSubjects(): readonly string[] {
  if (existsSync(ATTACH_MODULE)) return SUBJECTS;
  console.log("attach is skipped: dist/attach/attach.js does not exist");
  return SUBJECTS.filter((name) => !name.endsWith("attach"));
}

async function playRound(
  name: string,
  options: ShutdownBenchOptions,
  seed: number,
): Promise<Round> {
  const path = fileURLToPath(new URL("./shutdown-servers.mjs", import.meta.url));
  const server = await startProcess(process.execPath, [path, name]);
  const clients: BusyClient[] = [];
  try {
    const [, port] = await server.waitForOutput(/ready (\d+)/, START_TIMEOUT_MS);
    const everybodyLeft = crowd(Number(port), options, seed, clients);
    await pause(2_000);
    const endedAfterMs = await terminate(server);
    // A client that nobody has told anything stays; it is counted as neither told nor lost.
    await withDeadline(everybodyLeft, 2_000, "The end of the clients").catch(() => {});
    return roundOf(clients, endedAfterMs);
  } finally {
    for (const client of clients) client.close();
    await server.stop();
  }
}

/** Starts the clients; resolves when each has left. */
function crowd(
  port: number,
  { clientCount, thinkLimitMs, roundTripMs }: ShutdownBenchOptions,
  seed: number,
  clients: BusyClient[],
): Promise<void> {
  const random = randomFrom(seed);
  return new Promise((resolve) => {
    let leftCount = 0;
    for (let count = 0; count < clientCount; count += 1) {
      const link = { port, oneWayMs: roundTripMs / 2, thinkLimitMs, random };
      clients.push(
        new BusyClient(link, () => {
          leftCount += 1;
          if (leftCount === clientCount) resolve();
        }),
      );
    }
  });
}

async function terminate(server: StartedProcess): Promise<number | null> {
  const startedAtMs = performance.now();
  const ended = once(server.child, "exit");
  server.child.kill("SIGTERM");
  try {
    await withDeadline(ended, ENDS_WITHIN_MS, "The end of the process");
    return Math.round(performance.now() - startedAtMs);
  } catch {
    // It serves on: that is the finding, and `stop` ends it.
    server.child.kill("SIGKILL");
    return null;
  }
}

function roundOf(clients: readonly BusyClient[], endedAfterMs: number | null): Round {
  const departures = { told: 0, "idle-end": 0, lost: 0, refused: 0 };
  let answeredCount = 0;
  for (const client of clients) {
    answeredCount += client.answeredCount;
    if (client.departure !== null) departures[client.departure] += 1;
  }
  return { departures, answeredCount, endedAfterMs };
}

function describeRound({ departures, answeredCount, endedAfterMs }: Round): string {
  const { told, lost, refused } = departures;
  return (
    `${lost} lost, ${told} told to close, ${departures["idle-end"]} ended while idle, ` +
    `${refused} refused, ${answeredCount} answered, ${endedText(endedAfterMs)}`
  );
}

function endedText(endedAfterMs: number | null): string {
  return endedAfterMs === null ? "never" : `${endedAfterMs}ms`;
}

/** The same think times for every subject of a round. A linear congruential generator. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
