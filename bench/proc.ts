// What Linux says about one process: CPU time, resident bytes, children, limits. See proc(5).

import { readFileSync } from "node:fs";

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
