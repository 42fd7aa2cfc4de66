// The measurement that `attach.ts` starts: rounds of fresh servers, loaded in turns of 100 ms.
//
// A shared machine changes its speed by a factor of two within seconds, so a ratio is taken between
// neighbors: a turn of the attached server and the mean of the bare ones before and after it. Two
// processes of the same code differ by two percent, so a round has new ones. What the two bare
// servers differ by is the noise of this run.
// Arguments: rounds, seconds per subject and round, connections.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withDeadline } from "./deadline.ts";
import { readLastAllowedCpu, readThreadMicroseconds, readTimeWait } from "./proc.ts";
import { readCommand, type StartedProcess, startProcess } from "./processes.ts";
import { formatTable, formatVerdict, median } from "./stats.ts";
import { type TurnKind, TurnLoad } from "./turn-load.ts";

const SUBJECTS = ["bare", "attached", "bare again"] as const;
type SubjectName = (typeof SUBJECTS)[number];

const KINDS = [
  { kind: "persistent", title: "persistent connections", limit: 1.03 },
  { kind: "one-shot", title: "a connection per request", limit: 1.1 },
] as const;

const SERVER = fileURLToPath(new URL("./attach-server.mjs", import.meta.url));
const ATTACH_MODULE = fileURLToPath(new URL("../dist/attach/attach.js", import.meta.url));
const START_TIMEOUT_MS = 10_000;
const BANNER = /http:\/\/127\.0\.0\.1:(\d+)\//;
const TURN_MS = 100;
const WARM_UP_TURNS = 10;

/** One server of one round. */
interface Server {
  readonly name: SubjectName;
  readonly process: StartedProcess;
  readonly port: number;
  /** Microseconds per request, a value per turn. */
  readonly turns: number[];
  answeredCount: number;
  spentMicroseconds: number;
}

/** What one subject showed in the rounds: medians of its turns. */
interface Series {
  readonly name: SubjectName;
  readonly microseconds: number[];
  /** Of "attached" over both bare servers, of "bare again" over the first, of "bare" none. */
  readonly ratios: number[];
}

interface SceneOptions {
  readonly roundCount: number;
  readonly seconds: number;
  readonly connectionCount: number;
  readonly subjects: readonly SubjectName[];
  /** What stands before the command line of a server, to keep it on one CPU. */
  readonly placement: readonly string[];
}

async function measure(kind: TurnKind, options: SceneOptions): Promise<readonly Series[]> {
  const all = options.subjects.map((name): Series => ({ name, microseconds: [], ratios: [] }));
  for (let round = 1; round <= options.roundCount; round += 1) {
    const servers = await playRound(kind, round, options);
    const bare = turnsOf(servers, "bare");
    const bareAgain = turnsOf(servers, "bare again");
    const bases = {
      bare: [],
      attached: bare.map((value, turn) => (value + (bareAgain[turn] ?? Number.NaN)) / 2),
      "bare again": bare,
    };
    for (const { name, microseconds, ratios } of all) {
      const turns = turnsOf(servers, name);
      microseconds.push(median(turns));
      const base = bases[name].map((value, turn) => (turns[turn] ?? Number.NaN) / value);
      if (base.length > 0) ratios.push(median(base));
    }
    const cells = all.map(({ name, microseconds, ratios }) => {
      const ratio = ratios.at(-1);
      const text = ratio === undefined ? "" : ` (${ratio.toFixed(3)})`;
      return `${name} ${microseconds.at(-1)?.toFixed(2)}${text}`;
    });
    console.log(`${kind} round ${round}  ${cells.join(", ")} µs/request`);
  }
  return all;
}

function turnsOf(servers: readonly Server[], name: SubjectName): readonly number[] {
  return servers.find((server) => server.name === name)?.turns ?? [];
}

/**
 * Every second round starts and asks in the opposite order. The turns of a round do not: a server
 * that had two turns in a row would find its caches warm, which the one in the middle never would.
 */
async function playRound(
  kind: TurnKind,
  round: number,
  options: SceneOptions,
): Promise<readonly Server[]> {
  const names = round % 2 === 0 ? options.subjects.toReversed() : options.subjects;
  const load = new TurnLoad();
  const servers: Server[] = [];
  try {
    for (const name of names) servers.push(await startServer(name, options.placement));
    const turnCount = Math.ceil((options.seconds * 1_000) / TURN_MS);
    for (let turn = -WARM_UP_TURNS; turn < turnCount; turn += 1) {
      for (const server of servers) {
        await playTurn(load, server, kind, options.connectionCount);
        if (turn < 0) server.turns.length = 0;
      }
    }
    for (const server of servers) await checkCounts(server, kind, options.connectionCount);
    return servers;
  } finally {
    await Promise.allSettled([load.close(), ...servers.map((server) => server.process.stop())]);
  }
}

