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

// Test support: an exchange in memory, which records what a handler does with it. It refuses what
// the real one refuses: a second response, and content that is not what Content-Length says.

export interface FakeExchangeOptions {
  readonly method?: string;
  readonly target?: string;
  readonly targetForm?: TargetForm;
  readonly authority?: string;
  readonly fields?: FieldLines;
  /** Chunks of the request body, and an error in place of its end. None: no body. */
  readonly chunks?: readonly (string | Uint8Array | Error)[];
  readonly connection?: Partial<ConnectionFacts>;
}

/** A request body that counts the reads, and can be made to wait. */
export class FakeBody implements RequestBody {
  readonly isPresent: boolean;
  readonly lengthBytes: number | null = null;
  readonly trailers = null;
  readCount = 0;
  isClaimed = false;
  /** While set, reads wait for it. */
  gate: Promise<void> | null = null;
  readonly #chunks: (string | Uint8Array | Error)[];

  constructor(chunks: readonly (string | Uint8Array | Error)[]) {
    this.#chunks = [...chunks];
    this.isPresent = chunks.length > 0;
  }

  claim(): void {
    this.isClaimed = true;
  }

  async read(): Promise<Uint8Array | null> {
    this.readCount += 1;
    if (this.gate !== null) await this.gate;
    const chunk = this.#chunks.shift() ?? null;
    if (chunk instanceof Error) throw chunk;
    return typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  }
}

class FakeFields implements RequestFields {
  readonly #lines: FieldLines;

  constructor(lines: FieldLines) {
    this.#lines = lines;
  }

  get(name: string): string | undefined {
    const values = this.#lines.filter(([key]) => key.toLowerCase() === name);
    return values.length === 0 ? undefined : values.map(([, value]) => value).join(", ");
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return this.#lines[Symbol.iterator]();
  }
}

type State = "awaited" | "started" | "complete" | "aborted";

export class FakeExchange implements Exchange {
  readonly hasUpgrade = false;
  readonly connection: ConnectionFacts;
  readonly method: string;
  readonly target: string;
  readonly targetForm: TargetForm;
  readonly version: HttpVersion = "1.1";
  readonly authority: string;
  readonly fields: RequestFields;
  readonly body: FakeBody;

  state: State = "awaited";
  status = 0;
  responseFields: FieldLines = [];
  announcedBytes: number | null = null;
  /** The pieces of content in the order sent. */
  readonly pieces: Uint8Array[] = [];
  /** True if the response was sent in one call. */
  isWhole = false;
  isClosing = false;
  /** What `adjustClose` was called with, in order. */
  readonly closeOverrides: CloseOverrides[] = [];
  abortReason: AbortReason | null = null;
  abortListenerCount = 0;
  /** What `write` returns; false makes `whenWritable` wait for `becomeWritable`. */
  isWritable = true;
  readonly #abortListeners: ((reason: AbortReason) => void)[] = [];
  #waiters: (() => void)[] = [];
  /** Resolves with every change of state or new piece; for tests that wait for one. */
  #observers: (() => void)[] = [];

  constructor(options: FakeExchangeOptions = {}) {
    this.method = options.method ?? "GET";
    this.target = options.target ?? "/";
    this.targetForm = options.targetForm ?? "origin";
    this.authority = options.authority ?? "a.example";
    this.fields = new FakeFields(options.fields ?? []);
    this.body = new FakeBody(options.chunks ?? []);
    this.connection = {
      id: 1,
      peer: { address: "192.0.2.1", port: 50_000 },
      local: { address: "192.0.2.9", port: 8_080 },
      tls: null,
      ...options.connection,
    };
  }

  get isResponseStarted(): boolean {
    return this.state !== "awaited";
  }
  get isAborted(): boolean {
    return this.state === "aborted";
  }
  get text(): string {
    return Buffer.concat(this.pieces).toString();
  }
  /** Values of one response field, given in lower case. */
  values(name: string): string[] {
    return this.responseFields
      .filter(([key]) => key.toLowerCase() === name)
      .map(([, value]) => value);
  }

