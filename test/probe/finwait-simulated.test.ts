import { describe, expect, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { CATALOGUE } from "../../src/probe/cases/catalogue.ts";
import type { ProbeCase } from "../../src/probe/probe-case.ts";
import type { CaseResult } from "../../src/probe/probe-report.ts";
import { runCases } from "../../src/probe/probe-runner.ts";
import { DEFAULT_SETTINGS } from "../../src/probe/probe-settings.ts";
import { SharedBudget } from "../../src/probe/run-budget.ts";
import { SimulatedServer } from "../../src/scenario/simulated-server.ts";
import { Host } from "../../src/simulation/host.ts";
import { Network } from "../../src/simulation/network.ts";
import { LINUX } from "../../src/simulation/system-behavior.ts";
import { World } from "../../src/simulation/world.ts";
import { readAll } from "../support/scene.ts";
import { FIXTURE_FACTS } from "./run-case.ts";
import { SimulatedPort } from "./simulated-port.ts";

// Goal: finwait passes every case that can be reached without TLS, with its default policy.
// How: its real server behind a simulated TCP, so that minutes of time-outs take no time.

const SERVER = { address: "192.0.2.1", port: 80 };
/** Virtual time in one go. */
const STEP_MS = 20;
const PAGES: Readonly<Record<string, Uint8Array>> = {
  "/": new Uint8Array(6),
  "/medium": new Uint8Array(200_000),
  "/large": new Uint8Array(6_000_000),
};

async function handle(exchange: Exchange): Promise<void> {
  const { method, target, fields } = exchange;
  if (method === "POST" && target === "/refuse") return exchange.respond(413, [], "too large\n");
  if (method === "POST" && (target === "/upload" || target === "/")) {
    await readAll(exchange);
    return exchange.respond(200, [], "taken\n");
  }
  if (target === "/empty" || method === "OPTIONS") return exchange.respond(204, []);
  const page = PAGES[target];
  if (page === undefined) return exchange.respond(404, []);
  if (fields.get("if-none-match") === '"fixture"') return exchange.respond(304, []);
  exchange.respond(200, [["ETag", '"fixture"']], page);
}

async function runSimulated(probeCase: ProbeCase): Promise<CaseResult> {
  const world = new World(1);
  const network = new Network(world);
  const server = new SimulatedServer(new Host(network, { ...SERVER, behavior: LINUX }), {
    handler: handle,
  });
  const way = { delayMs: 5 };
  const clientHost = new Host(network, {
    address: "192.0.2.2",
    behavior: LINUX,
    wayOut: way,
    wayIn: way,
  });
  const port = new SimulatedPort(world, clientHost, SERVER);
  const settings = DEFAULT_SETTINGS;
  const target = { host: "192.0.2.1", facts: FIXTURE_FACTS };
  const budget = new SharedBudget(port, settings);
  let results: readonly CaseResult[] | null = null;
  const running = runCases([probeCase], { port, target, settings, budget, repeat: 1 }).then(
    (found) => {
      results = found;
    },
  );
  while (results === null && world.nowMs <= settings.durationLimitMs) {
    await world.liveUntil(world.nowMs + STEP_MS);
  }
  await running;
  expect(server.errors).toEqual([]);
  const [result] = results ?? [];
  if (result === undefined) throw new Error(`Cannot see a result of ${probeCase.id}`);
  return result;
}

describe("finwait in a simulated world", () => {
  // There is no TLS in the simulated world; test/probe/tls-cases.test.ts has it over sockets.
  const cases = CATALOGUE.filter(({ id }) => !id.startsWith("tls/"));
  it.each(cases.map((each) => [each.id, each] as const))("%s", async (_, probeCase) => {
    const { verdict, decisive } = await runSimulated(probeCase);
    expect({ verdict, seen: decisive.seen }).toEqual({ verdict: "pass", seen: decisive.seen });
  });
});
