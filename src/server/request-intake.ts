import { type CloseOverrides, overrideClosePolicy } from "../closing/policy-parser.ts";
import { downgraded, type RequestHead } from "../http1/request-head.ts";
import type { ReaderEvent, RequestReader } from "../http1/request-reader.ts";
import { CONTINUE_BYTES } from "../http1/response-writer.ts";
import type { CloseReason } from "../tcp/ending.ts";
import { refusalBytes } from "./core-response.ts";
import type { AbortReason, ConnectionFacts } from "./exchange.ts";
import type { ExchangeDriver } from "./exchange-driver.ts";
import { exchangeRecordOf } from "./exchange-record.ts";
import { HttpExchange } from "./http-exchange.ts";
import type { IntakeHost } from "./intake-host.ts";
import { Outbox } from "./outbox.ts";
import { RequestBodyError } from "./request-body.ts";
import type { ServerContext } from "./server-context.ts";

// From received bytes to exchanges: reads requests, dispatches them one at a time, feeds their
// bodies.
//
// A connection has an intake only while there is something of a request, so an idle one costs
// nothing.

export class RequestIntake implements ExchangeDriver<HttpExchange> {
  /** Bytes received since the start of the body-rate window. */
  windowBytes = 0;
  readonly #host: IntakeHost;
  readonly #context: ServerContext;
  readonly #reader: RequestReader;
  readonly #outbox: Outbox;
  #exchange: HttpExchange | null = null;
  /** A client rule forbids persistence after the present request. */
  #isPersistenceRefused = false;
  #isProcessing = false;
  #isReleased = false;

  constructor(host: IntakeHost) {
    this.#host = host;
    this.#context = host.context;
    this.#reader = host.context.takeReader();
    this.#outbox = new Outbox(host);
  }

  get connection(): ConnectionFacts {
    return this.#host;
  }
  get date(): string {
    return this.#context.date.value;
  }
  get keepAlive(): string {
    return this.#context.keepAlive;
  }
  get isWritable(): boolean {
    const unsentBytes = this.#host.transport.unsentBytes + this.#outbox.heldBytes;
    return unsentBytes <= this.#context.limits.sendBufferLimitBytes;
  }

  /** True when nothing of any request is held: the intake can be let go. */
  get isEmpty(): boolean {
    return this.#exchange === null && this.#reader.isBetweenMessages && !this.#host.hasPeerEnded;
  }

  /** True from the end of a request, or the start of its response, until both are over. */
  get isResponding(): boolean {
    const exchange = this.#exchange;
    return exchange !== null && (exchange.isRequestComplete || exchange.isResponseStarted);
  }

  get hasExchange(): boolean {
    return this.#exchange !== null;
  }

  /** True while some of a request is here that has no answer. 101 is one. */
  get hasUnanswered(): boolean {
    return this.#exchange?.isUpgraded !== true;
  }

  /** Bytes received and not looked at. */
  get bufferedBytes(): number {
    return this.#reader.bufferedBytes;
  }

  /** True while bytes of a body are due from the peer and somebody takes them. */
  get isBodyDue(): boolean {
    const exchange = this.#exchange;
    if (exchange === null || exchange.isRequestComplete || exchange.isContinueDue) return false;
    return !exchange.isUpgraded && this.#mayReceiveBody(exchange);
  }

  /** True while reading on would only fill memory. */
  get shouldPause(): boolean {
    const exchange = this.#exchange;
    if (exchange !== null && !exchange.isRequestComplete) return !this.#mayReceiveBody(exchange);
    // Without an exchange the reader holds this much only while responses wait for the peer.
    const isWaiting = exchange !== null || !(this.#host.isDiscarding || this.mayDispatch());
    const { receiveBufferLimitBytes } = this.#context.limits;
    return isWaiting && this.#reader.bufferedBytes >= receiveBufferLimitBytes;
  }

  receive(bytes: Uint8Array): void {
    this.windowBytes += bytes.byteLength;
    this.#reader.receive(bytes);
    this.process();
  }

  receiveEnd(): void {
    this.#reader.receiveEnd();
    this.process();
  }

  receiveWritable(): void {
    this.#exchange?.receiveWritable();
    this.process();
  }

  /** Writes what is held, now that nothing will be joined to it. */
  flush(): void {
    this.#outbox.release();
  }

  /**
   * Writes what is held, and gives the reader back. A handler may still hold a body of this intake
   * and read what it has queued, which must not touch the reader any more.
   */
  release(): void {
    this.#isReleased = true;
    this.flush();
    this.#context.returnReader(this.#reader);
  }

  /** The connection is gone: whoever works on an exchange hears it. */
  cutOff(reason: AbortReason): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    if (exchange === null) return;
    const message = "Cannot read the request body: the connection is gone";
    exchange.cutOff(reason, new RequestBodyError("FINWAIT_BODY_BROKEN_OFF", message));
    this.#report(exchange);
  }