  respond(status: number, fields: FieldLines, content: Uint8Array | string = ""): void {
    if (this.state === "aborted") return;
    const bytes = Buffer.from(content);
    const declared = declaredBytes(fields) ?? bytes.byteLength;
    const mayDiffer = status === 204 || status === 304 || this.method === "HEAD";
    if (declared !== bytes.byteLength && !mayDiffer) throw new Error("fake: length mismatch");
    this.#start(status, fields);
    this.announcedBytes = declared;
    if (this.method !== "HEAD" && bytes.byteLength > 0) this.pieces.push(bytes);
    this.isWhole = true;
    this.#change("complete");
  }

  respondPrepared(_response: PreparedResponse): void {
    throw new Error("fake: fetch handlers have no prepared responses");
  }

  startResponse(status: number, fields: FieldLines, contentBytes: number | null): void {
    if (this.state === "aborted") return;
    this.#start(status, fields);
    this.announcedBytes = contentBytes ?? declaredBytes(fields);
    this.#change("started");
  }

  write(bytes: Uint8Array): boolean {
    if (this.state === "aborted") return true;
    if (this.state !== "started") throw new Error(`fake: write while ${this.state}`);
    this.pieces.push(Buffer.from(bytes));
    this.#change("started");
    return this.isWritable;
  }

  whenWritable(): Promise<void> {
    if (this.isWritable || this.state !== "started") return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  endResponse(): void {
    if (this.state === "aborted") return;
    const sentBytes = Buffer.concat(this.pieces).byteLength;
    const isShort = this.announcedBytes !== null && this.announcedBytes !== sentBytes;
    if (isShort && this.method !== "HEAD") {
      this.#abort("handler-failed");
      throw new Error("fake: less content than announced");
    }
    this.#change("complete");
  }

  abortResponse(reason: AbortReason): void {
    if (this.state === "awaited") {
      this.respond(500, [["Content-Type", "text/plain"]], "Internal Server Error\n");
    } else if (this.state === "started") this.#abort(reason);
  }

  upgrade(): void {
    throw new Error("A fake exchange has no connection to upgrade");
  }

  closeAfterResponse(): void {
    this.isClosing = true;
  }

  adjustClose(overrides: CloseOverrides): void {
    this.closeOverrides.push(overrides);
  }

  resetConnection(): void {
    this.#abort("peer-gone");
  }

  onAbort(listener: (reason: AbortReason) => void): void {
    this.abortListenerCount += 1;
    this.#abortListeners.push(listener);
  }

  /** The peer is gone. */
  lose(reason: AbortReason = "peer-gone"): void {
    if (this.state !== "complete") this.#abort(reason);
  }

  becomeWritable(): void {
    this.isWritable = true;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** Resolves when `isReached` is true, which is looked at after every step of the response. */
  async until(isReached: () => boolean): Promise<void> {
    while (!isReached()) await new Promise<void>((resolve) => this.#observers.push(resolve));
  }

  #start(status: number, fields: FieldLines): void {
    if (this.state !== "awaited") throw new Error(`fake: second response while ${this.state}`);
    this.status = status;
    this.responseFields = fields;
  }

  #abort(reason: AbortReason): void {
    this.abortReason = reason;
    this.#change("aborted");
    for (const resolve of this.#waiters.splice(0)) resolve();
    for (const listener of this.#abortListeners.splice(0)) listener(reason);
  }

  #change(state: State): void {
    this.state = state;
    for (const resolve of this.#observers.splice(0)) resolve();
  }
}

function declaredBytes(fields: FieldLines): number | null {
  const line = fields.find(([name]) => name.toLowerCase() === "content-length");
  return line === undefined ? null : Number(line[1]);
}
