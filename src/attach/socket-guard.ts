import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ClosePolicy } from "../closing/policy.ts";
import type { ClosingInput } from "../closing/state.ts";
import type { CloseReason, EndingOutcome } from "../tcp/ending.ts";
import type { Transport } from "../transport/transport.ts";
import type { AttachedContext } from "./attached-context.ts";
import { type AttachedRequests, isClaimed } from "./attached-requests.ts";
import {
  isBehindLastRequest,
  isOfTls,
  isReset,
  networkCodeOf,
  reasonOf,
  responseTo,
} from "./client-error.ts";
import { onRequestEnd } from "./input-hooks.ts";
import type { SocketOwner } from "./socket-hooks.ts";

// What node:http says of a connection, and what it, a framework or the application does to its
// socket: each of it either means the end of the connection, which then begins in order, or is let
// through.

/**
 * A half-closed client that still gets a response may have gone altogether. TCP asks it after this
 * silence, in milliseconds; a system that has forgotten the connection answers with RST.
 */
const HALF_CLOSED_PROBE_MS = 15_000;

/** What the guard needs of its connection. */
export interface GuardedConnection {
  readonly socket: Socket;
  readonly transport: Transport;
  readonly context: AttachedContext;
  readonly requests: AttachedRequests;
  readonly policy: ClosePolicy;
  /** Which of its connections the server is destroying right now. */
  readonly serverIsClosing: "idle" | "all" | null;
  readonly isOpen: boolean;
  readonly isEnded: boolean;
  readonly isFresh: boolean;
  readonly isDiscarding: boolean;
  readonly hasPeerEnded: boolean;
  /** Set when the socket is about to be destroyed by whoever asked for it. */
  isDestroying: boolean;
  /** `null`: the server's. */
  usePolicy(policy: ClosePolicy | null): void;
  apply(input: ClosingInput): void;
  requestClose(reason: CloseReason): void;
  hurry(): void;
  waitForFirstByte(): void;
  startDiscard(hasLength: boolean): void;
  watchClaimed(request: IncomingMessage): void;
  finishDiscard(): void;
  notePeerEnd(): void;
  takeInput(): void;
  noteUpgrade(): void;
  endUpgraded(failure: EndingOutcome | null): void;
}

export class SocketGuard implements SocketOwner {
  readonly connection: GuardedConnection;
  #isTimingOut = false;
  /** What the socket had been given when the application was told of an error. */
  #bytesBeforeTelling: number | null = null;
  #errorReason: CloseReason | null = null;
  /** Waits for the responses to the requests before it. */
  #heldError: { readonly error: Error; readonly tell: () => boolean } | null = null;
  #isUpgraded = false;

  constructor(connection: GuardedConnection) {
    this.connection = connection;
  }

  // --- Requests ---

  get hasRequests(): boolean {
    return this.connection.requests.requestCount > 0;
  }

  handleRequest(request: IncomingMessage, response: ServerResponse): void {
    const { connection } = this;
    if (connection.isDiscarding) connection.finishDiscard();
    connection.usePolicy(null);
    connection.requests.begin(request, response);
  }

  handleExpectation(): void {
    this.connection.requests.expectContinue();
  }

  handleContinueSent(): void {
    this.connection.requests.noteContinueSent();
  }

  handleHead(request: IncomingMessage, response: ServerResponse): void {
    this.connection.requests.decideAtHead(request, response, this.connection.policy);
  }

  handleResponseFinished(request: IncomingMessage, response: ServerResponse): void {
    const { connection } = this;
    const { context, requests } = connection;
    requests.finish(response);
    context.tally.finishedCount += 1;
    if (!connection.isOpen || requests.inFlightCount > 0) return;
    if (this.#heldError !== null) this.#answerError();
    else if (!request.complete && !isClaimed(request)) this.#discardRest(request);
    else if (connection.hasPeerEnded) connection.requestClose("peer-ended");
    else if (context.phase === "closing") connection.requestClose("server-shutdown");
    else if (!request.complete) connection.watchClaimed(request);
    else if (connection.policy !== context.policy) this.#leavePolicy();
  }

  /** The policy of a response is for the end behind it, which node:http begins in this turn. */
  #leavePolicy(): void {
    const { connection } = this;
    process.nextTick(() => {
      if (connection.isOpen && connection.requests.inFlightCount === 0) connection.usePolicy(null);
    });
  }

