import type { LearnedClient } from "../closing/learned-clients.ts";
import { addressPrefix } from "../tcp/address.ts";
import type { ConnectionSnapshot } from "../teardown/connection-snapshot.ts";

// Whose clients leave our FIN unanswered: those that do it now, and those that have done it.

/** Clients of one family in one network. */
export interface SilentClients {
  readonly family: string;
  readonly prefix: string;
  /** Connections of theirs in which our FIN waits for an answer now. */
  readonly lingeringCount: number;
  /** Age of the oldest of these, since our FIN. */
  readonly longestMs: number;
  /** As learned: weighted by age, so these have fractions. */
  readonly unansweredCount: number;
  readonly answeredCount: number;
  readonly isBroken: boolean;
}

/** The worst first: by what they hold now, then by what was learned. At most `limit`. */
export function silentClients(
  lingering: readonly ConnectionSnapshot[],
  learned: readonly LearnedClient[],
  limit: number,
): readonly SilentClients[] {
  const found = new Map<string, SilentClients>();
  for (const { family, prefix, unansweredCount, answeredCount, isBroken } of learned) {
    const known = { unansweredCount, answeredCount, isBroken };
    if (unansweredCount === 0) continue;
    found.set(keyOf(family, prefix), {
      family,
      prefix,
      lingeringCount: 0,
      longestMs: 0,
      ...known,
    });
  }
  for (const { clientFamily: family, peerAddress, sinceFinMs } of lingering) {
    const prefix = addressPrefix(peerAddress);
    const key = keyOf(family, prefix);
    const before = found.get(key) ?? newcomer(family, prefix);
    found.set(key, {
      ...before,
      lingeringCount: before.lingeringCount + 1,
      longestMs: Math.max(before.longestMs, sinceFinMs ?? 0),
    });
  }
  return [...found.values()]
    .sort(
      (one, other) =>
        other.lingeringCount - one.lingeringCount ||
        other.unansweredCount - one.unansweredCount ||
        (keyOf(one.family, one.prefix) < keyOf(other.family, other.prefix) ? -1 : 1),
    )
    .slice(0, limit);
}

function newcomer(family: string, prefix: string): SilentClients {
  const counts = { lingeringCount: 0, longestMs: 0, unansweredCount: 0, answeredCount: 0 };
  return { family, prefix, ...counts, isBroken: false };
}

/** A prefix has no space. */
const keyOf = (family: string, prefix: string): string => `${prefix} ${family}`;
