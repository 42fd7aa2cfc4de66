// What Linux says about one process: CPU time, resident bytes, children, limits. See proc(5).

import { readdirSync, readFileSync } from "node:fs";

// /proc/PID/stat counts in USER_HZ, which is 100 on every architecture that Node runs on, whatever
// the kernel's own HZ is.
const MICROSECONDS_PER_TICK = 10_000;

/** User and system time of all threads of a process since it started, in microseconds. */
export function readCpuMicroseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The second field is the command in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const userTicks = Number(fields[11]);
  const systemTicks = Number(fields[12]);
  if (!Number.isSafeInteger(userTicks + systemTicks)) {
    throw new Error(`Cannot read the CPU time of process ${pid}: unexpected format of its stat`);
  }
  return (userTicks + systemTicks) * MICROSECONDS_PER_TICK;
}

/**
 * As {@link readCpuMicroseconds}, but exact, which turns of less than a second need: the sum over
 * the threads that run, so the time of one that has ended is missing. Node's threads do not end.
 */
export function readThreadMicroseconds(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1");
      nanoseconds += Number(text.split(" ")[0]);
    } catch (cause) {
      // A kernel without CONFIG_SCHED_INFO has ticks only.
      if (hasCode(cause, "ENOENT")) return readCpuMicroseconds(pid);
      throw cause;
    }
  }
  return nanoseconds / 1_000;
}

/** The CPU of the highest number that this process may use. */
export function readLastAllowedCpu(): number {
  const status = readFileSync("/proc/self/status", "latin1");
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1] ?? "";
  const last = /(\d+)$/.exec(list)?.[1];
  if (last === undefined) throw new Error(`Cannot read the allowed CPUs: ${JSON.stringify(list)}`);
  return Number(last);
}

/** TIME-WAIT sockets of this network namespace, and how many the kernel had no room for. */
export function readTimeWait(): { readonly count: number; readonly overflowCount: number } {
  const sockets = readFileSync("/proc/net/sockstat", "latin1");
  const [names = "", values = ""] = readFileSync("/proc/net/netstat", "latin1")
    .split("\n")
    .filter((line) => line.startsWith("TcpExt:"));
  const index = names.split(" ").indexOf("TCPTimeWaitOverflow");
  return {
    count: Number(/^TCP:.* tw (\d+)/m.exec(sockets)?.[1] ?? Number.NaN),
    overflowCount: Number(values.split(" ")[index] ?? Number.NaN),
  };
}

/**
 * Resident bytes of a process, from smaps_rollup, which walks the page tables. VmRSS in status is
 * only the fallback, because the kernel updates that counter in batches per thread.
 */
export function readResidentBytes(pid: number): number {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
  } catch (cause) {
    if (!hasCode(cause, "ENOENT")) throw cause;
    text = readFileSync(`/proc/${pid}/status`, "latin1");
  }
  const match = /^(?:Rss|VmRSS):\s+(\d+) kB$/m.exec(text);
  if (match === null) throw new Error(`Cannot read the resident bytes of process ${pid}`);
  return Number(match[1]) * 1024;
}

/** Direct children of a process, oldest first. */
export function readChildren(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** How many files, and so sockets, a process that this one starts may open. */
export function readOpenFileLimit(): number {
  const limits = readFileSync("/proc/self/limits", "latin1");
  const match = /^Max open files\s+(\d+|unlimited)/m.exec(limits);
  if (match === null || match[1] === "unlimited") return Number.POSITIVE_INFINITY;
  return Number(match[1]);
}

function hasCode(value: unknown, code: string): boolean {
  return value instanceof Error && "code" in value && value.code === code;
}
