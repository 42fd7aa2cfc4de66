import type { TcpState } from "./state.ts";

// How a connection ended, and how we know. One record per connection, whoever ended it.

/**
 * How a statement is known. `observed`: this process saw it happen. `inferred`: it follows from
 * what was seen, if the peer's TCP keeps to RFC 9293. `unknown`: nobody can say.
 */
export type Evidence = "observed" | "inferred" | "unknown";

/** A limit that ended a connection before the peer did. */
export type ClosingBound =
  | "linger-idle-time"
  | "linger-total-time"
  | "linger-bytes"
  | "linger-rate"
  | "linger-budget"
  | "fin-wait-2-time"
  | "unacknowledged-time"
  | "send-timeout"
  | "shutdown-deadline"
  /** The application destroyed the socket, as it may under `attach`. */
  | "socket-destroyed"
  | "mode-off"
  | "mode-so-linger"
  | "overload";

/** How the connection ended. */
export type EndingOutcome =
  /** Both directions were ended in order: every byte that the peer sent was read. */
  | { readonly type: "clean" }
  /**
   * The peer's TCP had acknowledged everything, our FIN included, and we released the socket before
   * its own FIN, as `releaseWhen: "acknowledged"` or pressure asks.
   */
  | { readonly type: "acknowledged" }
  /** We released the socket before the peer's FIN. The kernel finishes what is left. */
  | { readonly type: "abandoned"; readonly bound: ClosingBound }
  /** We sent RST. `bound` is `null` if a handler or a broken response asked for it. */
  | { readonly type: "reset-by-local"; readonly bound: ClosingBound | null }
  | { readonly type: "reset-by-peer" }
  /** No answer from the network: `code` is the runtime's, for example `ETIMEDOUT`. */
  | { readonly type: "network-failed"; readonly code: string };

/** Why the end began. */
export type CloseReason =
  | "peer-ended"
  | "peer-reset"
  | "network-failed"
  | "client-asked"
  | "handler-asked"
  | "request-limit"
  | "connection-age"
  | "persistence-off"
  | "client-rule"
  | "learned-client"
  | "body-unread"
  | "discard-exhausted"
  | "expectation-unmet"
  | "peer-protocol-error"
  | "request-timeout"
  | "idle-timeout"
  | "response-incomplete"
  | "send-timeout"
  | "server-shutdown"
  | "overload";

/** Time spent in each phase, in milliseconds. */
export interface PhaseDurations {
  readonly openMs: number;
  /** From the request to close until our FIN was with the kernel. */
  readonly flushingMs: number;
  readonly lingeringMs: number;
  /** After a bound of lingering, when nothing but this process could end FIN-WAIT-2 in time. */
  readonly heldMs: number;
}

/** The record that every connection leaves. */
export interface Ending {
  /** Counts from 1 within one server. */
  readonly connectionId: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly isTls: boolean;
  /** When the connection was accepted, in milliseconds since 1970. */
  readonly openedAtMs: number;
  readonly outcome: EndingOutcome;
  readonly reason: CloseReason;
  /** Which side's FIN or RST came first. `null`: the network failed before either. */
  readonly firstEnder: "local" | "peer" | null;
  /**
   * Over TLS the runtime does not tell a FIN from a close_notify. A FIN is `inferred` where the
   * kernel could not be asked: the runtime may report one when data and RST arrive together.
   */
  readonly peerEnd: {
    readonly type: "fin" | "fin-or-close-notify" | "reset" | "none";
    readonly evidence: Evidence;
  };
  /**
   * Did the peer's TCP acknowledge the last byte that we sent? `observed` where the kernel said so
   * (TCP_INFO), `inferred` where a FIN answered ours, else `unknown`.
   */
  readonly delivery: { readonly isAcknowledged: boolean | null; readonly evidence: Evidence };
  /** The state that our end of the connection was left in, as far as this process can tell. */
  readonly leftIn: { readonly state: TcpState; readonly evidence: Evidence };
  readonly requestCount: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Received and never given to a handler: unread bodies, requests behind the last response. */
  readonly discardedBytes: number;
  /** Still in this process when the socket was released, and so never sent. */
  readonly unsentBytes: number;
  readonly durations: PhaseDurations;
  /**
   * The product of the first request's User-Agent, for example `curl/8.5.0`; `null` without one.
   */
  readonly client: string | null;
}
