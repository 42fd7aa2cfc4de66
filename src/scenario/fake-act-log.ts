import type { Act, ProgramAct, RunWatcher, Side } from "./run-watcher.ts";
import type { Scenario, ScenarioServer, ScenarioVisitors } from "./scenario.ts";
import type { ScenarioResult } from "./scenario-result.ts";
import { ScenarioRun } from "./scenario-run.ts";

// Test support: a short run on a machine without limits, and what the programs at both ends did.

const SERVER: ScenarioServer = { system: "linux-6", memoryBytes: null, finWait2Ender: "process" };

export class ActLog implements RunWatcher {
  readonly acts: { readonly atMs: number; readonly side: Side; readonly act: Act }[] = [];
  /** When the last byte of a client arrived. */
  lastClientByteAtMs = 0;
  result: ScenarioResult | null = null;

  handleSegment(
    atMs: number,
    fate: string,
    segment: { from: { port: number }; bytes: Uint8Array },
  ) {
    const isClients = segment.from.port !== 80 && segment.bytes.byteLength > 0;
    if (fate === "handled" && isClients) this.lastClientByteAtMs = atMs;
  }

  handleMove(): void {
    // States are not looked at.
  }

  handleAct(atMs: number, { side, act }: ProgramAct): void {
    this.acts.push({ atMs, side, act });
  }

  /** The times of all such acts. */
  timesOf(side: Side, act: Act): number[] {
    return this.acts.filter((each) => each.side === side && each.act === act).map((e) => e.atMs);
  }

  /** @throws {Error} There was none. */
  lastTimeOf(side: Side, act: Act): number {
    const atMs = this.timesOf(side, act).at(-1);
    if (atMs === undefined) throw new Error(`The ${side} did no "${act}"`);
    return atMs;
  }
}

/** Plays one visitor of a kind. */
export async function actsOf(
  client: ScenarioVisitors["client"],
  server: Partial<ScenarioServer> = {},
  durationSeconds = 400,
): Promise<ActLog> {
  const scenario: Scenario = {
    title: "test",
    question: "test",
    server: { ...SERVER, ...server },
    visitors: [{ client, count: 1 }],
    durationSeconds,
    sampleSeconds: durationSeconds,
    seed: 1,
  };
  const log = new ActLog();
  const run = new ScenarioRun(scenario, log);
  while (!run.isOver) await run.advance();
  log.result = run.result();
  return log;
}
