import type { MachineFiles } from "./machine-files.ts";
import { ProcNetTcpParser } from "./proc-net-tcp.ts";
import { type ProcessBounds, type ProcessView, readProcesses } from "./process-table.ts";
import type { SocketLine, SocketState, VisitedSocket } from "./socket-line.ts";

// What the doctor asks the socket table, and answers to it from /proc.
//
// The table has no ages: `oldestMs` is for an implementation that has watched for a while.

/** Sockets in one state that one process holds. */
export interface HeldSockets {
  /** null: the owner cannot be seen without root, or is in another container. */
  readonly pid: number | null;
  readonly command: string;
  readonly count: number;
  readonly oldestMs: number | null;
  readonly descriptorLimit: number | null;
}

export interface AcceptQueue {
  /** The address that is listened on. */
  readonly local: string;
  readonly waitingCount: number;
}

export interface PortUse {
  /** The address and port that the connections go to. */
  readonly peer: string;
  readonly portCount: number;
}

/** The port; the biggest comes first in both lists. */
export interface SocketCensus {
  closeWaitByProcess(): readonly HeldSockets[];
  /** Owned sockets only: they have no kernel timer. */
  finWait2ByOwner(): readonly HeldSockets[];
  /** FIN-WAIT-2 that no process has. */
  finWait2OrphanCount(): number;
  stateCounts(): Readonly<Partial<Record<SocketState, number>>>;
  fullestAcceptQueue(): AcceptQueue | null;
  /** Of the ports that the kernel chooses, those in use towards one peer. */
  busiestPeer(): PortUse | null;
  /** By its share of descriptors in use. */
  fullestProcess(): ProcessView | null;
  /** What could not be seen, as sentences. */
  gaps(): readonly string[];
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** What is looked at most; beyond it the census has a gap, and says so. */
export interface CensusBounds extends ProcessBounds {
  /** @default 1_000_000, 1.5 s of reading: ten times the largest table that was measured. */
  readonly socketLimit: number;
}

export const CENSUS_BOUNDS: CensusBounds = {
  socketLimit: 1_000_000,
  processLimit: 32_768,
  linkLimit: 500_000,
};

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
const HIDDEN = "(owner not visible)";

/** Counts the sockets of `files`; `ports` are those that the kernel chooses from. */
export function takeCensus(
  files: MachineFiles,
  ports: PortRange | null,
  bounds: CensusBounds = CENSUS_BOUNDS,
): SocketCensus {
  const tally = new Tally(ports);
  const gaps: string[] = [];
  if (files.platform === "linux") {
    for (const path of TABLES) {
      const text = files.readText(path);
      if (text === null) gaps.push(`${path} cannot be read`);
      else countLines(text, tally, bounds.socketLimit);
    }
    if (tally.socketCount >= bounds.socketLimit) {
      gaps.push(`only ${bounds.socketLimit} sockets were counted`);
    }
  } else {
    gaps.push(`the socket table is read on Linux only, and this is ${files.platform}`);
  }
  const inodes = new Set([...tally.closeWaitInodes, ...tally.finWait2Inodes]);
  const table =
    files.platform === "linux"
      ? readProcesses(files, inodes, bounds)
      : { processes: [], ownerByInode: new Map<number, ProcessView>(), gaps: [] };
  const held = (socketInodes: readonly number[]) => holders(socketInodes, table.ownerByInode);
  return {
    closeWaitByProcess: () => held(tally.closeWaitInodes),
    finWait2ByOwner: () => held(tally.finWait2Inodes),
    finWait2OrphanCount: () => tally.finWait2OrphanCount,
    stateCounts: () => tally.stateCounts,
    fullestAcceptQueue: () => tally.fullestAcceptQueue(),
    busiestPeer: () => tally.busiestPeer(),
    fullestProcess: () => fullest(table.processes),
    gaps: () => [...gaps, ...table.gaps],
  };
}

function countLines(text: string, tally: Tally, socketLimit: number): void {
  const parser = new ProcNetTcpParser((socket) => {
    if (tally.socketCount < socketLimit) tally.add(socket);
  });
  parser.receive(Buffer.from(text, "latin1"));
  parser.receiveEnd();
}

class Tally {
  readonly stateCounts: Partial<Record<SocketState, number>> = {};
  readonly closeWaitInodes: number[] = [];
  readonly finWait2Inodes: number[] = [];
  finWait2OrphanCount = 0;
  socketCount = 0;
  readonly #ports: PortRange | null;
  readonly #portsByPeer = new Map<string, Set<number>>();
  #queue: SocketLine | null = null;

  constructor(ports: PortRange | null) {
    this.#ports = ports;
  }

  add(socket: VisitedSocket): void {
    const { state, inode, ownership, localPort } = socket;
    this.socketCount++;
    this.stateCounts[state] = (this.stateCounts[state] ?? 0) + 1;
    if (state === "close-wait" && inode) this.closeWaitInodes.push(inode);
    if (state === "fin-wait-2" && inode) this.finWait2Inodes.push(inode);
    if (state === "fin-wait-2" && ownership === "orphaned") this.finWait2OrphanCount++;
    if (state === "listen") this.#addListener(socket.toLine());
    else if (this.#ports !== null && isWithin(localPort, this.#ports)) {
      const { peerAddress, peerPort } = socket.toLine();
      const peer = endpointText(peerAddress, peerPort);
      const ports = this.#portsByPeer.get(peer) ?? new Set();
      this.#portsByPeer.set(peer, ports.add(localPort));
    }
  }

  #addListener(line: SocketLine): void {
    const most = this.#queue?.receiveQueueBytes ?? -1;
    if (line.receiveQueueBytes > most) this.#queue = line;
  }

  fullestAcceptQueue(): AcceptQueue | null {
    if (this.#queue === null) return null;
    const { localAddress, localPort, receiveQueueBytes } = this.#queue;
    return { local: endpointText(localAddress, localPort), waitingCount: receiveQueueBytes };
  }

  busiestPeer(): PortUse | null {
    let busiest: PortUse | null = null;
    for (const [peer, ports] of this.#portsByPeer) {
      if (ports.size > (busiest?.portCount ?? 0)) busiest = { peer, portCount: ports.size };
    }
    return busiest;
  }
}

function endpointText(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

const isWithin = (port: number, { first, last }: PortRange): boolean =>
  port >= first && port <= last;

function holders(
  inodes: readonly number[],
  ownerByInode: ReadonlyMap<number, ProcessView>,
): HeldSockets[] {
  const counts = new Map<ProcessView | null, number>();
  for (const inode of inodes) {
    const owner = ownerByInode.get(inode) ?? null;
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return [...counts]
    .map(([owner, count]) => ({
      pid: owner?.pid ?? null,
      command: owner?.command ?? HIDDEN,
      count,
      oldestMs: null,
      descriptorLimit: owner?.descriptorLimit ?? null,
    }))
    .sort((one, other) => other.count - one.count || (one.pid ?? 0) - (other.pid ?? 0));
}

function fullest(processes: readonly ProcessView[]): ProcessView | null {
  let found: ProcessView | null = null;
  let foundShare = -1;
  for (const process of processes) {
    const { descriptorCount, descriptorLimit } = process;
    if (descriptorLimit === null || descriptorLimit === 0) continue;
    const share = descriptorCount / descriptorLimit;
    if (share <= foundShare) continue;
    found = process;
    foundShare = share;
  }
  return found;
}
