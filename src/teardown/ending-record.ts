import type { Ending, EndingOutcome, PhaseDurations } from "../tcp/ending.ts";
import { nextTcpState, type TcpState } from "../tcp/state.ts";
import type { TcpFacts } from "../transport/tcp-facts.ts";
import type { TransportEndpoint, TransportTls } from "../transport/transport.ts";
import type { FinishedEnd } from "./connection-end.ts";

// What the driver saw of a connection, turned into its Ending. Every statement carries how it is
// known.

/** Which connection it was. */
export interface EndedConnection {
  readonly id: number;
  readonly peer: TransportEndpoint;
  readonly tls: TransportTls | null;
}

/**
 * What the driver noted while the connection lived. Times are monotonic milliseconds, or `null`.
 * Write the fields of the end one by one: a spread before other fields costs 25 µs here.
 */
export interface ConnectionNotes extends FinishedEnd {
  readonly openedAtMs: number;
  readonly closeRequestedAtMs: number | null;
  readonly peerEndedAtMs: number | null;
  /** The time of day at the end, in milliseconds since 1970. */
  readonly wallEndedAtMs: number;
  readonly requestCount: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly unsentBytes: number;
  /** The first product of its User-Agent. */
  readonly client: string | null;
}

export function endingOf(connection: EndedConnection, notes: ConnectionNotes): Ending {
  const { outcome, reason } = notes;
  const isTls = connection.tls !== null;
  return {
    connectionId: connection.id,
    peerAddress: connection.peer.address,
    peerPort: connection.peer.port,
    isTls,
    openedAtMs: Math.round(notes.wallEndedAtMs - (notes.endedAtMs - notes.openedAtMs)),
    outcome,
    reason,
    firstEnder: firstEnder(notes, outcome),
    peerEnd: peerEnd(notes, isTls),
    delivery: delivery(notes),
    leftIn: leftIn(notes),
    requestCount: notes.requestCount,
    receivedBytes: notes.receivedBytes,
    sentBytes: notes.sentBytes,
    discardedBytes: notes.discardedBytes,
    unsentBytes: notes.unsentBytes,
    durations: durations(notes),
    client: notes.client,
  };
}

function firstEnder(notes: ConnectionNotes, outcome: EndingOutcome): "local" | "peer" | null {
  const { finAtMs, peerEndedAtMs } = notes;
  // A FIN that came before ours is noted as earlier, or leaves ours without a time of its own.
  if (peerEndedAtMs !== null && (finAtMs === null || peerEndedAtMs < finAtMs)) return "peer";
  if (finAtMs !== null) return "local";
  switch (outcome.type) {
    case "reset-by-peer":
      return "peer";
    case "network-failed":
      return null;
    default:
      return "local";
  }
}

/** A FIN is observed only where the kernel was asked whether it holds an RST instead. */
function peerEnd(notes: ConnectionNotes, isTls: boolean): Ending["peerEnd"] {
  if (notes.outcome.type === "reset-by-peer") return { type: "reset", evidence: "observed" };
  if (notes.peerEndedAtMs === null) return { type: "none", evidence: "observed" };
  const evidence = notes.facts === null ? "inferred" : "observed";
  return { type: isTls ? "fin-or-close-notify" : "fin", evidence };
}

/**
 * The kernel's word where there is one. Without it: a peer whose FIN follows ours has, as a rule,
 * read to our end first. It may also have crossed our FIN, so that is an inference.
 */
function delivery(notes: ConnectionNotes): Ending["delivery"] {
  const { outcome, facts, sentBytes, unsentBytes } = notes;
  if (sentBytes === 0) return { isAcknowledged: null, evidence: "unknown" };
  if (unsentBytes > 0) return { isAcknowledged: false, evidence: "observed" };
  if (facts !== null) {
    if (hasLastByte(facts)) return { isAcknowledged: true, evidence: "observed" };
    // What is still on its way when the socket is released may be acknowledged yet.
    return isDead(outcome)
      ? { isAcknowledged: false, evidence: "observed" }
      : { isAcknowledged: null, evidence: "unknown" };
  }
  const isAnswer = outcome.type === "clean" && firstEnder(notes, outcome) === "local";
  return isAnswer
    ? { isAcknowledged: true, evidence: "inferred" }
    : { isAcknowledged: null, evidence: "unknown" };
}

/**
 * Our FIN may still be on its way. Of a closed socket the kernel has forgotten what it never sent,
 * so only an acknowledged FIN says there that everything arrived.
 */
function hasLastByte(facts: TcpFacts): boolean {
  if (facts.isEverythingAcknowledged || facts.state === "closed") {
    return facts.isEverythingAcknowledged;
  }
  return facts.notSentBytes === 0 && facts.acknowledgedBytes >= facts.sentBytes;
}

/** True if the kernel sends nothing any more for this connection. */
function isDead({ type }: EndingOutcome): boolean {
  return type === "reset-by-peer" || type === "reset-by-local" || type === "network-failed";
}

/** The states in which releasing the socket changes nothing: the kernel goes on by itself. */
const LEFT_AS_IT_IS: ReadonlySet<TcpFacts["state"]> = new Set([
  "fin-wait-1",
  "fin-wait-2",
  "closing",
  "last-ack",
  "time-wait",
]);

/**
 * What the kernel said just before the release, or else what is known replayed on RFC 9293's
 * diagram, on which an acknowledgment of our FIN is never observed.
 */
function leftIn(notes: ConnectionNotes): Ending["leftIn"] {
  const { outcome, facts } = notes;
  if (outcome.type === "reset-by-peer" || outcome.type === "reset-by-local") {
    return { state: "closed", evidence: "observed" };
  }
  if (outcome.type === "network-failed") return { state: "closed", evidence: "unknown" };
  if (facts !== null && facts.state !== "other" && LEFT_AS_IT_IS.has(facts.state)) {
    return { state: facts.state, evidence: "observed" };
  }
  const isPeerFirst = firstEnder(notes, outcome) === "peer";
  let state: TcpState = nextTcpState("established", isPeerFirst ? "receive-fin" : "send-fin");
  if (isPeerFirst) return { state: nextTcpState(state, "send-fin"), evidence: "inferred" };
  if (outcome.type !== "clean") return { state, evidence: "unknown" };
  state = nextTcpState(state, "receive-ack-of-fin");
  return { state: nextTcpState(state, "receive-fin"), evidence: "inferred" };
}

function durations(notes: ConnectionNotes): PhaseDurations {
  const closeAtMs = notes.closeRequestedAtMs ?? notes.endedAtMs;
  const finAtMs = notes.finAtMs ?? notes.endedAtMs;
  const heldAtMs = notes.heldAtMs ?? notes.endedAtMs;
  return {
    openMs: round(closeAtMs - notes.openedAtMs),
    flushingMs: round(Math.max(0, finAtMs - closeAtMs)),
    lingeringMs: round(Math.max(0, heldAtMs - finAtMs)),
    heldMs: round(notes.endedAtMs - heldAtMs),
  };
}

/** Whole microseconds are all that a monotonic clock is good for. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}