async function startServer(name: SubjectName, placement: readonly string[]): Promise<Server> {
  const variant = name === "attached" ? "attached" : "bare";
  const [command = "", ...argv] = [...placement, process.execPath, SERVER, variant];
  const server = await startProcess(command, argv);
  try {
    const [, port] = await server.waitForOutput(BANNER, START_TIMEOUT_MS);
    const counts = { answeredCount: 0, spentMicroseconds: 0 };
    return { name, process: server, port: Number(port), turns: [], ...counts };
  } catch (cause) {
    await server.stop();
    throw new Error(`Cannot start ${name}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

async function playTurn(
  load: TurnLoad,
  server: Server,
  kind: TurnKind,
  connectionCount: number,
): Promise<void> {
  const { name, port, turns } = server;
  const turn = { kind, port, connectionCount, durationMs: TURN_MS };
  const { requestCount, errorCount } = await load.run(turn);
  if (errorCount > 0 || requestCount === 0) {
    throw new Error(`Cannot measure ${name}: ${errorCount} errors, ${requestCount} responses`);
  }
  // Since the end of its turn before: what a server does about connections later belongs to them.
  const spent = readThreadMicroseconds(server.process.pid);
  turns.push((spent - server.spentMicroseconds) / requestCount);
  server.spentMicroseconds = spent;
  server.answeredCount += requestCount;
}

/** Checks that the server saw as many requests and connections as the load says it made. */
async function checkCounts(server: Server, kind: TurnKind, connectionCount: number): Promise<void> {
  const { name, port, answeredCount } = server;
  const asked = fetch(`http://127.0.0.1:${port}/counts`).then((response) => response.json());
  const counts = (await withDeadline(asked, START_TIMEOUT_MS, `The counts of ${name}`)) as {
    readonly connectionCount: number;
    readonly requestCount: number;
  };
  // The connection that asks for the counts is one of them.
  const expectedCount = (kind === "persistent" ? connectionCount : answeredCount) + 1;
  if (counts.requestCount !== answeredCount || counts.connectionCount !== expectedCount) {
    throw new Error(
      `Cannot trust ${kind} ${name}: ${answeredCount} responses of ${counts.requestCount} ` +
        `requests, ${counts.connectionCount} connections where ${expectedCount} were expected`,
    );
  }
}

function describe(kind: TurnKind, all: readonly Series[]): readonly (readonly string[])[] {
  const cells = (values: readonly number[], digits: number): readonly string[] =>
    values.length === 0
      ? ["", "", ""]
      : [median(values), Math.min(...values), Math.max(...values)].map((n) => n.toFixed(digits));
  return all.map(({ name, microseconds, ratios }) => [
    `${kind} ${name}`,
    ...cells(microseconds, 2),
    ...cells(ratios, 3),
  ]);
}

function judge(title: string, limit: number, all: readonly Series[]): string {
  const format = (value: number): string => value.toFixed(3);
  const ratioOf = (name: SubjectName): number | undefined => {
    const series = all.find((entry) => entry.name === name);
    return series === undefined ? undefined : median(series.ratios);
  };
  const attached = ratioOf("attached");
  const verdict = attached === undefined ? "not measured" : formatVerdict(attached, limit, format);
  const noise = format(ratioOf("bare again") ?? Number.NaN);
  return `${title}: attached / bare: ${verdict}; bare again / bare: ${noise}`;
}

async function findPlacement(): Promise<readonly string[]> {
  if ((await readCommand("taskset", ["-V"])) === undefined) return [];
  return ["taskset", "-c", `${readLastAllowedCpu()}`];
}

async function main(argv: readonly string[]): Promise<void> {
  const [roundCount = 0, seconds = 0, connectionCount = 0] = argv.map(Number);
  const isBuilt = existsSync(ATTACH_MODULE);
  const placement = await findPlacement();
  const subjects = SUBJECTS.filter((name) => name !== "attached" || isBuilt);
  if (!isBuilt) console.log("attached is skipped: dist/attach/attach.js does not exist");
  console.log(
    `servers  ${placement.length > 0 ? `each on CPU ${placement.at(-1)}` : "on any CPU"}\n` +
      `load     own, ${connectionCount} connections, ${roundCount} rounds of ${seconds} s ` +
      `per subject in turns of ${TURN_MS} ms\n`,
  );
  const options = { roundCount, seconds, connectionCount, subjects, placement };
  const rows: (readonly string[])[] = [
    ["", "µs/request", "lowest", "highest", "of bare", "lowest", "highest"],
  ];
  const verdicts: string[] = [];
  for (const { kind, title, limit } of KINDS) {
    const all = await measure(kind, options);
    rows.push(...describe(kind, all));
    verdicts.push(judge(title, limit, all));
  }
  const { count, overflowCount } = readTimeWait();
  console.log(`\nCPU time of the serving process, user and system, median of the rounds\n`);
  console.log(`${formatTable(rows)}\n\n${verdicts.join("\n")}`);
  console.log(`TIME-WAIT at the end: ${count}, without room for ${overflowCount}`);
}

main(process.argv.slice(2)).catch((cause: unknown) => {
  console.error(cause instanceof Error ? cause.message : cause);
  process.exitCode = 1;
});
