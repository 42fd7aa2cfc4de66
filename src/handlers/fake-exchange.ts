import type {
  AbortReason,
  CloseOverrides,
  ConnectionFacts,
  Exchange,
  FieldLines,
  HttpVersion,
  PreparedResponse,
  RequestBody,
  RequestFields,
  TargetForm,
} from "../server/exchange.ts";

// Test support: an exchange that records what a handler does, and fails where the server's would.

/** Field lines from name and value pairs. */
export class FakeFields implements RequestFields {
  readonly #lines: readonly (readonly [string, string])[];

  constructor(lines: FieldLines) {
    this.#lines = lines;
  }

  get(name: string): string | undefined {
    const values = this.#lines.filter(([other]) => other.toLowerCase() === name);
    return values.length === 0 ? undefined : values.map(([, value]) => value).join(", ");
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return this.#lines[Symbol.iterator]();
  }
}

export class FakePreparedResponse implements PreparedResponse {
  readonly status: number;
  readonly fields: FieldLines;
  readonly content: Uint8Array;

  constructor(status: number, fields: FieldLines, content: Uint8Array) {
    this.status = status;
    this.fields = fields;
    this.content = content;
  }

  get contentBytes(): number {
    return this.content.byteLength;
  }
}

/** Stands in for the server's `prepareResponse`. */
export function fakePrepareResponse(
  status: number,
  fields: FieldLines,
  content: Uint8Array,
): PreparedResponse {
  return new FakePreparedResponse(status, fields, content);
}

export interface FakeRequest {
  readonly method?: string;
  readonly target?: string;
  readonly targetForm?: TargetForm;
  readonly fields?: FieldLines;
  /** Called for every `write` with the number of bytes so far; its result is that of `write`. */
  readonly onWrite?: (writtenBytes: number) => boolean;
}

const UNREADABLE_BODY: RequestBody = {
  isPresent: true,
  lengthBytes: null,
  trailers: null,
  read: () => Promise.reject(new Error("The body of a fake request was read")),
  claim: () => {
    throw new Error("The body of a fake request was claimed");
  },
};

const CONNECTION: ConnectionFacts = {
  id: 1,
  peer: { address: "192.0.2.1", port: 50_000 },
  local: { address: "192.0.2.2", port: 80 },
  tls: null,
};

type Waiter = () => void;

export class FakeExchange implements Exchange {
  readonly hasUpgrade = false;
  readonly connection: ConnectionFacts = CONNECTION;
  readonly method: string;
  readonly target: string;
  readonly targetForm: TargetForm;
  readonly version: HttpVersion = "1.1";
  readonly authority = "example.test";
  readonly fields: RequestFields;
  readonly body: RequestBody = UNREADABLE_BODY;
  /** 0 before a response. */
  status = 0;
  responseFields: FieldLines = [];
  /** The length that the response announced, `null` for the chunked coding. */
  announcedBytes: number | null = null;
  prepared: PreparedResponse | null = null;
  abortReason: AbortReason | null = null;
  isEnded = false;
  closesAfterResponse = false;
  /** What `adjustClose` was called with, in order. */
  readonly closeOverrides: CloseOverrides[] = [];
  /** Calls of `write` that came too late: harmless, but a sign of work for nobody. */
  lateWriteCount = 0;
  /** Pieces given to `write`, each a copy. */
  readonly pieces: Uint8Array[] = [];
  /** Resolves when `whenWritable` is called for the first time. */
  readonly firstWait: Promise<void>;
  readonly #onWrite: (writtenBytes: number) => boolean;
  readonly #abortListeners: ((reason: AbortReason) => void)[] = [];
  readonly #announceWait: Waiter;
  #waiters: Waiter[] = [];
  #writtenBytes = 0;

  constructor(request: FakeRequest = {}) {
    const { promise, resolve } = withResolver();
    this.method = request.method ?? "GET";
    this.target = request.target ?? "/";
    this.targetForm = request.targetForm ?? "origin";
    this.fields = new FakeFields(request.fields ?? []);
    this.#onWrite = request.onWrite ?? (() => true);
    this.firstWait = promise;
    this.#announceWait = resolve;
  }

