import { ipv4Text } from "./address-text.ts";
import {
  OWNERSHIPS,
  type Ownership,
  SOCKET_STATES,
  type SocketLine,
  type SocketState,
  type SocketVisitor,
  type VisitedSocket,
} from "./socket-line.ts";

// Counts a table while it is read: every socket by state and ownership, and those that wait for
// somebody's end by peer and, up to a limit, as lines of their own.

/** Between ESTABLISHED and gone, and held by somebody. TIME-WAIT is not: it ends by itself. */
export const HELD_STATES: readonly SocketState[] = [
  "fin-wait-1",
  "fin-wait-2",
  "closing",
  "close-wait",
  "last-ack",
];
/** Lines per state: 100 screens, and at five states some MB. The counts go on past it. */
export const ROW_LIMIT_PER_STATE = 2_000;
/** Peers times states. Past it, sockets are counted, but not by peer. */
export const PEER_LIMIT = 10_000;

export type OwnershipCounts = { readonly [O in Ownership]: number };
export type StateCounts = { readonly [S in SocketState]: OwnershipCounts };
type MutableCounts = { [O in Ownership]: number };

/** The sockets of one peer in one state. */
export interface PeerCounts {
  readonly state: SocketState;
  readonly peerAddress: string;
  readonly counts: OwnershipCounts;
}

export interface TallyOptions {
  /** Sockets that have this port on their own side. */
  readonly port?: number;
  readonly states?: readonly SocketState[];
  /**
   * A process's sockets, by their inodes; and what nobody owns at the ports where it listens. The
   * tables name listeners first.
   */
  readonly inodes?: ReadonlySet<number>;
}

export class SocketTally {
  readonly states: StateCounts;
  readonly rows: SocketLine[] = [];
  /** Of held states, sockets that have no line. */
  omittedRowCount = 0;
  /** Of held states, sockets that are missing in `peers`. */
  omittedPeerCount = 0;
  readonly visit: SocketVisitor = (socket) => this.#count(socket);
  readonly #options: TallyOptions;
  readonly #wanted: ReadonlySet<SocketState>;
  readonly #listeningPorts = new Set<number>();
  readonly #counts: { readonly [S in SocketState]: MutableCounts };
  readonly #rowCounts = new Map<SocketState, number>(HELD_STATES.map((state) => [state, 0]));
  readonly #peers: ReadonlyMap<SocketState, Map<number | string, MutableCounts>>;
  #peerCount = 0;

  constructor(options: TallyOptions = {}) {
    this.#options = options;
    this.#wanted = new Set(options.states ?? SOCKET_STATES);
    const entries = SOCKET_STATES.map((state) => [state, noCounts()]);
    // The cast says what the lists say: every state and every ownership has its entry.
    this.#counts = Object.fromEntries(entries) as { [S in SocketState]: MutableCounts };
    this.states = this.#counts;
    this.#peers = new Map(HELD_STATES.map((state) => [state, new Map()]));
  }

  get peers(): readonly PeerCounts[] {
    return [...this.#peers].flatMap(([state, byPeer]) =>
      [...byPeer].map(([key, counts]) => {
        return { state, peerAddress: typeof key === "number" ? ipv4Text(key) : key, counts };
      }),
    );
  }

  #count(socket: VisitedSocket): void {
    const { port, inodes } = this.#options;
    if (port !== undefined && socket.localPort !== port) return;
    if (inodes !== undefined && !this.#isOfProcess(socket, inodes)) return;
    const { state, ownership } = socket;
    if (!this.#wanted.has(state)) return;
    this.#counts[state][ownership]++;
    const byPeer = this.#peers.get(state);
    if (byPeer !== undefined) this.#countHeld(socket, byPeer);
  }

  #countHeld(socket: VisitedSocket, byPeer: Map<number | string, MutableCounts>): void {
    const key = socket.peerKey();
    let counts = byPeer.get(key);
    if (counts === undefined && this.#peerCount < PEER_LIMIT) {
      counts = noCounts();
      byPeer.set(key, counts);
      this.#peerCount++;
    }
    if (counts === undefined) this.omittedPeerCount++;
    else counts[socket.ownership]++;
    const rowCount = this.#rowCounts.get(socket.state) ?? 0;
    // A peer without counts has no lines either, so that lines never exceed counts.
    if (rowCount >= ROW_LIMIT_PER_STATE || counts === undefined) {
      this.omittedRowCount++;
      return;
    }
    this.#rowCounts.set(socket.state, rowCount + 1);
    this.rows.push(socket.toLine());
  }

  #isOfProcess(socket: VisitedSocket, inodes: ReadonlySet<number>): boolean {
    if (socket.inode === null) return false;
    if (socket.inode === 0) return this.#listeningPorts.has(socket.localPort);
    if (!inodes.has(socket.inode)) return false;
    if (socket.state === "listen") this.#listeningPorts.add(socket.localPort);
    return true;
  }
}

/** All of one state. */
export function sumOf(counts: OwnershipCounts): number {
  return OWNERSHIPS.reduce((sum, ownership) => sum + counts[ownership], 0);
}

const noCounts = (): MutableCounts => {
  return { owned: 0, orphaned: 0, "accept-queue": 0, unknown: 0 };
};
