import type { CloseReason, ClosingBound, EndingOutcome, Evidence } from "../tcp/ending.ts";
import type { TcpState } from "../tcp/state.ts";

// Every value of the unions that an ending is made of, as lists: labels of metrics are counted by
// their place in them. The compiler sees to it that none is missing.

/** The keys of an object that the type checks to be complete. */
function keysOf<K extends string>(record: Readonly<Record<K, 0>>): readonly K[] {
  // Object.keys forgets that the record has no other keys.
  return Object.keys(record) as K[];
}

export const CLOSE_REASONS: readonly CloseReason[] = keysOf({
  "peer-ended": 0,
  "peer-reset": 0,
  "network-failed": 0,
  "client-asked": 0,
  "handler-asked": 0,
  "request-limit": 0,
  "connection-age": 0,
  "persistence-off": 0,
  "client-rule": 0,
  "learned-client": 0,
  "body-unread": 0,
  "discard-exhausted": 0,
  "expectation-unmet": 0,
  "peer-protocol-error": 0,
  "request-timeout": 0,
  "idle-timeout": 0,
  "response-incomplete": 0,
  "send-timeout": 0,
  "server-shutdown": 0,
  overload: 0,
});

export const OUTCOMES: readonly EndingOutcome["type"][] = keysOf({
  clean: 0,
  acknowledged: 0,
  abandoned: 0,
  "reset-by-local": 0,
  "reset-by-peer": 0,
  "network-failed": 0,
});

export const CLOSING_BOUNDS: readonly ClosingBound[] = keysOf({
  "linger-idle-time": 0,
  "linger-total-time": 0,
  "linger-bytes": 0,
  "linger-rate": 0,
  "linger-budget": 0,
  "fin-wait-2-time": 0,
  "unacknowledged-time": 0,
  "send-timeout": 0,
  "shutdown-deadline": 0,
  "socket-destroyed": 0,
  "mode-off": 0,
  "mode-so-linger": 0,
  overload: 0,
});

/** Who sent FIN or RST first; `none`: the network failed before either. */
export type FirstEnder = "local" | "peer" | "none";
export const FIRST_ENDERS: readonly FirstEnder[] = keysOf({ local: 0, peer: 0, none: 0 });

export type Acknowledged = "yes" | "no" | "unknown";
export const ACKNOWLEDGED: readonly Acknowledged[] = keysOf({ yes: 0, no: 0, unknown: 0 });

export const EVIDENCE: readonly Evidence[] = keysOf({ observed: 0, inferred: 0, unknown: 0 });

export const TCP_STATES: readonly TcpState[] = keysOf({
  established: 0,
  "fin-wait-1": 0,
  "fin-wait-2": 0,
  closing: 0,
  "time-wait": 0,
  "close-wait": 0,
  "last-ack": 0,
  closed: 0,
});