  get isResponseStarted(): boolean {
    return this.status !== 0;
  }

  get isAborted(): boolean {
    return this.abortReason !== null;
  }

  /** All content that would reach the peer. */
  get content(): Buffer {
    return Buffer.concat(this.pieces);
  }

  get text(): string {
    return this.content.toString("utf8");
  }

  /** The value of the response field `name`, joined if there are several. */
  field(name: string): string | undefined {
    return new FakeFields(this.responseFields).get(name.toLowerCase());
  }

  respond(status: number, fields: FieldLines, content: Uint8Array | string = ""): void {
    if (this.isAborted) return;
    this.#start(status, fields);
    const bytes = Buffer.from(content);
    this.announcedBytes = bytes.byteLength;
    if (this.#hasContent()) this.pieces.push(bytes);
    this.isEnded = true;
  }

  respondPrepared(response: PreparedResponse): void {
    if (!(response instanceof FakePreparedResponse)) {
      throw new Error("Cannot send: expected a FakePreparedResponse");
    }
    this.prepared = response;
    this.respond(response.status, response.fields, response.content);
  }

  startResponse(status: number, fields: FieldLines, contentBytes: number | null): void {
    if (this.isAborted) return;
    this.#start(status, fields);
    this.announcedBytes = contentBytes;
  }

  write(bytes: Uint8Array): boolean {
    if (this.isAborted) {
      this.lateWriteCount += 1;
      return true;
    }
    if (!this.isResponseStarted || this.isEnded) throw new Error("Cannot write: no open response");
    if (!this.#hasContent()) throw new Error("Cannot write: the response may have no content");
    this.#writtenBytes += bytes.byteLength;
    if (this.announcedBytes !== null && this.#writtenBytes > this.announcedBytes) {
      throw new Error("Cannot write: more bytes than announced");
    }
    this.pieces.push(Buffer.from(bytes));
    return this.#onWrite(this.#writtenBytes);
  }

  whenWritable(): Promise<void> {
    if (this.isAborted) return Promise.resolve();
    const { promise, resolve } = withResolver();
    this.#waiters.push(resolve);
    this.#announceWait();
    return promise;
  }

  endResponse(): void {
    if (this.isAborted) return;
    if (!this.isResponseStarted || this.isEnded) throw new Error("Cannot end: no open response");
    const isShort = this.announcedBytes !== null && this.#writtenBytes < this.announcedBytes;
    if (isShort && this.#hasContent()) throw new Error("Cannot end: fewer bytes than announced");
    this.isEnded = true;
  }

  abortResponse(reason: AbortReason): void {
    if (this.isEnded || this.isAborted) return;
    if (this.isResponseStarted) this.abort(reason);
    else this.respond(500, []);
  }

  upgrade(): void {
    throw new Error("A fake exchange has no connection to upgrade");
  }

  closeAfterResponse(): void {
    this.closesAfterResponse = true;
  }

  adjustClose(overrides: CloseOverrides): void {
    this.closeOverrides.push(overrides);
  }

  resetConnection(): void {
    this.abort("peer-gone");
  }

  onAbort(listener: (reason: AbortReason) => void): void {
    this.#abortListeners.push(listener);
  }

  /** The test: the peer is gone, or the server gives up. */
  abort(reason: AbortReason): void {
    this.abortReason = reason;
    this.makeWritable();
    for (const listener of this.#abortListeners) listener(reason);
  }

  /** The test: the peer has taken what was written. */
  makeWritable(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  #start(status: number, fields: FieldLines): void {
    if (this.isResponseStarted) throw new Error(`Cannot respond: ${this.status} was given already`);
    this.status = status;
    this.responseFields = fields;
  }

  #hasContent(): boolean {
    return this.method !== "HEAD" && this.status !== 204 && this.status !== 304;
  }
}

function withResolver(): { promise: Promise<void>; resolve: Waiter } {
  let resolve: Waiter = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
