import type { Socket } from "node:net";

// One connection of the fixture server: HTTP/1.1 in as few lines as it takes to be right, with a
// method for each thing that a server may get wrong. Tests of the probe break it by overriding one.

export interface FixtureOptions {
  /** Milliseconds that a connection may be idle. */
  readonly idleMs: number;
  /** Milliseconds from the first byte of a request to the last of its head, or between bytes. */
  readonly requestMs: number;
  /** Milliseconds of lingering, silent or not. */
  readonly lingerMs: number;
  /** Bytes thrown away while lingering. */
  readonly lingerBytes: number;
  /** Requests on one connection. */
  readonly requestLimit: number;
}

export const FIXTURE_DEFAULTS: FixtureOptions = {
  idleMs: 1_500,
  requestMs: 800,
  lingerMs: 800,
  lingerBytes: 64 * 1024 * 1024,
  requestLimit: 100,
};

export interface FixtureRequest {
  readonly method: string;
  readonly path: string;
  readonly version: string;
  readonly fields: ReadonlyMap<string, string>;
  /** `null`: chunked. */
  readonly contentLength: number | null;
}

export interface FixtureResponse {
  readonly status: number;
  readonly fields?: readonly string[];
  readonly content?: Buffer;
}

const HEAD_LIMIT_BYTES = 16_384;
const PAGES: Readonly<Record<string, Buffer>> = {
  "/": Buffer.from("hello\n"),
  "/medium": Buffer.alloc(200_000, "m"),
  "/large": Buffer.alloc(6_000_000, "l"),
};

