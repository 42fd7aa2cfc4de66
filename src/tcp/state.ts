// The states of a TCP connection, and how it leaves them when it ends. RFC 9293 §3.3.2, §3.6.
//
// Only the tear-down half of the diagram: nothing here opens connections.

/** In code lower case; prose writes FIN-WAIT-2. */
export type TcpState =
  | "established"
  | "fin-wait-1"
  | "fin-wait-2"
  | "closing"
  | "time-wait"
  | "close-wait"
  | "last-ack"
  | "closed";

/** What moves a connection towards its end, seen from the local side. */
export type TcpEvent = "send-fin" | "receive-fin" | "receive-ack-of-fin" | "reset" | "time-out";

type Row = { readonly [E in TcpEvent]: TcpState | "never" };

const TRANSITIONS: { readonly [S in TcpState]: Row } = {
  established: {
    "send-fin": "fin-wait-1",
    "receive-fin": "close-wait",
    "receive-ack-of-fin": "never",
    reset: "closed",
    "time-out": "closed",
  },
  "fin-wait-1": {
    "send-fin": "never",
    // Simultaneous close: both FINs crossed. A FIN that acknowledges ours comes as two events.
    "receive-fin": "closing",
    "receive-ack-of-fin": "fin-wait-2",
    reset: "closed",
    "time-out": "closed",
  },
  "fin-wait-2": {
    "send-fin": "never",
    "receive-fin": "time-wait",
    "receive-ack-of-fin": "never",
    reset: "closed",
    // The standard has no such timeout; this is the cell that the whole story is about.
    "time-out": "closed",
  },
  closing: {
    "send-fin": "never",
    "receive-fin": "never",
    "receive-ack-of-fin": "time-wait",
    reset: "closed",
    "time-out": "closed",
  },
  "time-wait": {
    "send-fin": "never",
    "receive-fin": "time-wait",
    "receive-ack-of-fin": "never",
    reset: "closed",
    "time-out": "closed",
  },
  "close-wait": {
    "send-fin": "last-ack",
    "receive-fin": "never",
    "receive-ack-of-fin": "never",
    reset: "closed",
    "time-out": "closed",
  },
  "last-ack": {
    "send-fin": "never",
    "receive-fin": "never",
    "receive-ack-of-fin": "closed",
    reset: "closed",
    "time-out": "closed",
  },
  closed: {
    "send-fin": "never",
    "receive-fin": "never",
    "receive-ack-of-fin": "never",
    reset: "closed",
    "time-out": "closed",
  },
};

/**
 * The state after `event`.
 *
 * @throws {RangeError} The event cannot happen in that state.
 */
export function nextTcpState(state: TcpState, event: TcpEvent): TcpState {
  const next = TRANSITIONS[state][event];
  if (next === "never") throw new RangeError(`Cannot apply ${event} to a connection in ${state}`);
  return next;
}
