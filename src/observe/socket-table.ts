import { readNetstat } from "./netstat.ts";
import { readProcNet } from "./proc-net-file.ts";
import { loadNetlink, readSockDiag } from "./sock-diag.ts";
import { SOCKET_STATES, type SocketLine, type SocketState } from "./socket-line.ts";
import { socketInodesOf } from "./socket-owners.ts";
import { type PeerCounts, SocketTally, type StateCounts, sumOf } from "./socket-tally.ts";

// A snapshot of the kernel's TCP sockets, from the best source that this system has.
//
// Nothing in it is guessed: what a source does not tell is named in `unknown`.

export const SNAPSHOT_SOURCES = ["sock-diag", "proc", "netstat"] as const;
export type SnapshotSource = (typeof SNAPSHOT_SOURCES)[number];

export interface SnapshotOptions {
  /** Only sockets that have this port on their own side. */
  readonly port?: number;
  /** Only the sockets of this process, and what nobody owns at the ports where it listens. */
  readonly pid?: number;
  /** @default all of them */
  readonly states?: readonly SocketState[];
  /**
   * `"auto"`: sock_diag where native calls are possible, /proc on every other Linux, netstat
   * elsewhere. Anything else is that source or a failure.
   *
   * @default "auto"
   */
  readonly source?: SnapshotSource | "auto";
}

export interface SocketSnapshot {
  readonly type: "taken";
  readonly source: SnapshotSource;
  readonly tookMs: number;
  readonly socketCount: number;
  readonly states: StateCounts;
  /** Lines of the states FIN-WAIT-1, FIN-WAIT-2, CLOSING, CLOSE-WAIT and LAST-ACK, with a limit. */
  readonly rows: readonly SocketLine[];
  /** Sockets of those states that are counted and have no line. */
  readonly omittedRowCount: number;
  /** The same states by peer, all of them, up to a limit of peers. */
  readonly peers: readonly PeerCounts[];
  readonly omittedPeerCount: number;
  /** What this snapshot cannot say, in sentences. */
  readonly unknown: readonly string[];
}

export type SnapshotResult = SocketSnapshot | { readonly type: "failed"; readonly reason: string };

type Reading =
  | { readonly type: "read"; readonly tally: SocketTally; readonly unknown: readonly string[] }
  | { readonly type: "failed"; readonly reason: string };

type Reader = (newTally: () => SocketTally, states: readonly SocketState[]) => Promise<Reading>;

const READERS: { readonly [S in SnapshotSource]: Reader } = {
  "sock-diag": readBySockDiag,
  proc: readByProc,
  netstat: readByNetstat,
};

/** Reads the table once. Never rejects: what the system refuses is a reason. */
export async function takeSnapshot(options: SnapshotOptions = {}): Promise<SnapshotResult> {
  const { port, pid, states = SOCKET_STATES, source = "auto" } = options;
  const startedAtMs = performance.now();
  const inodes = pid === undefined ? undefined : socketInodesOf(pid);
  if (inodes === null) {
    return { type: "failed", reason: `process ${pid} is gone, or not yours to look into` };
  }
  const newTally = (): SocketTally =>
    new SocketTally({
      states,
      ...(port === undefined ? {} : { port }),
      ...(inodes === undefined ? {} : { inodes }),
    });
  // Listeners tell where the sockets without an owner belong, so they are always read.
  const readStates: readonly SocketState[] =
    inodes === undefined || states.includes("listen") ? states : [...states, "listen"];
  const reasons: string[] = [];
  for (const candidate of candidates(source)) {
    const reading = await READERS[candidate](newTally, readStates);
    if (reading.type === "failed") {
      reasons.push(`${candidate}: ${reading.reason}`);
      continue;
    }
    if (candidate === "netstat" && inodes !== undefined) {
      return { type: "failed", reason: "netstat does not tell which process has a socket" };
    }
    return snapshotOf(candidate, reading, reasons, performance.now() - startedAtMs);
  }
  return { type: "failed", reason: reasons.join("; ") };
}

function candidates(source: SnapshotSource | "auto"): readonly SnapshotSource[] {
  if (source !== "auto") return [source];
  return process.platform === "linux" ? SNAPSHOT_SOURCES : ["netstat"];
}

function snapshotOf(
  source: SnapshotSource,
  { tally, unknown }: Extract<Reading, { type: "read" }>,
  reasons: readonly string[],
  tookMs: number,
): SocketSnapshot {
  const { states, rows, omittedRowCount, peers, omittedPeerCount } = tally;
  const socketCount = SOCKET_STATES.reduce((sum, state) => sum + sumOf(states[state]), 0);
  return {
    type: "taken",
    source,
    tookMs,
    socketCount,
    states,
    rows,
    omittedRowCount,
    peers,
    omittedPeerCount,
    unknown: [...reasons, ...unknown],
  };
}

async function readBySockDiag(
  newTally: () => SocketTally,
  states: readonly SocketState[],
): Promise<Reading> {
  const netlink = await loadNetlink();
  if (netlink.type === "absent") return { type: "failed", reason: netlink.reason };
  let tally = newTally();
  const newVisitor = () => {
    tally = newTally();
    return tally.visit;
  };
  const result = await readSockDiag(netlink.open, states, newVisitor);
  if (result.type === "failed") return result;
  const unknown = result.isWhole ? [] : ["the table changed too fast to be read in one piece"];
  return { type: "read", tally, unknown };
}

async function readByProc(newTally: () => SocketTally): Promise<Reading> {
  const tally = newTally();
  const result = await readProcNet(tally.visit);
  if (result.type === "failed") return result;
  const unknown = malformed(result.malformedCount, "/proc/net/tcp");
  if (!result.isWhole) unknown.push("there was no time to read the table to its end");
  return { type: "read", tally, unknown };
}

async function readByNetstat(newTally: () => SocketTally): Promise<Reading> {
  const tally = newTally();
  const result = await readNetstat(tally.visit);
  if (result.type === "failed") return result;
  const unknown = malformed(result.malformedCount, "netstat");
  unknown.push("netstat tells neither owners nor timers");
  return { type: "read", tally, unknown };
}

function malformed(count: number, where: string): string[] {
  return count === 0 ? [] : [`${count} lines of ${where} are in a format that is not known here`];
}
