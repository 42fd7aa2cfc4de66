// Question: how long does one snapshot of 100,000 sockets take, compared with `ss -tanH`?
//
// The sockets are made in a network namespace of their own, which disturbs nobody and is gone with
// its process. ss is timed with its start, and with its output thrown away; ours is the function
// that `finwait top` calls, in a process that runs already.

import { fileURLToPath } from "node:url";
import { describeEnvironment } from "./environment.ts";
import { readCommand, startProcess } from "./processes.ts";
import type { SnapshotTimes } from "./snapshot-process.ts";
import { formatTable, formatVerdict, median } from "./stats.ts";

const PROCESS = fileURLToPath(new URL("./snapshot-process.ts", import.meta.url));
const PROCESS_TIMEOUT_MS = 170_000;
const TARGETS = { sockDiag: 0.5, proc: 1.5 } as const;
const MB = 1_048_576;

export interface SnapshotOptions {
  readonly socketCount: number;
  readonly roundCount: number;
}

export async function runSnapshot(options: SnapshotOptions): Promise<void> {
  console.log(await describeEnvironment());
  const missing = await missingReason();
  if (missing !== null) {
    console.log(`snapshot is skipped: ${missing}`);
    return;
  }
  report(await measureInNamespace(options));
}

async function missingReason(): Promise<string | null> {
  if (process.platform !== "linux") return `needs Linux, and this is ${process.platform}`;
  if ((await readCommand("ss", ["-V"])) === undefined) return "needs ss (iproute2)";
  const probe = await readCommand("unshare", ["--net", "ip", "link", "set", "lo", "up"]);
  return probe === undefined ? "needs unshare, ip and the right to make a namespace" : null;
}

async function measureInNamespace(options: SnapshotOptions): Promise<SnapshotTimes> {
  const { socketCount, roundCount } = options;
  // As many files as the system gives; the process says how many that were.
  const limit = Math.ceil(socketCount / 3) + 1_000;
  const script = `ip link set lo up; ulimit -n ${limit} 2>/dev/null; exec "$0" --import tsx "$@"`;
  const node = [process.execPath, PROCESS, `${socketCount}`, `${roundCount}`];
  const started = await startProcess("unshare", ["--net", "sh", "-c", script, ...node]);
  try {
    const [, json = ""] = await started.waitForOutput(/^RESULT (.*)$/m, PROCESS_TIMEOUT_MS);
    return JSON.parse(json) as SnapshotTimes;
  } finally {
    await started.stop();
  }
}

function report(times: SnapshotTimes): void {
  const [before, after] = times.socketCounts;
  const states = Object.entries(times.stateCounts).map(([state, count]) => `${count} ${state}`);
  console.log(`sockets  ${before} before, ${after} after: ${states.join(", ")}`);
  if (times.note !== "") console.log(`note     ${times.note}`);
  const rows = [["method", "ms", "lowest", "highest", "of ss", "blocks the loop"]];
  const ratioOf = (ours: readonly number[]): number =>
    median(ours.map((value, round) => value / (times.ss[round] ?? Number.NaN)));
  const row = (name: string, values: readonly number[], blockedMs: string): string[] => [
    name,
    median(values).toFixed(0),
    Math.min(...values).toFixed(0),
    Math.max(...values).toFixed(0),
    ratioOf(values).toFixed(2),
    blockedMs,
  ];
  const { blockedMs } = times;
  rows.push(row("ss -tanH", times.ss, "-"));
  rows.push(row("sock_diag", times.sockDiag, `${median(blockedMs.sockDiag).toFixed(0)} ms`));
  rows.push(row("/proc/net/tcp", times.proc, `${median(blockedMs.proc).toFixed(0)} ms`));
  console.log(`\nWall time of one snapshot, median of the rounds\n\n${formatTable(rows)}\n`);
  console.log(`memory   ${(times.heldBytes / MB).toFixed(0)} MB more while snapshots are taken`);
  for (const [name, limit] of Object.entries(TARGETS) as ["sockDiag" | "proc", number][]) {
    const verdict = formatVerdict(ratioOf(times[name]), limit, (value) => value.toFixed(2));
    console.log(`${name === "proc" ? "/proc" : "sock_diag"} / ss: ${verdict}`);
  }
}
