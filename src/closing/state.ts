import type { CloseReason, ClosingBound, EndingOutcome } from "../tcp/ending.ts";

// The closing state machine: one connection, from its first byte until it is gone.
//
// Everything that changes `ClosingState` lives here. This file knows no sockets, no clock, no HTTP:
// the driver turns the outside world into inputs, and `engine.ts` adds bounds and derives actions.

export type ClosingState =
  | { readonly phase: "open"; readonly peerEnded: boolean }
  /** The response is complete, the request is not: its rest is read so that the next can follow. */
  | {
      readonly phase: "discarding";
      readonly peerEnded: boolean;
      readonly discardedBytes: number;
    }
  /** The last response is still in our send buffer, and our FIN waits behind it. */
  | {
      readonly phase: "flushing";
      readonly reason: CloseReason;
      readonly peerEnded: boolean;
      readonly discardedBytes: number;
    }
  /** Our FIN is out. We read and discard, so that unread bytes do not turn the close into RST. */
  | { readonly phase: "lingering"; readonly reason: CloseReason; readonly discardedBytes: number }
  /** A bound of lingering is reached, and nobody but us would end FIN-WAIT-2 in time. */
  | {
      readonly phase: "held";
      readonly reason: CloseReason;
      readonly bound: ClosingBound;
      readonly discardedBytes: number;
    }
  | {
      readonly phase: "closed";
      readonly reason: CloseReason;
      readonly outcome: EndingOutcome;
      readonly discardedBytes: number;
    };

export type ClosingInput =
  /** The response ended before the request did. */
  | { readonly type: "discard-started"; readonly discardedBytes: number }
  /** The request ended within the discard limits: the connection goes on. */
  | { readonly type: "discard-finished" }
  | { readonly type: "discard-exhausted" }
  | { readonly type: "close-requested"; readonly reason: CloseReason }
  /** Everything we wrote, and our FIN, is with the kernel. */
  | { readonly type: "flushed" }
  | { readonly type: "peer-data"; readonly byteLength: number }
  | { readonly type: "peer-fin" }
  | { readonly type: "peer-reset" }
  | { readonly type: "network-failed"; readonly code: string }
  /** The peer's TCP has acknowledged everything, our FIN included. */
  | { readonly type: "acknowledged" }
  /** A limit of lingering is used up, and releasing the socket would break another. */
  | { readonly type: "hold-started"; readonly bound: ClosingBound }
  /** A limit is used up: the socket is released without the peer's FIN. */
  | { readonly type: "bound-reached"; readonly bound: ClosingBound }
  | {
      readonly type: "reset-requested";
      readonly reason: CloseReason;
      readonly bound: ClosingBound | null;
    };

export type ClosingPhase = ClosingState["phase"];
export type ClosingInputType = ClosingInput["type"];
type Step<P extends ClosingPhase, T extends ClosingInputType> = (
  state: Extract<ClosingState, { phase: P }>,
  input: Extract<ClosingInput, { type: T }>,
) => ClosingState;

/** "stay": legal, changes nothing. "never": only a bug in the driver can produce it. */
type Cell<P extends ClosingPhase, T extends ClosingInputType> = Step<P, T> | "stay" | "never";

type Table = { readonly [P in ClosingPhase]: { readonly [T in ClosingInputType]: Cell<P, T> } };

/** The states that carry nothing of their own, shared by every connection in them. */
export const OPEN: ClosingState = Object.freeze({ phase: "open", peerEnded: false });
const OPEN_PEER_ENDED: ClosingState = Object.freeze({ phase: "open", peerEnded: true });

function closed(
  outcome: EndingOutcome,
  reason: CloseReason,
  state: { readonly discardedBytes: number } = NOTHING_DISCARDED,
): ClosingState {
  return { phase: "closed", reason, outcome, discardedBytes: state.discardedBytes };
}

const NOTHING_DISCARDED = { discardedBytes: 0 };
const CLEAN: EndingOutcome = { type: "clean" };
const ACKNOWLEDGED: EndingOutcome = { type: "acknowledged" };
const RESET_BY_PEER: EndingOutcome = { type: "reset-by-peer" };

/** A bound names its own reason where the end had not begun before. */
function reasonOf(bound: ClosingBound): CloseReason {
  switch (bound) {
    case "send-timeout":
      return "send-timeout";
    case "shutdown-deadline":
      return "server-shutdown";
    case "socket-destroyed":
      return "handler-asked";
    case "overload":
      return "overload";
    default:
      return "body-unread";
  }
}

