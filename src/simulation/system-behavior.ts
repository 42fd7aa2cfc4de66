import { finWait2TimeoutMs } from "../tcp/system-catalogue.ts";
import type { SystemProfile } from "../tcp/system-profile.ts";
import type { TimerKind } from "./kernel-timer.ts";
import type { RetryTimes } from "./round-trips.ts";

// What the TCP of a host does, as far as it matters for endings. Times in milliseconds.

export interface SystemBehavior {
  /** FIN-WAIT-2 of a socket that the application still has. Infinity: no time limit. */
  readonly finWait2OwnedMs: number;
  readonly finWait2OrphanMs: number;
  /** If close() came before the FIN was acknowledged; `null`: the same. */
  readonly finWait2ClosedEarlyMs: number | null;
  readonly timeWaitMs: number;
  /** What an RST does to data that nobody has read yet. */
  readonly receivedOnReset: "kept" | "discarded";
  /** close() with unread input sends RST, and forgets what was not sent yet. */
  readonly resetsUnreadOnClose: boolean;
  readonly sendBufferBytes: number;
  readonly receiveBufferBytes: number;
  readonly timers: TimerKind;
  readonly retryTimes: RetryTimes;
  /** "timed": the limits stand for the time that so many take with the least time-out. */
  readonly retriesAre: "counted" | "timed";
  /** An orphan is given up whose peer keeps its window closed, and answers. */
  readonly closedWindowEndsOrphan: boolean;
  /** Retransmissions, without an answer, of data; of an orphan; of a SYN. */
  readonly retryLimit: number;
  readonly orphanRetryLimit: number;
  readonly synRetryLimit: number;
  readonly memory: ConnectionMemory;
  /** Bytes for the state of all connections. */
  readonly memoryLimitBytes: number;
  readonly onMemoryFull: "refuse" | "drop" | "crash";
  /** Orphans that still send; beyond, close() sends RST. */
  readonly orphanLimit: number;
}

/** Bytes of the kernel for one connection, without what its buffers hold. */
export interface ConnectionMemory {
  /** A socket that an application has. */
  readonly ownedBytes: number;
  /** A connection whose handshake is not complete. */
  readonly openingBytes: number;
  /** A socket that nobody has, and that still sends. */
  readonly orphanBytes: number;
  /** FIN-WAIT-2 that nobody has. */
  readonly finWait2Bytes: number;
  readonly timeWaitBytes: number;
}

/** Linux of today. Memory and limits measured; retries are the kernel's defaults. */
export const LINUX: SystemBehavior = {
  finWait2OwnedMs: Number.POSITIVE_INFINITY,
  finWait2OrphanMs: 60_000,
  finWait2ClosedEarlyMs: null,
  timeWaitMs: 60_000,
  receivedOnReset: "kept",
  resetsUnreadOnClose: true,
  sendBufferBytes: 262_144,
  receiveBufferBytes: 131_072,
  timers: "wheel",
  retryTimes: {
    initialMs: 1_000,
    leastMs: 200,
    leastMarginMs: 200,
    longestMs: 120_000,
    unitMs: 4,
    leastProbeMs: 200,
    longestProbeMs: 120_000,
  },
  retriesAre: "timed",
  closedWindowEndsOrphan: true,
  retryLimit: 15,
  orphanRetryLimit: 8,
  synRetryLimit: 6,
  memory: {
    ownedBytes: 3_584,
    openingBytes: 320,
    orphanBytes: 2_368,
    finWait2Bytes: 256,
    timeWaitBytes: 256,
  },
  memoryLimitBytes: Number.POSITIVE_INFINITY,
  onMemoryFull: "drop",
  orphanLimit: 131_072,
};

/**
 * 4.4BSD and what came from it. A connection is an inpcb, a tcpcb and a socket, which together
 * filled some mbufs of 128 bytes; buffers of 16 KB; times from netinet/tcp_timer.h. Source: Wright
 * and Stevens, TCP/IP Illustrated vol. 2, 1995, chapters 2, 16, 24, 25.
 */
const BSD: Omit<SystemBehavior, "finWait2OwnedMs" | "finWait2OrphanMs" | "timeWaitMs"> = {
  finWait2ClosedEarlyMs: null,
  receivedOnReset: "kept",
  // Only data that arrives after close() is answered with RST there.
  resetsUnreadOnClose: false,
  sendBufferBytes: 16_384,
  receiveBufferBytes: 16_384,
  timers: "ticks",
  retryTimes: {
    initialMs: 6_000,
    leastMs: 1_000,
    leastMarginMs: 0,
    longestMs: 64_000,
    unitMs: 500,
    leastProbeMs: 5_000,
    longestProbeMs: 60_000,
  },
  retriesAre: "counted",
  closedWindowEndsOrphan: false,
  retryLimit: 12,
  orphanRetryLimit: 12,
  synRetryLimit: 4,
  memory: {
    ownedBytes: 512,
    openingBytes: 512,
    orphanBytes: 512,
    finWait2Bytes: 512,
    timeWaitBytes: 512,
  },
  memoryLimitBytes: Number.POSITIVE_INFINITY,
  onMemoryFull: "drop",
  orphanLimit: Number.POSITIVE_INFINITY,
};

/**
 * The behavior of a system of the catalogue. Where the catalogue says "unknown", what stands here
 * is assumed: FIN-WAIT-2 as long as the standard allows, TIME-WAIT of 60 s, data kept on RST.
 */
export function behaviorOf(profile: SystemProfile): SystemBehavior {
  const base = profile.platform === "linux" ? LINUX : BSD;
  const { owned, orphan, closedEarly } = profile.finWait2;
  return {
    ...base,
    finWait2OwnedMs: finWait2TimeoutMs(owned) ?? Number.POSITIVE_INFINITY,
    finWait2OrphanMs: finWait2TimeoutMs(orphan) ?? Number.POSITIVE_INFINITY,
    finWait2ClosedEarlyMs: closedEarly === undefined ? null : finWait2TimeoutMs(closedEarly),
    timeWaitMs: profile.timeWaitMs === "unknown" ? 60_000 : profile.timeWaitMs,
    receivedOnReset: profile.receivedOnReset === "discarded" ? "discarded" : "kept",
    onMemoryFull: profile.memoryFull === "unknown" ? base.onMemoryFull : profile.memoryFull,
  };
}