  process(): void {
    if (this.#isProcessing || this.#isReleased || !this.#host.isReading) return;
    this.#isProcessing = true;
    this.#outbox.hold();
    let isAdvancing = true;
    while (isAdvancing && this.#host.isReading) isAdvancing = this.#advance();
    this.#isProcessing = false;
    this.#outbox.release();
    if (this.#host.isReading) this.#host.settle();
  }

  /** False while responses to earlier requests wait for the peer. */
  mayDispatch(): boolean {
    const { pipelinedRequestLimit } = this.#context.limits;
    if (this.#host.inFlightCount >= pipelinedRequestLimit) this.#outbox.flush();
    return this.#host.inFlightCount < pipelinedRequestLimit && this.isWritable;
  }

  // --- What the exchange asks ---

  send(bytes: Uint8Array): boolean {
    this.#outbox.send(bytes);
    // Bytes that are only held back never make anyone wait: nobody would report them as gone.
    if (!this.#isProcessing) this.#host.noteSent();
    else if (!this.isWritable) this.#outbox.flush();
    return this.isWritable;
  }

  switchProtocols(exchange: HttpExchange): void {
    if (this.#exchange !== exchange) return;
    this.#reader.switchProtocols();
    this.process();
  }

  noteDiscarded(byteCount: number): void {
    this.#host.noteDiscarded(byteCount);
  }

  reportError(error: unknown): void {
    this.#context.observer.handleHandlerError(error);
  }

  decideClose(exchange: HttpExchange): CloseReason | null {
    if (exchange.wantsClose) return "handler-asked";
    if (this.#isPersistenceRefused) return "client-rule";
    if (!exchange.head.isPersistent) return "client-asked";
    const reason = this.#context.closeReason ?? this.#limitReached();
    if (reason !== null) return reason;
    if (!exchange.isRequestComplete) {
      // The client may now send the body or the next request: nobody could tell (RFC 9110 §10.1.1).
      if (exchange.isContinueDue && this.#reader.bufferedBytes === 0) return "expectation-unmet";
      const remainingBytes = this.#reader.remainingBodyBytes ?? 0;
      const isDear = remainingBytes > this.#host.policy.discardLimitBytes;
      if (exchange.body.isGivenUp && isDear) return "body-unread";
    }
    const isLast = this.#host.hasPeerEnded && this.#reader.bufferedBytes === 0;
    return isLast ? "peer-ended" : null;
  }

  #limitReached(): CloseReason | null {
    const { limits, clock } = this.#context;
    const { requestLimit, connectionAgeLimitMs } = limits;
    if (requestLimit > 0 && this.#host.requestCount >= requestLimit) return "request-limit";
    const isLimited = connectionAgeLimitMs > 0;
    if (isLimited && clock.now() - this.#host.openedAtMs >= connectionAgeLimitMs) {
      return "connection-age";
    }
    return this.#host.isLearnedBroken ? "learned-client" : null;
  }

  adjustClose(exchange: HttpExchange, overrides: CloseOverrides): void {
    const isPresent = exchange === this.#exchange;
    // On top of what the route has changed.
    const base = isPresent ? this.#host.policy : this.#context.policy;
    const policy = overrideClosePolicy(base, overrides);
    this.#context.checkPolicy(policy);
    if (isPresent) this.#host.usePolicy(policy);
  }

  resetConnection(exchange: HttpExchange): void {
    if (exchange !== this.#exchange) return;
    this.#host.apply({ type: "reset-requested", reason: "handler-asked", bound: null });
  }

  readOn(exchange: HttpExchange): void {
    // A body that arrived whole may be read long after its exchange, during the next one.
    if (exchange !== this.#exchange) return;
    if (!exchange.isResponseStarted) this.sendContinue(exchange);
    this.process();
  }

  sendContinue(exchange: HttpExchange): void {
    if (!exchange.isContinueDue) return;
    exchange.isContinueDue = false;
    if (this.#reader.bufferedBytes === 0) this.send(CONTINUE_BYTES);
  }

  exchangeEnded(exchange: HttpExchange): void {
    this.#report(exchange);
    this.#exchange = null;
    if (!exchange.isAborted) this.#context.tally.finishedCount += 1;
    if (exchange.isAborted) {
      // Content that only the end of the connection can end would look complete after a FIN.
      if (!exchange.isEndedByClose) this.#host.requestClose("response-incomplete");
      else
        this.#host.apply({ type: "reset-requested", reason: "response-incomplete", bound: null });
    } else if (exchange.closeReason !== null) {
      this.#host.requestClose(exchange.closeReason);
    } else if (!exchange.isRequestComplete) {
      this.#host.startDiscard(exchange.discardedBytes);
    }
    this.process();
  }

  // --- One event at a time ---

  /** Takes one event from the reader, if something may be done with it. False: wait. */
  #advance(): boolean {
    const exchange = this.#exchange;
    if (exchange !== null) return !exchange.isRequestComplete && this.#advanceBody(exchange);
    // What is thrown away does not wait: the peer may send all of it before it reads the response.
    const { isDiscarding } = this.#host;
    if (!isDiscarding && !this.mayDispatch()) return false;
    const event = this.#reader.read();
    if (event === null) return false;
    if (isDiscarding) this.#discard(event);
    else this.#dispatch(event);
    return true;
  }

  #dispatch(event: ReaderEvent): void {
    switch (event.type) {
      case "request-head":
        this.#begin(event);
        break;
      case "peer-protocol-error":
        this.refuse(event.error.status, "peer-protocol-error", event.error.message);
        break;
      case "peer-ended":
        this.#host.requestClose("peer-ended");
        break;
      case "body":
      case "message-end":
        // Only an exchange or the discard phase leaves a message unfinished, and neither is here.
        break;
    }
  }

  #begin(head: RequestHead): void {
    const effect = this.#host.noteRequest(head);
    this.#isPersistenceRefused = effect?.persistence === "off" || effect?.http10 === true;
    this.#host.inFlightCount += 1;
    const { clock, observer } = this.#context;
    const receivedAtMs = observer.handleExchange === null ? 0 : clock.now();
    const ruledHead = effect?.http10 === true ? downgraded(head) : head;
    const exchange = new HttpExchange(this, ruledHead, receivedAtMs);
    // A request without a body is complete with its head: take the event that says so.
    if (exchange.isRequestComplete) this.#reader.read();
    this.#exchange = exchange;
    this.#callHandler(exchange);
  }

  #callHandler(exchange: HttpExchange): void {
    try {
      const result = this.#context.handler(exchange);
      if (result === undefined) return;
      result.then(
        () => {
          if (exchange.isResponseStarted) return;
          this.#failHandler(exchange, new Error("The handler returned without a response"));
        },
        (error: unknown) => this.#failHandler(exchange, error),
      );
    } catch (error) {
      this.#failHandler(exchange, error);
    }
  }

  #failHandler(exchange: HttpExchange, error: unknown): void {
    // A handler that fails because its request broke off has done nothing wrong.
    const isConsequence = exchange.isAborted && error instanceof RequestBodyError;
    if (!isConsequence) this.#context.observer.handleHandlerError(error);
    exchange.abortResponse("handler-failed");
  }

  #advanceBody(exchange: HttpExchange): boolean {
    if (!this.#mayReceiveBody(exchange)) return false;
    const event = this.#reader.read();
    if (event === null) return false;
    if (event.type === "body") {
      exchange.isContinueDue = false;
      exchange.receiveBody(event.bytes);
      const isDear = exchange.discardedBytes > this.#host.policy.discardLimitBytes;
      if (isDear) exchange.closeReason ??= "discard-exhausted";
    } else if (event.type === "message-end") {
      exchange.receiveBodyEnd(event.trailers);
    } else if (event.type === "peer-protocol-error") {
      this.failRequest(event.error.status, "peer-protocol-error", event.error);
    }
    return true;
  }

  #mayReceiveBody(exchange: HttpExchange): boolean {
    const { body } = exchange;
    if (body.isGivenUp) return exchange.discardedBytes <= this.#host.policy.lingerLimitBytes;
    return body.queuedBytes < this.#context.limits.receiveBufferLimitBytes;
  }

  /** The rest of a request whose response is complete. Nothing is ever answered here. */
  #discard(event: ReaderEvent): void {
    if (event.type === "body") {
      this.#host.apply({ type: "peer-data", byteLength: event.bytes.byteLength });
    } else if (event.type === "message-end") this.#host.finishDiscard();
    else this.#host.requestClose("peer-protocol-error");
  }

  /** The request cannot be read to its end: answered if that is still possible. */
  failRequest(status: number, reason: CloseReason, cause: Error): void {
    const exchange = this.#exchange;
    if (exchange === null) {
      this.refuse(status, reason, cause.message);
      return;
    }
    const error = new RequestBodyError("FINWAIT_BODY_BROKEN_OFF", cause.message, { cause });
    exchange.isRequestComplete = true;
    if (exchange.isResponseStarted) {
      exchange.closeReason ??= reason;
      exchange.body.fail(error);
      return;
    }
    this.#exchange = null;
    exchange.status = status;
    this.send(refusalBytes(status, cause.message, this.date, exchange.method));
    // Before the cut: the response of the server is whole, whatever becomes of the handler.
    this.#report(exchange);
    exchange.cutOff("request-failed", error);
    this.#host.requestClose(reason);
  }

  /** Answers without a handler, and closes. */
  refuse(status: number, reason: CloseReason, detail: string): void {
    const { observer, clock } = this.#context;
    this.send(refusalBytes(status, detail, this.date, "GET"));
    observer.handleExchange?.(exchangeRecordOf(this.#host, null, status, clock));
    this.#host.requestClose(reason);
  }

  #report(exchange: HttpExchange): void {
    const { observer, clock } = this.#context;
    observer.handleExchange?.(exchangeRecordOf(this.#host, exchange, exchange.status, clock));
  }
}
