import { concatBytes, latin1Bytes, latin1Text } from "../base/latin1.ts";

// Reads responses as the most tolerant client does, and counts every byte: each belongs to a head,
// to content, to framing, or is surplus. It knows what was asked, because the response to HEAD has
// no content (RFC 9112, 6.3).

export type Framing = "none" | "length" | "chunked" | "close";

/** One final response as far as it has arrived. */
export interface SeenResponse {
  readonly status: number;
  readonly statusLine: string;
  /** Names in lower case; the values of repeated fields joined by commas. */
  readonly fields: ReadonlyMap<string, string>;
  readonly framing: Framing;
  /** Content without the transfer coding. */
  readonly contentBytes: number;
  readonly isComplete: boolean;
  /** The server will not read another request (RFC 9112, 9.3). */
  readonly isLast: boolean;
  readonly headAtMs: number;
  /** `null`: it is not complete. */
  readonly completeAtMs: number | null;
}

type State = "head" | "length" | "chunk-size" | "chunk" | "chunk-end" | "trailers" | "close";

interface MutableResponse extends SeenResponse {
  contentBytes: number;
  isComplete: boolean;
  completeAtMs: number | null;
}

const HEAD_LIMIT_BYTES = 65_536;
/** Of the size of a chunk with its extensions, and of a trailer. */
const LINE_LIMIT_BYTES = 8_192;
const SURPLUS_SAMPLE_BYTES = 4_096;
/** Behind so many, no client waits for the final response. */
const INTERIM_LIMIT = 1_000;
const EMPTY = new Uint8Array(0);
const LF = 10;
/** Upper case, then lower: the digits of both have the same place in their half. */
const HEX_DIGITS = latin1Bytes("0123456789ABCDEF0123456789abcdef");

export class ResponseReader {
  readonly responses: MutableResponse[] = [];
  /** Statuses of interim responses, in order. */
  readonly interimStatuses: number[] = [];
  receivedBytes = 0;
  /** Bytes behind the last response that was asked for, or that no client can read as one. */
  surplusBytes = 0;
  /** How the surplus begins: one character per byte. */
  surplusSample = "";
  /** Methods of the requests that have no response yet. */
  readonly #methods: string[] = [];
  /** What has come and is not read yet: from `#at` on. */
  #pending: Uint8Array = EMPTY;
  #at = 0;
  #state: State = "head";
  #leftBytes = 0;
  #isBeyondReading = false;

  /** A request was sent, and one response more is to come. */
  expect(method: string): void {
    this.#methods.push(method);
  }

  get last(): SeenResponse | undefined {
    return this.responses.at(-1);
  }

  get completeCount(): number {
    return this.responses.filter(({ isComplete }) => isComplete).length;
  }

