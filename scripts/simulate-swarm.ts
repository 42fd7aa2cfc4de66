import { parseArgs } from "node:util";
import { runSwarm, type SwarmResult } from "../test/simulation/swarm.ts";

// Plays swarms: worlds with the real server in them, one per seed.
//
// Usage: npm run simulate:swarm -- [--seed N] [--count N] [--trace]
//        npm run simulate:soak            seeds without end, until it is stopped or one fails
// Exit code 1 if an invariant is broken; the last line says how to play that world again.

const REPORT_EVERY = 500;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "1" },
    endless: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const first = Number(values.seed);
  const last = values.endless ? Number.POSITIVE_INFINITY : first + Number(values.count) - 1;
  const startedAtMs = performance.now();
  let eventCount = 0;
  let connectionCount = 0;
  for (let seed = first; seed <= last; seed += 1) {
    const result = await runSwarm(seed, values.trace);
    eventCount += result.eventCount;
    connectionCount += result.connectionCount;
    if (values.trace) for (const line of result.trace) console.log(line);
    if (result.violations.length > 0) {
      report(seed, result);
      return;
    }
    const isDue = (seed - first + 1) % REPORT_EVERY === 0 || seed === last;
    if (!isDue) continue;
    const perMinute = Math.round((eventCount / (performance.now() - startedAtMs)) * 60_000);
    // A trace alone has the same bytes each time.
    const tell = values.trace ? console.error : console.log;
    tell(
      `seeds ${first} to ${seed}: ${connectionCount} connections, ${eventCount} events, ` +
        `${(perMinute / 1_000_000).toFixed(1)} million events a minute, every invariant holds`,
    );
  }
}

function report(seed: number, { violations, outcomes }: SwarmResult): void {
  for (const violation of violations) console.error(violation);
  console.error(`outcomes ${JSON.stringify(outcomes)}`);
  console.error(`Play it again: npm run simulate:swarm -- --seed ${seed} --trace`);
  process.exitCode = 1;
}

await main();