  #discardRest(request: IncomingMessage): void {
    const { connection } = this;
    const isDear =
      connection.requests.remainingBytes(request) > connection.policy.discardLimitBytes;
    if (isDear) {
      connection.requestClose(connection.requests.closeReason ?? "body-unread");
      return;
    }
    request.once("end", onRequestEnd);
    connection.startDiscard(request.headers["content-length"] !== undefined);
  }

  handleRequestEnd(): void {
    if (this.connection.isDiscarding) this.connection.finishDiscard();
  }

  // --- Trouble ---

  handleTimeout(): void {
    this.#isTimingOut = true;
    process.nextTick(() => {
      this.#isTimingOut = false;
    });
  }

  handleClientError(error: Error, tell: () => boolean): boolean {
    const { connection } = this;
    if (networkCodeOf(error) !== null && !connection.isEnded) return tell();
    // Behind our FIN every error is an ending like others.
    if (!connection.isOpen || this.#heldError !== null) return true;
    if (connection.socket.readableEnded) connection.notePeerEnd();
    if (!connection.isOpen) return true;
    if (isBehindLastRequest(error)) {
      connection.takeInput();
      return true;
    }
    const { requests } = connection;
    // The complete response is the answer: a second one would be taken for the next request's.
    if (requests.inFlightCount === 0 && requests.incomplete !== null) {
      connection.requestClose(reasonOf(error));
      return true;
    }
    return this.#handleRequestError(error, tell);
  }

  #handleRequestError(error: Error, tell: () => boolean): boolean {
    const { connection } = this;
    const { incompleteResponse, inFlightCount, isEveryResponseGiven } = connection.requests;
    if (incompleteResponse?.headersSent === true) {
      // Too late to say so. What is given whole is sent; what has only begun is cut off, as before.
      if (!isEveryResponseGiven) return tell();
      connection.requestClose(reasonOf(error));
      return true;
    }
    this.#heldError = { error, tell };
    const isWaiting = inFlightCount > (incompleteResponse === null ? 0 : 1);
    if (isWaiting) connection.takeInput();
    else this.#answerError();
    return true;
  }

  /** The application's own listener answers, or else what node:http would say. */
  #answerError(): void {
    if (this.#heldError === null) return;
    const { connection } = this;
    const { error, tell } = this.#heldError;
    this.#heldError = null;
    this.#errorReason = reasonOf(error);
    this.#bytesBeforeTelling = connection.socket.bytesWritten;
    const isHeard = tell();
    this.#bytesBeforeTelling = null;
    if (isHeard || !connection.isOpen) return;
    // Where nothing was asked nothing is answered: 408 would belong to a request that crosses it.
    if (!hasBeenSilent(connection.socket)) connection.socket.write(responseTo(error));
    connection.requestClose(this.#errorReason);
  }

  handleUpgrade(request: IncomingMessage): void {
    this.#isUpgraded = true;
    this.connection.requests.beginUpgrade(request);
    this.connection.noteUpgrade();
  }

  // --- What somebody does to the socket ---

  handleDestroySoon(): boolean {
    const { connection } = this;
    // Everything that is given goes out before the FIN, so a response that is not over has to wait.
    if (this.#isUpgraded || connection.isEnded) return false;
    if (connection.isOpen && !connection.requests.isEveryResponseGiven) return false;
    connection.requestClose(connection.requests.reasonToEnd);
    return true;
  }

  handleEnd(isBare: boolean): boolean {
    const { connection } = this;
    const { socket, context, requests } = connection;
    if (!connection.isOpen || this.#isUpgraded || !socket.readableEnded) return false;
    const isFirst = !connection.hasPeerEnded;
    connection.notePeerEnd();
    // node:http ends our side when the peer ends its own, with responses still to come.
    const isDeferred = isBare && isFirst && requests.inFlightCount > 0;
    if (!isDeferred || context.onHalfClose === "end") return false;
    // A socket of node:tls would end itself behind this event.
    socket.allowHalfOpen = true;
    socket.setKeepAlive(true, HALF_CLOSED_PROBE_MS);
    return true;
  }

  handleEnded(): void {
    const { connection } = this;
    if (!connection.isOpen || this.#isUpgraded) return;
    const ownReason = this.#errorReason ?? "handler-asked";
    connection.requestClose(connection.hasPeerEnded ? "peer-ended" : ownReason);
  }

  handleDestroy(error: Error | undefined): boolean {
    const { connection } = this;
    if (connection.isEnded) return false;
    const failure = this.#failureOf(error);
    if (this.#isUpgraded) {
      connection.isDestroying = true;
      connection.endUpgraded(failure);
      return false;
    }
    if (failure === null && connection.serverIsClosing !== "all" && this.#isSpared()) return true;
    if (failure === null && connection.requests.isEndedByClose) {
      connection.apply({ type: "reset-requested", reason: "response-incomplete", bound: null });
      return false;
    }
    connection.isDestroying = true;
    if (failure === null) connection.apply({ type: "bound-reached", bound: "socket-destroyed" });
    else if (failure.type === "network-failed") connection.apply(failure);
    else connection.apply({ type: "peer-reset" });
    return false;
  }

  #failureOf(error: Error | undefined): Failure | null {
    const failure = failureOf(error);
    if (failure === null || (failure.type === "network-failed" && isOfTls(failure.code))) {
      return failure;
    }
    // A proxy passes on the errors of other connections. They look the same, but this one lives.
    const state = this.connection.transport.tcpFacts()?.state;
    return state === undefined || state === "closed" ? failure : null;
  }

  /** True if the socket is not destroyed, because its end in order has begun instead. */
  #isSpared(): boolean {
    const { connection } = this;
    const { serverIsClosing: closing, context } = connection;
    if (!connection.isOpen) {
      // Somebody insists; a write that came too late, or the server, which means others.
      if (closing === null && context.onDestroyedResponse === "deliver") connection.hurry();
      return closing === "idle" || context.onDestroyedResponse === "deliver";
    }
    if (closing === "idle") {
      if (connection.isFresh && context.phase === "closing") connection.waitForFirstByte();
      else connection.requestClose("server-shutdown");
      return true;
    }
    const reason = this.#reasonToSpare();
    if (reason !== null) connection.requestClose(reason);
    return reason !== null;
  }

  #reasonToSpare(): CloseReason | null {
    const { socket, context, requests } = this.connection;
    const { inFlightCount, isEveryResponseGiven, incomplete } = requests;
    if (this.#bytesBeforeTelling !== null) {
      return socket.bytesWritten > this.#bytesBeforeTelling ? this.#errorReason : null;
    }
    if (this.#isTimingOut) return inFlightCount === 0 ? "idle-timeout" : null;
    if (context.onDestroyedResponse === "destroy") return null;
    // The response is over, or given and on its way; whoever destroys now is done with the rest.
    if (inFlightCount > 0 && isEveryResponseGiven) return "handler-asked";
    return inFlightCount === 0 && incomplete !== null ? "body-unread" : null;
  }
}

type Failure = Extract<EndingOutcome, { type: "reset-by-peer" | "network-failed" }>;

function failureOf(error: Error | undefined): Failure | null {
  const code = error === undefined ? null : networkCodeOf(error);
  if (error === undefined || code === null) return null;
  return isReset(error) ? { type: "reset-by-peer" } : { type: "network-failed", code };
}

/** Nothing has come from the client. Over TLS the handshake counts, and so it is never said. */
function hasBeenSilent({ bytesRead }: Socket): boolean {
  return bytesRead === 0;
}
