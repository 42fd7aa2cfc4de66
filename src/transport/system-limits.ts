import { readFileSync } from "node:fs";
import { linuxFinWait2Seconds } from "../tcp/linux-fin-timeout.ts";

// What the system sets to this process and to TCP, as far as a server must know it while it runs.
//
// Linux's /proc; elsewhere nothing is known, and said so. `observe/` reads more, for people.

/** Timers of the kernel fire up to an eighth late. */
const KERNEL_TIMER_SLACK = 9 / 8;

/**
 * How long the kernel keeps an orphan in FIN-WAIT-2 by itself at most, in milliseconds; Infinity if
 * that is not known.
 */
export function systemOrphanMs(): number {
  const seconds = Number(readText("/proc/sys/net/ipv4/tcp_fin_timeout"));
  if (!(seconds > 0)) return Number.POSITIVE_INFINITY;
  return linuxFinWait2Seconds(seconds) * 1_000 * KERNEL_TIMER_SLACK;
}

/** Pages of TCP buffers in use on this machine, and how many there may be; `null`: not known. */
export function readTcpMemory(): { usedCount: number; limitCount: number } | null {
  const used = /^TCP:.*\bmem (\d+)/m.exec(readText("/proc/net/sockstat"))?.[1];
  const limit = readText("/proc/sys/net/ipv4/tcp_mem").trim().split(/\s+/)[2];
  if (used === undefined || limit === undefined) return null;
  return { usedCount: Number(used), limitCount: Number(limit) };
}

/** How many descriptors this process may have; Infinity if that is not known. */
export function readDescriptorLimit(): number {
  const limit = /^Max open files\s+(\d+)/m.exec(readText("/proc/self/limits"))?.[1];
  return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
}

/** Empty where there is no such file: every caller has an answer for that. */
function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (error instanceof Error && "code" in error) return "";
    throw error;
  }
}
