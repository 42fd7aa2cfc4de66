// Question: how many resident bytes does one more connection cost, idle or lingering?
//
// Bytes = (RSS holding the connections - RSS before them) / connections, in a fresh process each.
// "Before" is after warm-up requests over few connections: code is compiled and V8's young
// generation grown, but no memory of 9,500 earlier connections lies free, which would hide the
// cost. Both are the minimum over the settle time; no garbage collection is forced, so for both
// Node subjects the figure includes what opening left uncollected. nginx's preallocated table is
// not in.

import { Crowd, type CrowdKind } from "./crowd.ts";
import { pause } from "./deadline.ts";
import { describeEnvironment } from "./environment.ts";
import { chooseGenerator, type LoadGenerator, runLoad } from "./load.ts";
import { readOpenFileLimit, readResidentBytes } from "./proc.ts";
import { createSite, type Site } from "./site.ts";
import { formatTable, formatVerdict, median } from "./stats.ts";
import { type StartedSubject, type SubjectName, startSubject } from "./subjects.ts";

const CASES: readonly { readonly kind: CrowdKind; readonly name: SubjectName }[] = [
  { kind: "idle", name: "finwait" },
  { kind: "idle", name: "nginx" },
  { kind: "idle", name: "node:http" },
  { kind: "lingering", name: "finwait" },
  { kind: "lingering", name: "nginx" },
  { kind: "lingering", name: "node:http" },
];

const WARM_UP_SECONDS = 2;
const WARM_UP_CONNECTIONS = 64;
const POLL_INTERVAL_MS = 250;
/** Files a process needs besides the connections. */
const SPARE_FILES = 200;
const IDLE_RATIO_LIMIT = 0.5;
const LINGERING_LIMIT_BYTES = 5_000;

export interface MemoryOptions {
  readonly connectionCount: number;
  readonly roundCount: number;
  /** How long resident memory is watched for its minimum, before and with the connections. */
  readonly settleMs: number;
}

interface Series {
  readonly kind: CrowdKind;
  readonly name: SubjectName;
  readonly bytes: number[];
  /** nginx sends no FIN while it discards a declared body. */
  hasSentFin: boolean;
}

interface Outcome {
  readonly type: "measured" | "skipped";
  readonly text: string;
}

export async function runMemory(options: MemoryOptions): Promise<void> {
  const { connectionCount, roundCount, settleMs } = options;
  const fileLimit = readOpenFileLimit();
  if (connectionCount + SPARE_FILES > fileLimit) {
    throw new RangeError(
      `Cannot hold ${connectionCount} connections: the limit of open files is ${fileLimit}, ` +
        `expected at least ${connectionCount + SPARE_FILES}`,
    );
  }
  console.log(await describeEnvironment());
  console.log(
    `load     ${connectionCount} connections, ${roundCount} rounds, settle ${settleMs / 1000} s\n`,
  );
  const generator = await chooseGenerator(undefined);
  const site = await createSite();
  const skipped = new Set<SubjectName>();
  const all: Series[] = CASES.map((entry) => ({ ...entry, bytes: [], hasSentFin: false }));
  try {
    for (let round = 1; round <= roundCount; round += 1) {
      for (const series of all) {
        // A subject that appears half-way would be compared with the figures of other rounds.
        if (skipped.has(series.name)) continue;
        const outcome = await measure(series, site, generator, options);
        if (outcome.type === "skipped") skipped.add(series.name);
        console.log(`round ${round}  ${series.kind} ${series.name}: ${outcome.text}`);
      }
    }
  } finally {
    await site.remove();
  }
  report(all);
}

