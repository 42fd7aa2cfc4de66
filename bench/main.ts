// The command line of the benchmarks: one name, one question, options per benchmark.
//
// A missed target is a printed result and no failure; only a benchmark that could not be run is.

import { parseArgs } from "node:util";
import { runAttach } from "./attach.ts";
import { runAttachClients } from "./attach-clients.ts";
import { runCloseModes } from "./close-modes.ts";
import { runKeepAlive } from "./keep-alive.ts";
import { chooseGenerator } from "./load.ts";
import { runMemory } from "./memory.ts";
import { runShutdown } from "./shutdown.ts";
import { runSnapshot } from "./snapshot.ts";

interface Benchmark {
  readonly question: string;
  readonly options: readonly string[];
  run(argv: readonly string[]): Promise<void>;
}

const BENCHMARKS: ReadonlyMap<string, Benchmark> = new Map([
  [
    "keep-alive",
    {
      question: "CPU time per request on persistent connections, against nginx and node:http",
      options: [
        "--rounds N        rounds, in each of which every subject has its turn (default 5)",
        "--seconds N       length of one turn (default 4)",
        "--connections N   persistent connections (default 64)",
        '--load NAME       "wrk" or "own" (default: wrk where it is installed)',
      ],
      run: benchKeepAlive,
    },
  ],
  [
    "attach",
    {
      question: "CPU time per request of node:http with finwait attached, against itself without",
      options: [
        "--rounds N        rounds, each with new servers (default 6)",
        "--seconds N       time that each subject is loaded in a round (default 2)",
        "--connections N   connections at once (default 64)",
      ],
      run: benchAttach,
    },
  ],
  [
    "attach-clients",
    {
      question: "responses that real clients get from node:http, without and with finwait attached",
      options: [
        "--tries N         tries of each client in each scene, each way (default 10)",
        "--round-trip N    round trip of the simulated link, in ms (default 40)",
        "--client NAME     only clients whose name contains this",
        "--scene NAME      only scenes whose name contains this",
      ],
      run: benchAttachClients,
    },
  ],
  [
    "memory",
    {
      question: "resident bytes per idle and per lingering connection, against nginx and node:http",
      options: [
        "--connections N   connections held at once (default 9500)",
        "--rounds N        rounds, in each of which every case has its turn (default 3)",
        "--seconds N       settle time, of which the lowest resident memory counts (default 5)",
      ],
      run: benchMemory,
    },
  ],
  [
    "close-modes",
    {
      question: "what each close mode does: bytes delivered, RST, FIN-WAIT-2, a stopped loop",
      options: ["--tries N         uploads that meet an early response, per mode (default 20)"],
      run: benchCloseModes,
    },
  ],
  [
    "shutdown",
    {
      question: "requests lost by a shutdown, against node:http, frameworks and libraries for it",
      options: [
        "--rounds N        rounds, in each of which every subject has its turn (default 5)",
        "--clients N       busy clients on persistent connections (default 200)",
        "--think N         longest pause between two requests, in ms (default 60)",
        "--round-trip N    round trip of the simulated link, in ms (default 20)",
      ],
      run: benchShutdown,
    },
  ],
  [
    "snapshot",
    {
      question: "time of one snapshot of the socket table, against ss",
      options: [
        "--sockets N       sockets in the table (default 100000)",
        "--rounds N        rounds, in each of which every method has its turn (default 9)",
      ],
      run: benchSnapshot,
    },
  ],
]);

async function benchKeepAlive(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "4" },
      connections: { type: "string", default: "64" },
      load: { type: "string" },
    },
  });
  await runKeepAlive({
    roundCount: parseCount("--rounds", values.rounds, 100),
    seconds: parseCount("--seconds", values.seconds, 600),
    connectionCount: parseCount("--connections", values.connections, 10_000),
    generator: await chooseGenerator(values.load),
  });
}

async function benchAttach(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: "string", default: "6" },
      seconds: { type: "string", default: "2" },
      connections: { type: "string", default: "64" },
    },
  });
  await runAttach({
    roundCount: parseCount("--rounds", values.rounds, 100),
    seconds: parseCount("--seconds", values.seconds, 600),
    connectionCount: parseCount("--connections", values.connections, 10_000),
  });
}

async function benchAttachClients(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      tries: { type: "string", default: "10" },
      "round-trip": { type: "string", default: "40" },
      client: { type: "string", default: "" },
      scene: { type: "string", default: "" },
    },
  });
  await runAttachClients({
    tryCount: parseCount("--tries", values.tries, 100),
    roundTripMs: parseCount("--round-trip", values["round-trip"], 1_000),
    clientName: values.client,
    sceneName: values.scene,
  });
}

async function benchMemory(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      connections: { type: "string", default: "9500" },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "5" },
    },
  });
  await runMemory({
    connectionCount: parseCount("--connections", values.connections, 20_000),
    roundCount: parseCount("--rounds", values.rounds, 100),
    settleMs: parseCount("--seconds", values.seconds, 600) * 1000,
  });
}

async function benchCloseModes(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { tries: { type: "string", default: "20" } },
  });
  await runCloseModes({ tryCount: parseCount("--tries", values.tries, 1_000) });
}

async function benchShutdown(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: "string", default: "5" },
      clients: { type: "string", default: "200" },
      think: { type: "string", default: "60" },
      "round-trip": { type: "string", default: "20" },
    },
  });
  await runShutdown({
    roundCount: parseCount("--rounds", values.rounds, 100),
    clientCount: parseCount("--clients", values.clients, 2_000),
    thinkLimitMs: parseCount("--think", values.think, 10_000),
    roundTripMs: parseCount("--round-trip", values["round-trip"], 1_000),
  });
}

async function benchSnapshot(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      sockets: { type: "string", default: "100000" },
      rounds: { type: "string", default: "9" },
    },
  });
  await runSnapshot({
    socketCount: parseCount("--sockets", values.sockets, 200_000),
    roundCount: parseCount("--rounds", values.rounds, 25),
  });
}

function parseCount(option: string, text: string, limit: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= limit) return value;
  throw new RangeError(
    `Cannot use ${option} ${JSON.stringify(text)}: expected an integer from 1 to ${limit}`,
  );
}

function describeBenchmarks(): string {
  const lines = ["Usage: npm run bench -- NAME [options]", ""];
  for (const [name, { question, options }] of BENCHMARKS) {
    lines.push(`${name}: ${question}`, ...options.map((option) => `  ${option}`), "");
  }
  lines.push("Subjects that are not installed are skipped, and the reason is printed.");
  return lines.join("\n");
}

async function main([name, ...argv]: readonly string[]): Promise<void> {
  if (name === undefined || name === "--help" || name === "-h" || argv.includes("--help")) {
    console.log(describeBenchmarks());
    return;
  }
  const benchmark = BENCHMARKS.get(name);
  if (benchmark === undefined) {
    const names = [...BENCHMARKS.keys()].join(", ");
    throw new RangeError(`Cannot run benchmark ${JSON.stringify(name)}: expected one of ${names}`);
  }
  await benchmark.run(argv);
}

main(process.argv.slice(2)).catch((cause: unknown) => {
  console.error(cause instanceof Error ? cause.message : cause);
  process.exitCode = 1;
});
