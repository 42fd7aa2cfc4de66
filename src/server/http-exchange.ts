import { LocalProtocolError } from "../base/error.ts";
import { joinHeadAndContent, latin1Bytes, utf8Bytes } from "../base/latin1.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { type LaidOutFields, layOutFields } from "../http1/response-fields.ts";
import { isContentForbidden, ResponseWriter, switchingHead } from "../http1/response-writer.ts";
import type { CloseReason } from "../tcp/ending.ts";
import type {
  AbortReason,
  CloseOverrides,
  ConnectionFacts,
  Exchange,
  FieldLines,
  HttpVersion,
  PreparedResponse,
  RequestFields,
  TargetForm,
} from "./exchange.ts";
import type { ExchangeDriver } from "./exchange-driver.ts";
import { announcedBytesOf, type LaidOutResponse } from "./prepared-response.ts";
import { type BodySource, ReceivedBody } from "./request-body.ts";

// One exchange: the request as the handler sees it, and the response as the handler gives it.
//
// It decides nothing about the connection: the driver says whether that persists, and hears when
// the response is complete.

/** Content up to this size is copied behind its head, to be one write. */
const JOIN_LIMIT_BYTES = 16_384;
const EMPTY = new Uint8Array(0);

type ResponseState = "awaited" | "started" | "complete" | "aborted";

export class HttpExchange implements Exchange, BodySource {
  readonly head: RequestHead;
  readonly receivedAtMs: number;
  status = 0;
  contentBytes = 0;
  /**
   * Why the connection closes after the response; `null`: it persists. Valid once it has started.
   */
  closeReason: CloseReason | null = null;
  isRequestComplete: boolean;
  /** The client waits for 100 (Continue), and has neither got it nor sent anything. */
  isContinueDue: boolean;
  /** Bytes of the body that arrived after it was given up. */
  discardedBytes = 0;
  readonly #driver: ExchangeDriver<HttpExchange>;
  #body: ReceivedBody | null = null;
  #writer: ResponseWriter | null = null;
  #state: ResponseState = "awaited";
  #wantsClose = false;
  #abortListeners: ((reason: AbortReason) => void)[] | null = null;
  #writableWaiters: (() => void)[] | null = null;

  constructor(driver: ExchangeDriver<HttpExchange>, head: RequestHead, receivedAtMs: number) {
    this.#driver = driver;
    this.head = head;
    this.receivedAtMs = receivedAtMs;
    this.isRequestComplete = head.framing.type === "none";
    this.isContinueDue = head.expectsContinue;
  }

  get connection(): ConnectionFacts {
    return this.#driver.connection;
  }
  get method(): string {
    return this.head.method;
  }
  get target(): string {
    return this.head.target;
  }
  get targetForm(): TargetForm {
    return this.head.targetForm;
  }
  get version(): HttpVersion {
    return this.head.version;
  }
  get authority(): string {
    return this.head.authority;
  }
  get fields(): RequestFields {
    return this.head.fields;
  }
  get isResponseStarted(): boolean {
    return this.#state !== "awaited";
  }
  get isAborted(): boolean {
    return this.#state === "aborted";
  }
  /** The handler asked for the connection to close. */
  get wantsClose(): boolean {
    return this.#wantsClose;
  }
  get hasUpgrade(): boolean {
    return this.head.hasUpgrade;
  }
  /** True after 101: the bytes are another protocol's, in both directions. */
  get isUpgraded(): boolean {
    return this.status === 101;
  }
  /** True when only the end of the connection can end the content. */
  get isEndedByClose(): boolean {
    return this.#writer?.framing === "until-close";
  }
  /** True while a response has begun and not ended. */
  get isResponding(): boolean {
    return this.#state === "started";
  }

  get body(): ReceivedBody {
    if (this.#body === null) {
      const { framing } = this.head;
      const lengthBytes = framing.type === "length" ? framing.bytes : null;
      this.#body = new ReceivedBody(this, framing.type === "none" ? 0 : lengthBytes);
    }
    return this.#body;
  }

  respond(status: number, fields: FieldLines, content: Uint8Array | string = EMPTY): void {
    const bytes = typeof content === "string" ? utf8Bytes(content) : content;
    this.#respondLaidOut(status, layOutFields(fields), bytes);
  }