export class FixtureConnection {
  protected readonly socket: Socket;
  /** The TCP connection below TLS; without TLS, the same as `socket`. */
  protected readonly tcp: Socket;
  protected readonly options: FixtureOptions;
  protected input: Buffer = Buffer.alloc(0);
  protected requestCount = 0;
  /** The last response is sent, and nothing is served any more. */
  protected isEnding = false;
  protected isPeerDone = false;
  /** A request whose content is being read before it is answered, or thrown away behind that. */
  protected current: { request: FixtureRequest; left: number | null; isAnswered: boolean } | null =
    null;
  protected discardedBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, options: FixtureOptions, tcp: Socket) {
    this.socket = socket;
    this.tcp = tcp;
    this.options = options;
    socket.on("data", (bytes: Buffer) => this.handleData(bytes));
    socket.on("end", () => this.handleEnd());
    socket.on("error", () => {});
    socket.on("close", () => clearTimeout(this.#timer));
    this.arm(options.idleMs, () => this.handleIdle());
  }

  // What comes in

  protected handleData(bytes: Buffer): void {
    if (this.isEnding) {
      this.handleDiscarded(bytes);
      return;
    }
    this.input = Buffer.concat([this.input, bytes]);
    this.serveInput();
  }

  protected handleEnd(): void {
    this.isPeerDone = true;
    // Everything that was asked for is answered before.
    if (this.isEnding) this.socket.destroy();
    else this.end();
  }

  /** Input behind the last response. */
  protected handleDiscarded(bytes: Buffer): void {
    this.discardedBytes += bytes.length;
    if (this.discardedBytes > this.options.lingerBytes) this.socket.destroy();
  }

  protected handleIdle(): void {
    this.end();
  }

  protected handleSlowRequest(): void {
    this.answerLast({ status: 408 });
  }

  protected serveInput(): void {
    while (!this.isEnding && this.input.length > 0) {
      if (this.current !== null) {
        if (!this.takeContent()) return;
        continue;
      }
      // An empty line before a request is nothing (RFC 9112, 2.2).
      if (this.input.subarray(0, 2).toString("latin1") === "\r\n") {
        this.input = this.input.subarray(2);
        continue;
      }
      const end = this.input.indexOf("\r\n\r\n");
      if (end === -1) {
        if (this.input.length > HEAD_LIMIT_BYTES) this.handleLargeHead();
        else this.arm(this.options.requestMs, () => this.handleSlowRequest());
        return;
      }
      const request = parseHead(this.input.toString("latin1", 0, end));
      this.input = this.input.subarray(end + 4);
      if (request === null) this.handleBadRequest();
      else this.handleRequest(request);
    }
  }

  protected handleLargeHead(): void {
    this.answerLast({ status: 431 });
  }

  protected handleBadRequest(): void {
    this.answerLast({ status: 400 });
  }

  // What is answered

  protected handleRequest(request: FixtureRequest): void {
    this.requestCount += 1;
    const hasContent = request.contentLength !== 0;
    if (request.path === "/refuse" && hasContent) {
      this.answerLast({ status: 413, content: Buffer.from("too large\n") }, request);
      return;
    }
    if (!hasContent) {
      this.answer(request, this.responseTo(request));
      return;
    }
    if (request.path in PAGES && request.path !== "/") {
      // Answered before the content has come, which is thrown away.
      this.answerLast(this.responseTo(request), request);
      return;
    }
    if (request.fields.get("expect") === "100-continue" && request.version !== "HTTP/1.0") {
      this.sendContinue();
    }
    this.current = { request, left: request.contentLength, isAnswered: false };
  }

  protected sendContinue(): void {
    this.socket.write("HTTP/1.1 100 Continue\r\n\r\n");
  }

  protected responseTo(request: FixtureRequest): FixtureResponse {
    const page = PAGES[request.path];
    const tag = 'ETag: "fixture"';
    if (request.method === "OPTIONS" || request.path === "/empty") return { status: 204 };
    if (request.path === "/upload") return { status: 200, content: Buffer.from("taken\n") };
    if (page === undefined) return { status: 404, content: Buffer.from("nothing here\n") };
    if (request.fields.get("if-none-match") === '"fixture"') return { status: 304, fields: [tag] };
    return { status: 200, fields: [tag], content: page };
  }

  /** Answers, and goes on if both sides want to. */
  protected answer(request: FixtureRequest, response: FixtureResponse): void {
    if (this.isLast(request)) {
      this.answerLast(response, request);
      return;
    }
    this.send(response, request, [
      `Keep-Alive: timeout=${Math.floor(this.options.idleMs / 1_000)}`,
    ]);
    this.arm(this.options.idleMs, () => this.handleIdle());
  }

  protected isLast(request: FixtureRequest): boolean {
    const option = (request.fields.get("connection") ?? "").toLowerCase();
    const isOld = request.version === "HTTP/1.0" && option !== "keep-alive";
    return option === "close" || isOld || this.requestCount >= this.options.requestLimit;
  }

  protected answerLast(response: FixtureResponse, request?: FixtureRequest): void {
    this.send(response, request, ["Connection: close"]);
    this.end();
  }

  protected send(
    response: FixtureResponse,
    request: FixtureRequest | undefined,
    fields: readonly string[],
  ): void {
    const { status, content = Buffer.alloc(0) } = response;
    const isBare = status === 204 || status === 304;
    const lines = [
      `HTTP/1.1 ${status} Fixture`,
      ...(response.fields ?? []),
      ...fields,
      ...(isBare ? [] : [`Content-Length: ${content.length}`]),
    ];
    this.socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    if (!isBare && request?.method !== "HEAD") this.sendContent(content);
  }

  protected sendContent(content: Buffer): void {
    this.socket.write(content);
  }

  // How it ends

  /** FIN, then lingering until the client's FIN, or a bound. */
  protected end(): void {
    this.isEnding = true;
    this.input = Buffer.alloc(0);
    this.socket.end();
    this.arm(this.options.lingerMs, () => this.socket.destroy());
    if (this.isPeerDone) this.socket.once("finish", () => this.socket.destroy());
  }

  protected arm(delayMs: number, callback: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(callback, delayMs);
  }

  /** Takes content of the current request; false if more has to come. */
  protected takeContent(): boolean {
    const { current } = this;
    if (current === null) return true;
    this.arm(this.options.requestMs, () => this.handleSlowRequest());
    if (current.left === null) {
      const end = this.input.indexOf("0\r\n\r\n");
      // Enough for the content that the probe sends, which has no such bytes.
      this.input = end === -1 ? this.input.subarray(-4) : this.input.subarray(end + 5);
      if (end === -1) return false;
    } else {
      const taken = Math.min(current.left, this.input.length);
      current.left -= taken;
      this.input = this.input.subarray(taken);
      if (current.left > 0) return false;
    }
    this.current = null;
    this.answer(current.request, this.responseTo(current.request));
    return true;
  }
}

function parseHead(head: string): FixtureRequest | null {
  const [first = "", ...lines] = head.split("\r\n");
  const match = /^([A-Z]+) (\S+) (HTTP\/1\.[01])$/.exec(first);
  if (match === null) return null;
  const fields = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [
        line.slice(0, colon).toLowerCase(),
        line
          .slice(colon + 1)
          .trim()
          .toLowerCase(),
      ];
    }),
  );
  const isChunked = fields.get("transfer-encoding") === "chunked";
  return {
    method: match[1] ?? "",
    path: match[2] ?? "",
    version: match[3] ?? "",
    fields,
    contentLength: isChunked ? null : Number(fields.get("content-length") ?? 0),
  };
}