/** Measures one case in a fresh process and says how it went. */
async function measure(
  series: Series,
  site: Site,
  generator: LoadGenerator,
  options: MemoryOptions,
): Promise<Outcome> {
  const subject = await startSubject(series.name, site, "connections");
  if (subject.type === "skipped") {
    return { type: "skipped", text: `skipped, ${subject.reason}` };
  }
  try {
    await warmUp(subject, series.kind, generator);
    const before = await readSettledBytes(subject, options.settleMs);
    const crowd = await Crowd.open(series.kind, subject.port, options.connectionCount);
    try {
      const holding = await readSettledBytes(subject, options.settleMs);
      series.hasSentFin = await checkCrowd(crowd, series, options.connectionCount);
      const bytes = (holding - before) / options.connectionCount;
      series.bytes.push(bytes);
      const text = `${formatMegabytes(before)} before, ${formatMegabytes(holding)} with them`;
      return { type: "measured", text };
    } finally {
      await crowd.close();
    }
  } finally {
    await subject.stop();
  }
}

async function warmUp(
  { port }: StartedSubject,
  kind: CrowdKind,
  generator: LoadGenerator,
): Promise<void> {
  const connectionCount = WARM_UP_CONNECTIONS;
  await runLoad(port, { generator, connectionCount, seconds: WARM_UP_SECONDS });
  const crowd = await Crowd.open(kind, port, connectionCount);
  await crowd.close();
}

async function readSettledBytes({ servingPid }: StartedSubject, settleMs: number): Promise<number> {
  const endAtMs = performance.now() + settleMs;
  let lowest = readResidentBytes(servingPid);
  while (performance.now() < endAtMs) {
    await pause(POLL_INTERVAL_MS);
    lowest = Math.min(lowest, readResidentBytes(servingPid));
  }
  return lowest;
}

/** Checks that what was measured is what is claimed; returns whether the server half-closed. */
async function checkCrowd(
  crowd: Crowd,
  { kind, name }: Series,
  connectionCount: number,
): Promise<boolean> {
  const { openCount, finCount, status } = await crowd.count();
  const expectedStatus = kind === "idle" ? 200 : 405;
  const isHalfClosed = finCount === connectionCount;
  const isKindRight = kind === "idle" || name === "nginx" ? finCount === 0 : isHalfClosed;
  if (openCount !== connectionCount || status !== expectedStatus || !isKindRight) {
    throw new Error(
      `Cannot measure ${kind} ${name}: ${openCount} of ${connectionCount} connections are open, ` +
        `${finCount} were half-closed by the server, the last status was ${status}`,
    );
  }
  return isHalfClosed;
}

function report(all: readonly Series[]): void {
  const rows = [["case", "bytes/connection", "lowest", "highest", "server's FIN"]];
  for (const { kind, name, bytes, hasSentFin } of all) {
    if (bytes.length === 0) continue;
    const figures = [median(bytes), Math.min(...bytes), Math.max(...bytes)];
    rows.push([`${kind} ${name}`, ...figures.map((n) => n.toFixed(0)), hasSentFin ? "yes" : "no"]);
  }
  console.log(`\nResident bytes per connection, median of the rounds\n\n${formatTable(rows)}\n`);
  const ratio = (value: number) => value.toFixed(2);
  for (const kind of ["idle", "lingering"] as const) {
    const finwait = bytesOf(all, kind, "finwait");
    for (const than of ["node:http", "nginx"] as const) {
      const other = bytesOf(all, kind, than);
      const label = `${kind}: finwait / ${than}:`;
      if (finwait.length === 0 || other.length === 0) {
        console.log(`${label} not measured`);
        continue;
      }
      const value = median(finwait.map((bytes, round) => bytes / (other[round] ?? Number.NaN)));
      const hasTarget = kind === "idle" && than === "node:http";
      const verdict = hasTarget ? formatVerdict(value, IDLE_RATIO_LIMIT, ratio) : ratio(value);
      console.log(`${label} ${verdict}`);
    }
  }
  const lingering = bytesOf(all, "lingering", "finwait");
  const bytes = (value: number) => `${value.toFixed(0)} bytes`;
  console.log(
    `lingering: finwait: ${
      lingering.length === 0
        ? "not measured"
        : formatVerdict(median(lingering), LINGERING_LIMIT_BYTES, bytes)
    }`,
  );
}

function bytesOf(all: readonly Series[], kind: CrowdKind, name: SubjectName): readonly number[] {
  return all.find((series) => series.kind === kind && series.name === name)?.bytes ?? [];
}

function formatMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