  respondPrepared(response: PreparedResponse): void {
    // The port hides what only the server may see; nothing else implements PreparedResponse.
    const laidOut = response as LaidOutResponse;
    const { status, fields, content } = laidOut;
    const isUsual = this.head.method !== "HEAD" && this.head.version === "1.1";
    if (!isUsual) {
      this.#respondLaidOut(status, fields, content);
      return;
    }
    if (!this.#mayStart()) return;
    this.#begin(status, fields, false);
    if (this.closeReason !== null) {
      this.#writeWhole(laidOut.writer(), status, fields, content);
      return;
    }
    this.contentBytes = laidOut.sentContentBytes;
    this.#driver.send(laidOut.wire(this.#driver.date, this.#driver.keepAlive));
    this.#complete();
  }

  startResponse(status: number, fields: FieldLines, contentBytes: number | null): void {
    const laidOut = layOutFields(fields);
    const announcedBytes = contentBytes ?? laidOut.contentLength;
    if (!this.#mayStart()) return;
    const writer = new ResponseWriter(this.head, status, announcedBytes);
    this.#writer = writer;
    this.#begin(status, laidOut, true);
    this.#driver.send(latin1Bytes(this.#headText(writer, laidOut)));
    // What was kept for a reader may have paused the connection, and there is none any more.
    if (!this.isRequestComplete && this.body.isGivenUp) this.#driver.readOn(this);
  }

  upgrade(fields: FieldLines): void {
    const laidOut = layOutFields(fields);
    if (!this.#mayStart()) return;
    if (!this.hasUpgrade || this.head.framing.type !== "none") {
      const message = "Cannot upgrade: expected a request with Upgrade and without a body";
      throw new LocalProtocolError("FINWAIT_UPGRADE_UNASKED", message);
    }
    // To the framing, another protocol is content that only the end of the connection ends.
    this.#writer = new ResponseWriter({ method: this.head.method, version: "1.0" }, 200, null);
    this.status = 101;
    this.#state = "started";
    this.closeReason = "handler-asked";
    this.isRequestComplete = false;
    this.#body = new ReceivedBody(this, null);
    this.#body.claim();
    this.#driver.send(latin1Bytes(switchingHead(laidOut)));
    this.#driver.switchProtocols(this);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state === "aborted") return true;
    const writer = this.#startedWriter("write content");
    const wire = writer.content(bytes);
    this.contentBytes = writer.writtenBytes;
    return wire.byteLength === 0 || this.#driver.send(wire);
  }

  whenWritable(): Promise<void> {
    if (this.#state !== "started" || this.#driver.isWritable) return Promise.resolve();
    return new Promise((resolve) => {
      this.#writableWaiters ??= [];
      this.#writableWaiters.push(resolve);
    });
  }

  endResponse(trailers?: FieldLines): void {
    if (this.#state === "aborted") return;
    const writer = this.#startedWriter("end the response");
    try {
      const wire = writer.end(trailers);
      if (wire.byteLength > 0) this.#driver.send(wire);
    } catch (error) {
      // Too little content, or bad trailers: what is out cannot be mended, only cut off.
      this.#abort("handler-failed");
      throw error;
    }
    this.#complete();
  }

  abortResponse(reason: AbortReason): void {
    if (this.#state === "awaited") {
      const fields: FieldLines = [["Content-Type", "text/plain; charset=utf-8"]];
      this.respond(500, fields, "Internal Server Error\n");
    } else if (this.#state === "started") this.#abort(reason);
  }

  closeAfterResponse(): void {
    this.#wantsClose = true;
    // The head is out without saying so; the connection ends all the same.
    if (this.#state === "started") this.closeReason ??= "handler-asked";
  }

  adjustClose(overrides: CloseOverrides): void {
    this.#driver.adjustClose(this, overrides);
  }

  resetConnection(): void {
    this.#driver.resetConnection(this);
  }

  onAbort(listener: (reason: AbortReason) => void): void {
    if (this.#state === "complete" || this.#state === "aborted") return;
    this.#abortListeners ??= [];
    this.#abortListeners.push(listener);
  }

  wantBody(): void {
    this.#driver.readOn(this);
  }

  /** The driver: bytes of the body arrived. */
  receiveBody(bytes: Uint8Array): void {
    if (!this.body.isGivenUp) {
      this.body.receive(bytes);
      return;
    }
    this.discardedBytes += bytes.byteLength;
    this.#driver.noteDiscarded(bytes.byteLength);
  }

  /** The driver: the request is complete. */
  receiveBodyEnd(trailers: RequestFields | null): void {
    this.isRequestComplete = true;
    if (!this.body.isGivenUp) this.body.receiveEnd(trailers);
  }

  /** The driver: the peer is gone, or the request broke off. Nothing is sent any more. */
  cutOff(reason: AbortReason, bodyError: Error): void {
    this.#body?.fail(bodyError);
    if (this.#state === "complete" || this.#state === "aborted") return;
    this.#state = "aborted";
    this.#notifyAborted(reason);
  }

  /** The driver: what was written has left this process. */
  receiveWritable(): void {
    const waiters = this.#writableWaiters;
    this.#writableWaiters = null;
    for (const resolve of waiters ?? []) resolve();
  }

  #respondLaidOut(status: number, fields: LaidOutFields, content: Uint8Array): void {
    if (!this.#mayStart()) return;
    const { method } = this.head;
    const announcedBytes = announcedBytesOf(method, status, fields, content.byteLength);
    const writer = new ResponseWriter(this.head, status, announcedBytes);
    this.#begin(status, fields, false);
    this.#writeWhole(writer, status, fields, content);
  }

  #writeWhole(
    writer: ResponseWriter,
    status: number,
    fields: LaidOutFields,
    content: Uint8Array,
  ): void {
    const head = this.#headText(writer, fields);
    if (isContentForbidden(this.head.method, status) || content.byteLength === 0) {
      this.#driver.send(latin1Bytes(head));
    } else {
      writer.content(content);
      this.contentBytes = content.byteLength;
      if (content.byteLength <= JOIN_LIMIT_BYTES) {
        this.#driver.send(joinHeadAndContent(head, content));
      } else {
        this.#driver.send(latin1Bytes(head));
        this.#driver.send(content);
      }
    }
    this.#complete();
  }

  #headText(writer: ResponseWriter, fields: LaidOutFields): string {
    return writer.head(fields, {
      date: this.#driver.date,
      isPersistent: this.closeReason === null,
      keepAlive: this.#driver.keepAlive,
    });
  }

  /** True if a response may start; false if nobody is there to receive it. */
  #mayStart(): boolean {
    if (this.#state === "aborted") return false;
    if (this.#state === "awaited") return true;
    throw new LocalProtocolError(
      "FINWAIT_RESPONSE_STARTED",
      `Cannot respond: status ${this.status} was given to this request already`,
    );
  }

  #begin(status: number, fields: LaidOutFields, isStreamed: boolean): void {
    this.status = status;
    if (fields.wantsClose) this.#wantsClose = true;
    if (!this.isRequestComplete) {
      // Behind the head of the response it is too late to ask for a body that is still wanted.
      if (isStreamed && this.body.isClaimed) this.#driver.sendContinue(this);
      else this.#giveUpBody();
    }
    this.closeReason = this.#driver.decideClose(this);
    // Content of unknown length in HTTP/1.0 ends with the connection.
    if (this.isEndedByClose) this.closeReason ??= "client-asked";
    this.#state = "started";
  }

  #startedWriter(action: string): ResponseWriter {
    if (this.#state === "started" && this.#writer !== null) return this.#writer;
    throw new LocalProtocolError(
      "FINWAIT_RESPONSE_NOT_STARTED",
      `Cannot ${action}: expected a response begun by startResponse and not ended`,
    );
  }

  #complete(): void {
    this.#state = "complete";
    this.#abortListeners = null;
    if (this.#writableWaiters !== null) this.receiveWritable();
    if (!this.isRequestComplete) this.#giveUpBody();
    this.#driver.exchangeEnded(this);
  }

  #abort(reason: AbortReason): void {
    this.#state = "aborted";
    if (!this.isRequestComplete) this.#giveUpBody();
    this.#driver.exchangeEnded(this);
    this.#notifyAborted(reason);
  }

  #giveUpBody(): void {
    this.#driver.noteDiscarded(this.body.queuedBytes);
    this.body.giveUp();
  }

  #notifyAborted(reason: AbortReason): void {
    const listeners = this.#abortListeners;
    this.#abortListeners = null;
    this.receiveWritable();
    for (const listener of listeners ?? []) {
      try {
        listener(reason);
      } catch (error) {
        // The connection is about to be released, and that must go on.
        this.#driver.reportError(error);
      }
    }
  }
}
