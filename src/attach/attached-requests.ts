import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type ClientIdentity, effectOf, UNKNOWN_CLIENT } from "../closing/client-book.ts";
import type { ClientEffect } from "../closing/client-rules.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import type { CloseReason } from "../tcp/ending.ts";
import type { AttachedContext } from "./attached-context.ts";
import { watchContinue, watchHead } from "./response-hooks.ts";
import { ResponseQueue } from "./response-queue.ts";

// The requests of one attached connection: which are not answered yet, and whether the connection
// persists behind the response to each. node:http writes the responses; what is decided here it
// learns from `shouldKeepAlive`, which makes it say `Connection: close`.

export class AttachedRequests {
  requestCount = 0;
  client: ClientIdentity = UNKNOWN_CLIENT;
  /** True if what there is of a response would look complete behind a FIN. */
  get isEndedByClose(): boolean {
    const response = this.#inFlight.first;
    if (response?.headersSent !== true || response.writableEnded) return false;
    return !response.chunkedEncoding && !response.hasHeader("content-length");
  }

  /** Why the connection ends behind the response that says so; `null`: none has. */
  closeReason: CloseReason | null = null;
  isShortLingerAsked = false;
  readonly #context: AttachedContext;
  readonly #socket: Socket;
  /** In the order in which they are sent. */
  readonly #inFlight = new ResponseQueue();
  /** The last one begun, until it has been received and answered. */
  #latest: IncomingMessage | null = null;
  /** What the socket had received when the last one began. */
  #bytesBefore = 0;
  #isContinueDue = false;
  /** node:http refuses a request without Host by an ordinary response (RFC 9112 §3.2). */
  #isHostRefused = false;
  #isLearnedBroken = false;

  constructor(context: AttachedContext, socket: Socket) {
    this.#context = context;
    this.#socket = socket;
  }

  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  /** The latest request, while some of it has not arrived. */
  get incomplete(): IncomingMessage | null {
    return this.#latest?.complete === false ? this.#latest : null;
  }

  /** The response to the request that is still arriving, if it is not over. */
  get incompleteResponse(): ServerResponse | null {
    return this.incomplete === null ? null : this.#inFlight.last;
  }

  /** True if every response that is due has been given whole, and is only on its way. */
  get isEveryResponseGiven(): boolean {
    return this.#inFlight.every((response) => response.writableEnded);
  }

  /** Why the connection ends behind the response that was the last to finish. */
  get reasonToEnd(): CloseReason {
    if (this.closeReason !== null) return this.closeReason;
    return this.#isHostRefused ? "peer-protocol-error" : "handler-asked";
  }

  begin(request: IncomingMessage, response: ServerResponse): void {
    this.requestCount += 1;
    this.#inFlight.add(response);
    this.#latest = request;
    this.#isContinueDue = false;
    const { headers } = request;
    if (this.requestCount === 1) this.#identify(headers["user-agent"]);
    const reason = this.#reasonAtStart(request, response);
    if (reason !== null) this.#closeBehind(response, reason);
    if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined) {
      this.#bytesBefore = this.#socket.bytesRead;
      watchHead(response);
    }
  }

  /** A request that is answered by whoever gets the socket. */
  beginUpgrade({ headers }: IncomingMessage): void {
    this.requestCount += 1;
    if (this.requestCount === 1) this.#identify(headers["user-agent"]);
  }

  expectContinue(): void {
    const response = this.#inFlight.last;
    if (response === null) return;
    this.#isContinueDue = true;
    watchContinue(response);
  }

  noteContinueSent(): void {
    this.#isContinueDue = false;
  }

  /** The head is about to go out: is the rest of the request worth waiting for? */
  decideAtHead(request: IncomingMessage, response: ServerResponse, policy: ClosePolicy): void {
    if (!response.shouldKeepAlive || request.complete || isClaimed(request)) return;
    // The client may now send the body or the next request: nobody could tell (RFC 9110 §10.1.1).
    if (this.#isContinueDue) this.#closeBehind(response, "expectation-unmet");
    else if (this.remainingBytes(request) > policy.discardLimitBytes) {
      this.#closeBehind(response, "body-unread");
    }
  }

  /** At least what is left of the body, and at most a read too much; 0 where only its end tells. */
  remainingBytes(request: IncomingMessage): number {
    const announcedBytes = Number(request.headers["content-length"] ?? 0);
    const receivedBytes = this.#socket.bytesRead - this.#bytesBefore;
    return Math.max(0, announcedBytes - receivedBytes);
  }

  /** A response that has not said anything about the connection yet is the last one. */
  announceClose(reason: CloseReason): void {
    this.#inFlight.forEach((response) => {
      if (!response.headersSent) this.#closeBehind(response, reason);
    });
  }

  finish(response: ServerResponse): void {
    this.#inFlight.remove(response);
    this.#isHostRefused = response.statusCode === 400 && isHostless(response.req);
    if (this.#inFlight.first === null && this.#latest?.complete === true) this.#latest = null;
  }

  /** Nothing of them is needed any more. */
  release(): void {
    this.#inFlight.clear();
    this.#latest = null;
  }

  #identify(userAgent: string | undefined): void {
    const { clients, clock } = this.#context;
    this.client = clients.identify(userAgent);
    const address = this.#socket.remoteAddress ?? "";
    this.#isLearnedBroken = !clients.mayPersist(this.client, address, clock.now());
  }

  #reasonAtStart(request: IncomingMessage, response: ServerResponse): CloseReason | null {
    const effect = this.#effectOn(request);
    if (effect?.shortLinger === true) this.isShortLingerAsked = true;
    if (effect?.http10 === true) response.useChunkedEncodingByDefault = false;
    if (effect?.persistence === "off" || effect?.http10 === true) return "client-rule";
    // node:http has looked at the version and at Connection already.
    if (!response.shouldKeepAlive) return "client-asked";
    if (this.#context.closeReason !== null) return this.#context.closeReason;
    if (this.#context.isServerClosed) return "server-shutdown";
    const { maxRequestsPerSocket } = this.#context.server;
    const isLimited = maxRequestsPerSocket !== null && maxRequestsPerSocket > 0;
    // node:http says `close` then, and leaves the closing to the client.
    if (isLimited && this.requestCount >= maxRequestsPerSocket) return "request-limit";
    return this.#isLearnedBroken ? "learned-client" : null;
  }

  #effectOn(request: IncomingMessage): ClientEffect | null {
    const { verdict } = this.client;
    if (verdict === null) return null;
    const fields = { has: (name: string): boolean => name in request.headers };
    return effectOf(verdict, { method: request.method ?? "", fields });
  }

  #closeBehind(response: ServerResponse, reason: CloseReason): void {
    response.shouldKeepAlive = false;
    this.closeReason = reason;
  }
}

/** True if somebody reads the body, so that what is left of it is wanted. */
export function isClaimed(request: IncomingMessage): boolean {
  return request.listenerCount("data") > 0 || request.listenerCount("readable") > 0;
}

function isHostless({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.host === undefined && httpVersion === "1.1";
}
