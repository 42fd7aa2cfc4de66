import { latin1Bytes, latin1Text } from "../base/latin1.ts";
import type { CloseReason, Ending, EndingOutcome, PhaseDurations } from "../tcp/ending.ts";
import { nextTcpState, type TcpState } from "../tcp/state.ts";
import type { ConnectionFacts } from "./exchange.ts";

// What the driver saw of a connection, turned into its Ending. Every statement carries how it is
// known.

/**
 * What the driver noted while the connection lived. Times are monotonic milliseconds, or `null`.
 */
export interface ConnectionNotes {
  readonly openedAtMs: number;
  readonly closeRequestedAtMs: number | null;
  readonly finAtMs: number | null;
  readonly peerEndedAtMs: number | null;
  readonly endedAtMs: number;
  readonly wallOpenedAtMs: number;
  readonly requestCount: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly discardedBytes: number;
  readonly unsentBytes: number;
  /** As `clientProduct` gives it. */
  readonly client: string | null;
}

export function endingOf(
  connection: ConnectionFacts,
  notes: ConnectionNotes,
  outcome: EndingOutcome,
  reason: CloseReason,
): Ending {
  const isTls = connection.tls !== null;
  return {
    connectionId: connection.id,
    peerAddress: connection.peer.address,
    peerPort: connection.peer.port,
    isTls,
    openedAtMs: notes.wallOpenedAtMs,
    outcome,
    reason,
    firstEnder: firstEnder(notes, outcome),
    peerEnd: peerEnd(notes, outcome, isTls),
    delivery: delivery(notes, outcome),
    leftIn: leftIn(notes, outcome),
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

function peerEnd(
  notes: ConnectionNotes,
  outcome: EndingOutcome,
  isTls: boolean,
): Ending["peerEnd"] {
  if (outcome.type === "reset-by-peer") return "reset";
  if (notes.peerEndedAtMs === null) return "none";
  return isTls ? "fin-or-close-notify" : "fin";
}

/**
 * A peer whose FIN follows ours has, as a rule, read to our end first. It may also have crossed our
 * FIN, so this is an inference; without TCP_INFO nothing better is known.
 */
function delivery(notes: ConnectionNotes, outcome: EndingOutcome): Ending["delivery"] {
  const isAnswer = outcome.type === "clean" && firstEnder(notes, outcome) === "local";
  return isAnswer
    ? { isAcknowledged: true, evidence: "inferred" }
    : { isAcknowledged: null, evidence: "unknown" };
}

/** Replays what is known on RFC 9293's diagram. That our FIN was acknowledged is never observed. */
function leftIn(notes: ConnectionNotes, outcome: EndingOutcome): Ending["leftIn"] {
  if (outcome.type === "reset-by-peer" || outcome.type === "reset-by-local") {
    return { state: "closed", evidence: "observed" };
  }
  if (outcome.type === "network-failed") return { state: "closed", evidence: "unknown" };
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
  return {
    openMs: round(closeAtMs - notes.openedAtMs),
    flushingMs: round(Math.max(0, finAtMs - closeAtMs)),
    lingeringMs: round(Math.max(0, notes.endedAtMs - finAtMs)),
  };
}

/** Whole microseconds are all that a monotonic clock is good for. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}

/** The first product of a User-Agent (RFC 9110 §10.1.5), bounded, as logs and tables use it. */
export function clientProduct(userAgent: string | undefined): string | null {
  if (userAgent === undefined) return null;
  const end = userAgent.search(/[ (]/);
  const product = userAgent.slice(0, Math.min(end < 0 ? userAgent.length : end, PRODUCT_LIMIT));
  // A slice would keep the whole header section in memory for as long as the connection lives.
  const bytes = latin1Bytes(product);
  return latin1Text(bytes, 0, bytes.byteLength);
}

const PRODUCT_LIMIT = 80;
