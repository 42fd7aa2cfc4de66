import type { TcpState } from "../tcp/state.ts";

// One socket of the kernel's table, in the words that every source is translated to.
//
// Whether a process still holds a socket does not stand in any table: it follows from the inode and
// the state, and where a source has no inodes it is unknown.

/** The states of RFC 9293 §3.3.2, the opening ones included. */
export type SocketState = TcpState | "listen" | "syn-sent" | "syn-received";

/** In the order in which a connection passes through them. */
export const SOCKET_STATES: readonly SocketState[] = [
  "listen",
  "syn-sent",
  "syn-received",
  "established",
  "fin-wait-1",
  "fin-wait-2",
  "closing",
  "time-wait",
  "close-wait",
  "last-ack",
  "closed",
];

/**
 * - `"owned"`: a process has a descriptor of it, and so the kernel has no time limit for it.
 * - `"orphaned"`: the kernel's alone, until a timer of the kernel ends it.
 * - `"accept-queue"`: a listener's, and no process has accepted it yet.
 */
export type Ownership = "owned" | "orphaned" | "accept-queue" | "unknown";

export const OWNERSHIPS: readonly Ownership[] = ["owned", "orphaned", "accept-queue", "unknown"];

/** `"keepalive"` is also the timer of an orphan in FIN-WAIT-2 that is a full socket. */
export type TimerKind = "none" | "retransmit" | "keepalive" | "time-wait" | "probe" | "unknown";

/** What is `null` is not told by the source. */
export interface SocketLine {
  readonly state: SocketState;
  /** Canonical text; IPv4 within IPv6 is IPv4. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  /** Sent and not acknowledged, or not sent yet. */
  readonly sendQueueBytes: number;
  /** Received and not read. Of a listener on Linux: connections that wait to be accepted. */
  readonly receiveQueueBytes: number;
  readonly timer: TimerKind;
  readonly timerLeftMs: number | null;
  readonly uid: number | null;
  /** 0: the socket has none. */
  readonly inode: number | null;
  readonly ownership: Ownership;
}

/**
 * A socket while a table is read. It is the same object for the next one, so that 100,000 sockets
 * are not 100,000 objects: whoever wants to keep it takes its line.
 */
export interface VisitedSocket {
  readonly state: SocketState;
  readonly ownership: Ownership;
  readonly localPort: number;
  readonly inode: number | null;
  /** The peer's address as a number for IPv4, as text for IPv6: both are good keys of a map. */
  peerKey(): number | string;
  toLine(): SocketLine;
}

export type SocketVisitor = (socket: VisitedSocket) => void;

/** The kernel's numbers of the states (include/net/tcp_states.h), from 1. */
const STATES_BY_CODE: readonly (SocketState | undefined)[] = [
  undefined,
  "established",
  "syn-sent",
  "syn-received",
  "fin-wait-1",
  "fin-wait-2",
  "time-wait",
  "closed",
  "close-wait",
  "last-ack",
  "listen",
  "closing",
  // A connection that is being opened, before it is a full socket.
  "syn-received",
];

/** `undefined`: a state that this file does not know. */
export function stateOfCode(code: number): SocketState | undefined {
  return STATES_BY_CODE[code];
}

/** One bit per state, as sock_diag takes them. */
export function stateMask(states: readonly SocketState[]): number {
  return STATES_BY_CODE.reduce(
    (mask, state, code) =>
      state !== undefined && states.includes(state) ? mask | (1 << code) : mask,
    0,
  );
}

const TIMERS: readonly TimerKind[] = ["none", "retransmit", "keepalive", "time-wait", "probe"];

export function timerOfCode(code: number): TimerKind {
  return TIMERS[code] ?? "unknown";
}

// Without an inode no process has it. Our FIN is sent by a process that had it, so in the states
// behind that FIN it was let go; before it, nobody has accepted the connection yet.
const WITHOUT_INODE: { readonly [S in SocketState]: Ownership } = {
  listen: "unknown",
  "syn-sent": "unknown",
  "syn-received": "accept-queue",
  established: "accept-queue",
  "close-wait": "accept-queue",
  "fin-wait-1": "orphaned",
  "fin-wait-2": "orphaned",
  closing: "orphaned",
  "time-wait": "orphaned",
  "last-ack": "orphaned",
  closed: "unknown",
};

/** The rule of Linux, whose tables have inodes. */
export function ownershipOf(state: SocketState, inode: number): Ownership {
  return inode === 0 ? WITHOUT_INODE[state] : "owned";
}
