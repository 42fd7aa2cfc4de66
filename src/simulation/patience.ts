import type { SendSide } from "./send-side.ts";
import type { SystemBehavior } from "./system-behavior.ts";

// When a system gives a peer up that does not answer, or that has no room.

export interface Silence {
  readonly send: SendSide;
  readonly nowMs: number;
  /** The handshake is not complete. */
  readonly isOpening: boolean;
  /** An application has the socket. */
  readonly isOwned: boolean;
  /** The peer's window is closed, and it is asked about that. */
  readonly isProbing: boolean;
}

/** What Linux counts with, whatever the time-out is (tcp_model_timeout). */
const LEAST_TIMEOUT_MS = 200;
const LONGEST_TIMEOUT_MS = 120_000;

export function isPatienceOver(silence: Silence, behavior: SystemBehavior): boolean {
  const { send, nowMs, isOpening, isOwned, isProbing } = silence;
  if (isOpening) return send.retryCount >= behavior.synRetryLimit;
  const limit = isOwned ? behavior.retryLimit : behavior.orphanRetryLimit;
  if (isProbing) {
    // RFC 1122 §4.2.2.17: as long as the peer answers, for ever. Linux excepts orphans, whose peer
    // could hold memory that way: tcp_probe_timer ends them once the pause is the longest.
    const mayEnd = !isOwned && behavior.closedWindowEndsOrphan;
    return send.probeCount >= limit || (mayEnd && send.rounds.isProbePauseLongest);
  }
  if (behavior.retriesAre === "counted") return send.retryCount >= limit;
  const waitedMs = nowMs - (send.waitingSinceMs ?? nowMs);
  return send.retryCount > 0 && waitedMs >= retriesMs(limit);
}

/** How long so many retransmissions take with the least time-out, and the wait behind the last. */
function retriesMs(limit: number): number {
  let sumMs = 0;
  for (let retry = 0; retry <= limit; retry += 1) {
    sumMs += Math.min(LONGEST_TIMEOUT_MS, LEAST_TIMEOUT_MS * 2 ** retry);
  }
  return sumMs;
}
