import type { CloseReason } from "../tcp/ending.ts";

// What the connections of a server are doing at the moment of the question.
//
// Nothing is counted beforehand: a gauge that is maintained is a gauge that can be stale. The walk
// is bounded by `connectionLimit`.

/** What a connection is doing. */
export type ConnectionPhase =
  /** Between requests, or before the first one. */
  | "idle"
  /** A request has begun to arrive, and its response has not begun. */
  | "reading"
  /** From the end of a request, or the start of its response, until both are over. */
  | "responding"
  /** The response is over; the rest of its request is read, so that the connection persists. */
  | "discarding"
  /** The last response, and our FIN behind it, are on the way to the kernel. */
  | "flushing"
  /** Our FIN is out, and the peer's is not here. */
  | "lingering"
  /** Lingering is over, and only this process can end FIN-WAIT-2 in time. */
  | "held"
  /** The ending is reported, and the runtime has not let go of the socket. */
  | "releasing";

/** How many connections are in each phase. `handshaking`: TLS, before there is a connection. */
export type ConnectionPhaseCounts = Readonly<Record<ConnectionPhase | "handshaking", number>>;

/** One connection, as it is now. */
export interface ConnectionSnapshot {
  /** The `connectionId` of its ending. */
  readonly id: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly isTls: boolean;
  readonly phase: ConnectionPhase;
  /** Since it was accepted. */
  readonly ageMs: number;
  /** Since our FIN was handed to the kernel, `null` before. */
  readonly sinceFinMs: number | null;
  /** Why it is closing, `null` while it is not. */
  readonly reason: CloseReason | null;
  /** As in its ending: the product of the first request's User-Agent. */
  readonly client: string | null;
  /** Who is counted together with it among the learned clients. */
  readonly clientFamily: string;
  readonly requestCount: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly discardedBytes: number;
  /** Written, and still in this process. */
  readonly unsentBytes: number;
}

/** Which connections are asked for. */
export interface ConnectionQuery {
  /** Left out: all of them. */
  readonly phases?: readonly ConnectionPhase[];
  /** Most that are returned. @default 100 */
  readonly limit?: number;
}

/** What the walk needs of a connection. */
export interface SnapshotSource {
  readonly phase: ConnectionPhase;
  readonly openedAtMs: number;
  readonly finAtMs: number | null;
  snapshot(nowMs: number): ConnectionSnapshot;
}

const DEFAULT_QUERY_LIMIT = 100;

/** `socketCount` also has the TLS handshakes, of which there are no connections yet. */
export function countPhases(
  connections: ReadonlySet<SnapshotSource>,
  socketCount: number,
): ConnectionPhaseCounts {
  const counts: Record<keyof ConnectionPhaseCounts, number> = {
    handshaking: Math.max(0, socketCount - connections.size),
    idle: 0,
    reading: 0,
    responding: 0,
    discarding: 0,
    flushing: 0,
    lingering: 0,
    held: 0,
    releasing: 0,
  };
  for (const connection of connections) counts[connection.phase] += 1;
  return counts;
}

/**
 * Oldest first: by our FIN where it is out, by the accept otherwise.
 *
 * @throws {RangeError} `limit` is no count.
 */
export function selectConnections(
  connections: ReadonlySet<SnapshotSource>,
  query: ConnectionQuery,
  nowMs: number,
): readonly ConnectionSnapshot[] {
  const { phases, limit = DEFAULT_QUERY_LIMIT } = query;
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new RangeError(`Cannot use limit ${limit}: expected an integer from 0`);
  }
  const found = [...connections].filter(({ phase }) => phases?.includes(phase) ?? true);
  const sinceMs = (source: SnapshotSource): number => source.finAtMs ?? source.openedAtMs;
  found.sort((one, other) => sinceMs(one) - sinceMs(other));
  return found.slice(0, limit).map((source) => source.snapshot(nowMs));
}
