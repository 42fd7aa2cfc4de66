// Question: how much CPU time does one request cost on a persistent connection, compared with nginx
// and node:http? Same 1 KB file, same connections, CPU time of the serving process from the kernel.
//
// All subjects run at once but only one is loaded at a time, in turns, so that what else the
// machine does falls on all of them; a ratio is taken within a round and the median over the
// rounds. nginx runs twice, because its configuration moves its figure by a factor of two.

import { describeEnvironment } from "./environment.ts";
import { checkResponse, type LoadOptions, runLoad } from "./load.ts";
import { readCpuMicroseconds } from "./proc.ts";
import { createSite } from "./site.ts";
import { formatTable, formatVerdict, median } from "./stats.ts";
import {
  type StartedSubject,
  type Subject,
  type SubjectName,
  startSubject,
  stopSubjects,
} from "./subjects.ts";

const SUBJECTS = ["finwait", "nginx", "nginx-tuned", "node:http"] as const;
const TARGETS = [
  { than: "nginx", limit: 1.1 },
  { than: "nginx-tuned", limit: 1.1 },
  { than: "node:http", limit: 0.8 },
] as const;

export interface KeepAliveOptions extends LoadOptions {
  readonly roundCount: number;
}

/** One subject's microseconds per request and requests per second, a value per round. */
interface Series {
  readonly subject: StartedSubject;
  readonly headerSectionBytes: number;
  readonly microseconds: number[];
  readonly rates: number[];
}

export async function runKeepAlive(options: KeepAliveOptions): Promise<void> {
  console.log(await describeEnvironment());
  const { generator, connectionCount, roundCount, seconds } = options;
  console.log(
    `load     ${generator}, ${connectionCount} connections, ${roundCount} rounds of ${seconds} s\n`,
  );
  const site = await createSite();
  const subjects: Subject[] = [];
  try {
    for (const name of SUBJECTS) subjects.push(await startSubject(name, site, "requests"));
    const all: Series[] = [];
    for (const subject of subjects) {
      if (subject.type === "skipped") {
        console.log(`${subject.name} is skipped: ${subject.reason}`);
        continue;
      }
      const headerSectionBytes = await checkResponse(subject);
      all.push({ subject, headerSectionBytes, microseconds: [], rates: [] });
    }
    await measure(all, options);
    report(all);
  } finally {
    await stopSubjects(subjects);
    await site.remove();
  }
}

async function measure(all: readonly Series[], options: KeepAliveOptions): Promise<void> {
  for (const { subject } of all) {
    console.log(`warm-up  ${subject.name}`);
    await runLoad(subject.port, options);
  }
  for (let round = 1; round <= options.roundCount; round += 1) {
    const cells: string[] = [];
    for (const series of all) {
      await measureRound(series, options);
      cells.push(`${series.subject.name} ${series.microseconds.at(-1)?.toFixed(2)}`);
    }
    console.log(`round ${round}  ${cells.join(", ")} µs/request`);
  }
}

async function measureRound(series: Series, options: KeepAliveOptions): Promise<void> {
  const { name, port, servingPid } = series.subject;
  const before = readCpuMicroseconds(servingPid);
  const { requestCount, errorCount } = await runLoad(port, options);
  const spent = readCpuMicroseconds(servingPid) - before;
  if (errorCount > 0 || requestCount === 0) {
    throw new Error(`Cannot measure ${name}: ${errorCount} errors in ${requestCount} requests`);
  }
  series.microseconds.push(spent / requestCount);
  series.rates.push(requestCount / options.seconds);
}

function report(all: readonly Series[]): void {
  const rows = [["subject", "µs/request", "lowest", "highest", "requests/s", "header bytes"]];
  for (const { subject, microseconds, rates, headerSectionBytes } of all) {
    rows.push([
      subject.name,
      median(microseconds).toFixed(2),
      Math.min(...microseconds).toFixed(2),
      Math.max(...microseconds).toFixed(2),
      median(rates).toFixed(0),
      `${headerSectionBytes}`,
    ]);
  }
  console.log(`\nCPU time of the serving process, user and system, median of the rounds\n`);
  console.log(`${formatTable(rows)}\n`);
  for (const { than, limit } of TARGETS) {
    const ratio = medianRatio(all, "finwait", than);
    const verdict =
      ratio === undefined
        ? "not measured"
        : formatVerdict(ratio, limit, (value) => value.toFixed(2));
    console.log(`finwait / ${than}: ${verdict}`);
  }
}

function medianRatio(
  all: readonly Series[],
  name: SubjectName,
  than: SubjectName,
): number | undefined {
  const over = all.find((series) => series.subject.name === name)?.microseconds;
  const under = all.find((series) => series.subject.name === than)?.microseconds;
  if (over === undefined || under === undefined) return undefined;
  return median(over.map((value, round) => value / (under[round] ?? Number.NaN)));
}