// One row per phase, one cell per input. The mapped type makes a missing cell a compile error.
export const TRANSITIONS: Table = {
  open: {
    // A FIN may be here already, behind the rest of the request that we hold ourselves.
    "discard-started": ({ peerEnded }, { discardedBytes }) => ({
      phase: "discarding",
      peerEnded,
      discardedBytes,
    }),
    "discard-finished": "never",
    "discard-exhausted": "never",
    "close-requested": ({ peerEnded }, { reason }) => ({
      phase: "flushing",
      reason,
      peerEnded,
      discardedBytes: 0,
    }),
    flushed: "never",
    "peer-data": "stay",
    // A peer may half-close and still wait for our response (RFC 9293 §3.6.1). Remember that: the
    // FIN arrives once, and nobody repeats it for us when we start lingering.
    "peer-fin": () => OPEN_PEER_ENDED,
    "peer-reset": () => closed(RESET_BY_PEER, "peer-reset"),
    "network-failed": (_, { code }) => closed({ type: "network-failed", code }, "network-failed"),
    acknowledged: "never",
    "hold-started": "never",
    "bound-reached": (_, { bound }) => closed({ type: "abandoned", bound }, reasonOf(bound)),
    "reset-requested": (_, { reason, bound }) => closed({ type: "reset-by-local", bound }, reason),
  },
  discarding: {
    "discard-started": "never",
    "discard-finished": ({ peerEnded }) => (peerEnded ? OPEN_PEER_ENDED : OPEN),
    "discard-exhausted": ({ peerEnded, discardedBytes }) => ({
      phase: "flushing",
      reason: "discard-exhausted",
      peerEnded,
      discardedBytes,
    }),
    "close-requested": ({ peerEnded, discardedBytes }, { reason }) => ({
      phase: "flushing",
      reason,
      peerEnded,
      discardedBytes,
    }),
    flushed: "never",
    "peer-data": (state, { byteLength }) => ({
      phase: "discarding",
      peerEnded: state.peerEnded,
      discardedBytes: state.discardedBytes + byteLength,
    }),
    // The request ends incomplete. Its answer is out, so there is nothing left to say but our FIN.
    "peer-fin": ({ discardedBytes }) => ({
      phase: "flushing",
      reason: "peer-ended",
      peerEnded: true,
      discardedBytes,
    }),
    "peer-reset": (state) => closed(RESET_BY_PEER, "peer-reset", state),
    "network-failed": (state, { code }) =>
      closed({ type: "network-failed", code }, "network-failed", state),
    acknowledged: "never",
    "hold-started": "never",
    "bound-reached": (state, { bound }) =>
      closed({ type: "abandoned", bound }, reasonOf(bound), state),
    "reset-requested": (state, { reason, bound }) =>
      closed({ type: "reset-by-local", bound }, reason, state),
  },
  flushing: {
    "discard-started": "never",
    "discard-finished": "never",
    "discard-exhausted": "never",
    // The first reason wins: a later one would hide why we started.
    "close-requested": "stay",
    flushed: (state) =>
      state.peerEnded
        ? closed(CLEAN, state.reason, state)
        : { phase: "lingering", reason: state.reason, discardedBytes: state.discardedBytes },
    "peer-data": (state, { byteLength }) => ({
      ...state,
      discardedBytes: state.discardedBytes + byteLength,
    }),
    "peer-fin": (state) => ({ ...state, peerEnded: true }),
    "peer-reset": (state) => closed(RESET_BY_PEER, state.reason, state),
    "network-failed": (state, { code }) =>
      closed({ type: "network-failed", code }, state.reason, state),
    acknowledged: "never",
    "hold-started": "never",
    "bound-reached": (state, { bound }) =>
      closed({ type: "abandoned", bound }, state.reason, state),
    "reset-requested": (state, { bound }) =>
      closed({ type: "reset-by-local", bound }, state.reason, state),
  },
  lingering: {
    "discard-started": "never",
    "discard-finished": "never",
    "discard-exhausted": "never",
    "close-requested": "stay",
    flushed: "never",
    "peer-data": (state, { byteLength }) => ({
      phase: "lingering",
      reason: state.reason,
      discardedBytes: state.discardedBytes + byteLength,
    }),
    "peer-fin": (state) => closed(CLEAN, state.reason, state),
    "peer-reset": (state) => closed(RESET_BY_PEER, state.reason, state),
    "network-failed": (state, { code }) =>
      closed({ type: "network-failed", code }, state.reason, state),
    acknowledged: (state) => closed(ACKNOWLEDGED, state.reason, state),
    "hold-started": ({ reason, discardedBytes }, { bound }) => ({
      phase: "held",
      reason,
      bound,
      discardedBytes,
    }),
    "bound-reached": (state, { bound }) =>
      closed({ type: "abandoned", bound }, state.reason, state),
    "reset-requested": (state, { bound }) =>
      closed({ type: "reset-by-local", bound }, state.reason, state),
  },
  held: {
    "discard-started": "never",
    "discard-finished": "never",
    "discard-exhausted": "never",
    "close-requested": "stay",
    flushed: "never",
    "peer-data": (state, { byteLength }) => ({
      ...state,
      discardedBytes: state.discardedBytes + byteLength,
    }),
    "peer-fin": (state) => closed(CLEAN, state.reason, state),
    "peer-reset": (state) => closed(RESET_BY_PEER, state.reason, state),
    "network-failed": (state, { code }) =>
      closed({ type: "network-failed", code }, state.reason, state),
    acknowledged: (state) => closed(ACKNOWLEDGED, state.reason, state),
    "hold-started": "never",
    "bound-reached": (state, { bound }) =>
      closed({ type: "abandoned", bound }, state.reason, state),
    "reset-requested": (state, { bound }) =>
      closed({ type: "reset-by-local", bound }, state.reason, state),
  },
  closed: {
    "discard-started": "never",
    "discard-finished": "never",
    "discard-exhausted": "never",
    "close-requested": "stay",
    flushed: "never",
    "peer-data": "never",
    "peer-fin": "never",
    // A released socket may still report what became of it. The ending is written already.
    "peer-reset": "stay",
    "network-failed": "stay",
    // Polled from the kernel, never for a socket that we have released.
    acknowledged: "never",
    "hold-started": "never",
    "bound-reached": "stay",
    "reset-requested": "stay",
  },
};

/** Applies one input. Pure: the same state and input always give the same result. */
export function step(state: ClosingState, input: ClosingInput): ClosingState {
  // TypeScript cannot correlate the two keys of a nested lookup; this cast is the only one here.
  const cell = TRANSITIONS[state.phase][input.type] as Cell<ClosingPhase, ClosingInputType>;
  if (cell === "never") {
    throw new RangeError(`Cannot apply ${input.type} to a connection that is ${state.phase}`);
  }
  return cell === "stay" ? state : cell(state as never, input as never);
}