  receive(bytes: Uint8Array, nowMs: number): void {
    this.receivedBytes += bytes.byteLength;
    const { byteLength } = this.#pending;
    this.#pending =
      byteLength === 0 ? bytes : concatBytes([this.#pending, bytes], byteLength + bytes.byteLength);
    while (this.#pendingBytes > 0 && this.#advance(nowMs)) {
      // Each step takes some of what is pending.
    }
    // The port may use its buffer again.
    const isAllRead = this.#pendingBytes === 0;
    this.#pending = isAllRead ? EMPTY : new Uint8Array(this.#pending.subarray(this.#at));
    this.#at = 0;
  }

  get #pendingBytes(): number {
    return this.#pending.byteLength - this.#at;
  }

  /** The server's FIN, which completes content that is delimited by it. */
  receiveEnd(nowMs: number): void {
    const response = this.responses.at(-1);
    if (this.#state === "close" && response !== undefined) this.#complete(response, nowMs);
    this.#takeSurplus(this.#pendingBytes);
  }

  /** Takes the next piece; false if more bytes are needed. */
  #advance(nowMs: number): boolean {
    if (this.#isBeyondReading) return this.#takeSurplus(this.#pendingBytes);
    const response = this.responses.at(-1);
    if (this.#state === "head" || response === undefined) return this.#readHead(nowMs);
    switch (this.#state) {
      case "close":
        return this.#takeContent(response, this.#pendingBytes);
      case "length":
      case "chunk":
        this.#takeContent(response, Math.min(this.#leftBytes, this.#pendingBytes));
        if (this.#leftBytes > 0) return false;
        if (this.#state === "length") this.#complete(response, nowMs);
        else this.#state = "chunk-end";
        return true;
      default:
        return this.#readChunkLine(response, nowMs);
    }
  }

  #readHead(nowMs: number): boolean {
    if (this.#methods.length === 0) return this.#takeSurplus(this.#pendingBytes);
    const bytes = this.#pending.subarray(this.#at);
    const end = headEnd(bytes);
    if (!startsLikeStatusLine(bytes) || (end === -1 && bytes.byteLength > HEAD_LIMIT_BYTES)) {
      return this.#giveUp();
    }
    if (end === -1) return false;
    const response = responseOf(latin1Text(bytes, 0, end), this.#methods[0] ?? "", nowMs);
    const isStatus = response.status >= 100 && response.status <= 999;
    if (!isStatus || this.interimStatuses.length >= INTERIM_LIMIT) return this.#giveUp();
    this.#take(end);
    // 101 changes the protocol, and is final here.
    if (response.status < 200 && response.status !== 101) {
      this.interimStatuses.push(response.status);
      return true;
    }
    this.#methods.shift();
    this.responses.push(response);
    this.#leftBytes = response.framing === "length" ? declaredLength(response.fields) : 0;
    if (response.framing === "none" || (response.framing === "length" && this.#leftBytes === 0)) {
      this.#complete(response, nowMs);
    } else {
      this.#state = response.framing === "chunked" ? "chunk-size" : response.framing;
    }
    return true;
  }

  #readChunkLine(response: MutableResponse, nowMs: number): boolean {
    const end = this.#pending.indexOf(LF, this.#at);
    if (end === -1) return this.#pendingBytes > LINE_LIMIT_BYTES ? this.#giveUp() : false;
    const start = this.#at;
    this.#take(end + 1 - start);
    if (this.#state === "chunk-end") {
      this.#state = "chunk-size";
      return true;
    }
    if (this.#state === "trailers") {
      if (latin1Text(this.#pending, start, end).trim() === "") this.#complete(response, nowMs);
      return true;
    }
    const size = chunkSize(this.#pending, start, end);
    if (size === null) return this.#giveUp();
    this.#leftBytes = size;
    this.#state = size === 0 ? "trailers" : "chunk";
    return true;
  }

  #takeContent(response: MutableResponse, byteLength: number): boolean {
    response.contentBytes += byteLength;
    this.#leftBytes -= byteLength;
    this.#take(byteLength);
    return true;
  }

  #complete(response: MutableResponse, nowMs: number): void {
    response.isComplete = true;
    response.completeAtMs = nowMs;
    this.#state = "head";
  }

  /** Nothing behind this can be read as a response. */
  #giveUp(): boolean {
    this.#isBeyondReading = true;
    return this.#takeSurplus(this.#pendingBytes);
  }

  #takeSurplus(byteLength: number): boolean {
    const wanted = Math.min(byteLength, SURPLUS_SAMPLE_BYTES - this.surplusSample.length);
    this.surplusSample += latin1Text(this.#pending, this.#at, this.#at + Math.max(0, wanted));
    this.surplusBytes += byteLength;
    this.#take(byteLength);
    return true;
  }

  #take(byteLength: number): void {
    this.#at += byteLength;
  }
}

/** Where the head is over, behind its empty line; -1: it is not. Bare LF counts as a line's end. */
function headEnd(bytes: Uint8Array): number {
  for (let lf = bytes.indexOf(LF); lf !== -1; lf = bytes.indexOf(LF, lf + 1)) {
    if (bytes[lf + 1] === LF) return lf + 2;
    if (bytes[lf + 1] === 13 && bytes[lf + 2] === LF) return lf + 3;
  }
  return -1;
}

/** The number in the line of a chunk, before its extensions; `null`: there is none. */
function chunkSize(bytes: Uint8Array, start: number, end: number): number | null {
  let size = 0;
  let at = start;
  for (; at < end; at += 1) {
    const digit = HEX_DIGITS.indexOf(bytes[at] ?? 0);
    if (digit === -1) break;
    size = 16 * size + (digit % 16);
  }
  const rest = at < end ? latin1Text(bytes, at, end).trim() : "";
  const isWhole = rest === "" || rest.startsWith(";");
  return at > start && at - start <= 12 && isWhole ? size : null;
}

function startsLikeStatusLine(bytes: Uint8Array): boolean {
  const start = latin1Text(bytes, 0, Math.min(bytes.byteLength, 5));
  return "HTTP/".startsWith(start);
}

function responseOf(head: string, method: string, nowMs: number): MutableResponse {
  const [statusLine = "", ...lines] = head.split(/\r?\n/);
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon === -1) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const earlier = fields.get(name);
    fields.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  const status = Number(statusLine.split(" ")[1] ?? "");
  const framing = framingOf(status, method, fields);
  return {
    status,
    statusLine,
    fields,
    framing,
    contentBytes: 0,
    isComplete: false,
    isLast: isLastOf(statusLine, fields, framing),
    headAtMs: nowMs,
    completeAtMs: null,
  };
}

function framingOf(status: number, method: string, fields: ReadonlyMap<string, string>): Framing {
  const isBare = method === "HEAD" || status < 200 || status === 204 || status === 304;
  if (isBare || (method === "CONNECT" && status < 300)) return "none";
  const coding = fields.get("transfer-encoding");
  if (coding !== undefined) return /(?:^|,)\s*chunked\s*$/i.test(coding) ? "chunked" : "close";
  return fields.has("content-length") ? "length" : "close";
}

function declaredLength(fields: ReadonlyMap<string, string>): number {
  const length = Number(fields.get("content-length")?.split(",")[0]);
  return Number.isSafeInteger(length) && length > 0 ? length : 0;
}

function isLastOf(
  statusLine: string,
  fields: ReadonlyMap<string, string>,
  framing: Framing,
): boolean {
  const options = (fields.get("connection") ?? "")
    .toLowerCase()
    .split(",")
    .map((option) => option.trim());
  if (framing === "close" || options.includes("close")) return true;
  return statusLine.startsWith("HTTP/1.0") && !options.includes("keep-alive");
}
