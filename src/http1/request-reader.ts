import { ByteQueue } from "../base/byte-queue.ts";
import { allocateBytes } from "../base/latin1.ts";
import { ChunkedParser } from "./chunked-parser.ts";
import { PeerProtocolError, type PeerProtocolErrorCode } from "./error.ts";
import { FieldParser } from "./field-parser.ts";
import type { ReaderLimits } from "./limits.ts";
import type { RequestFields, RequestHead } from "./request-head.ts";
import { type ParseResult, RequestLineParser } from "./request-line-parser.ts";
import { RequestSemantics } from "./request-semantics.ts";

// Turns received bytes into the events of RFC 9112 requests. No sockets, no timers, no clock.
//
// Events are pulled, one at a time: what nobody has asked for stays unparsed, so an error behind a
// good request cannot overtake the answer to that request.

export type ReaderEvent =
  | RequestHead
  | { readonly type: "body"; readonly bytes: Uint8Array }
  /** The request is complete. `trailers` is `null` without a trailer section. */
  | { readonly type: "message-end"; readonly trailers: RequestFields | null }
  /** The peer's FIN arrived between messages, which is the polite place for it. */
  | { readonly type: "peer-ended" }
  /** Always the last event: message boundaries are lost, so nothing after it is read. */
  | { readonly type: "peer-protocol-error"; readonly error: PeerProtocolError };

type Phase =
  | "request-line"
  | "header-section"
  | "no-body"
  | "length-body"
  | "chunk-header"
  | "chunk-data"
  | "trailer-section"
  | "tunnel"
  | "failing"
  | "failed"
  | "ended";

/**
 * Chunks below the first size are joined with those behind them, up to the second. A body event of
 * its own for each chunk of one byte costs 109 bytes of heap (measured), of which no limit knows.
 */
const SMALL_CHUNK_BYTES = 512;
const JOIN_LIMIT_BYTES = 4_096;

const MESSAGE_END: ReaderEvent = Object.freeze({ type: "message-end", trailers: null });
const PEER_ENDED: ReaderEvent = Object.freeze({ type: "peer-ended" });

export class RequestReader {
  readonly limits: ReaderLimits;
  readonly #queue = new ByteQueue();
  readonly #line: RequestLineParser;
  readonly #semantics = new RequestSemantics();
  readonly #header: FieldParser;
  #chunked: ChunkedParser | null = null;
  #trailer: FieldParser | null = null;
  #phase: Phase = "request-line";
  #receivedBytes = 0;
  #remainingBytes = 0;
  #contentBytes = 0;
  #peerEnded = false;
  /** Found behind content that has to be given first; reported in phase `"failing"`. */
  #pendingError: PeerProtocolErrorCode = "FINWAIT_CHUNK_INVALID";

  constructor(limits: ReaderLimits) {
    this.limits = limits;
    this.#line = new RequestLineParser(limits.requestLineLimitBytes);
    this.#header = new FieldParser(limits, this.#semantics);
  }

  /** Bytes received and not yet turned into events. */
  get bufferedBytes(): number {
    return this.#queue.length;
  }

  /** True between messages, when not one byte of the next one has arrived. */
  get isBetweenMessages(): boolean {
    return this.#phase === "request-line" && this.#queue.length === 0 && this.#line.isAtStart;
  }

  /** Bytes of the declared body still to come; `null` if the framing does not say. */
  get remainingBodyBytes(): number | null {
    if (this.#phase === "length-body") return this.#remainingBytes;
    return this.#phase === "chunk-header" ||
      this.#phase === "chunk-data" ||
      this.#phase === "trailer-section" ||
      this.#phase === "failing"
      ? null
      : 0;
  }

  /** Takes bytes as they arrived, split anywhere. How they were split never changes the events. */
  receive(bytes: Uint8Array): void {
    this.#receivedBytes += bytes.byteLength;
    if (this.#phase !== "failed") this.#queue.append(bytes);
  }

  /** The peer sent FIN. Events of complete messages before it are still to be read. */
  receiveEnd(): void {
    this.#peerEnded = true;
  }

  /**
   * The next event, or `null` until more arrives. Never throws for what the peer sent: the events
   * before a violation would be lost.
   */
  read(): ReaderEvent | null {
    switch (this.#phase) {
      case "request-line":
      case "header-section":
        return this.#readHead();
      case "no-body":
        this.#phase = "request-line";
        return MESSAGE_END;
      case "length-body":
      case "chunk-data":
        return this.#readContent();
      case "chunk-header":
        return this.#readChunkHeader();
      case "trailer-section":
        return this.#readTrailers();
      case "tunnel":
        return this.#readTunnel();
      case "failing":
        return this.#fail(this.#pendingError);
      case "failed":
      case "ended":
        return null;
    }
  }

  /** What follows is no HTTP any more: all of it is one body, until the peer's FIN. */
  switchProtocols(): void {
    this.#phase = "tunnel";
  }

  /** Forgets everything, to serve another connection. */
  reset(): void {
    this.#queue.clear();
    this.#line.reset();
    this.#phase = "request-line";
    this.#receivedBytes = 0;
    this.#remainingBytes = 0;
    this.#peerEnded = false;
  }

  #readHead(): ReaderEvent | null {
    if (this.#phase === "request-line") {
      const result = this.#line.parse(this.#queue);
      if (result !== "done") return this.#stop(result);
      this.#phase = "header-section";
      this.#semantics.reset();
      this.#header.reset(this.#line.consumedBytes);
    }
    const result = this.#header.parse(this.#queue);
    if (result !== "done") return this.#stop(result);
    const { method, target, version } = this.#line;
    this.#line.reset();
    const semantics = this.#semantics;
    const error = semantics.conclude(method, target, version, this.limits.bodyLimitBytes);
    if (error !== null) return this.#fail(error);
    this.#startBody();
    return {
      type: "request-head",
      method,
      target,
      targetForm: semantics.targetForm,
      version,
      authority: semantics.authority,
      framing: semantics.framing,
      isPersistent: semantics.isPersistent,
      expectsContinue: semantics.expectsContinue,
      hasUpgrade: semantics.hasUpgrade,
      fields: this.#header.fields,
    };
  }

  #startBody(): void {
    const { framing } = this.#semantics;
    switch (framing.type) {
      case "none":
        this.#phase = "no-body";
        break;
      case "length":
        this.#phase = "length-body";
        this.#remainingBytes = framing.bytes;
        break;
      case "chunked":
        this.#phase = "chunk-header";
        this.#contentBytes = 0;
        this.#chunked ??= new ChunkedParser(this.limits);
        this.#chunked.reset();
        break;
    }
  }

  #readContent(): ReaderEvent | null {
    if (this.#remainingBytes === 0) {
      this.#phase = "request-line";
      return MESSAGE_END;
    }
    if (this.#queue.length === 0) return this.#stop("more");
    const isChunk = this.#phase === "chunk-data";
    const bytes = this.#takeContent(this.#remainingBytes);
    const mayJoin = isChunk && this.#remainingBytes === 0 && bytes.byteLength < SMALL_CHUNK_BYTES;
    return { type: "body", bytes: mayJoin ? this.#joinChunks(bytes) : bytes };
  }

  #takeContent(limitBytes: number): Uint8Array {
    const bytes = this.#queue.take(Math.min(limitBytes, this.#remainingBytes));
    this.#remainingBytes -= bytes.byteLength;
    if (this.#remainingBytes === 0 && this.#phase === "chunk-data") {
      this.#phase = "chunk-header";
      this.#chunked?.receiveChunkEnd();
    }
    return bytes;
  }

  /** `first`, and the content of the chunks behind it as far as they have arrived. */
  #joinChunks(first: Uint8Array): Uint8Array {
    let joined = first;
    let length = first.byteLength;
    while (this.#remainingBytes === 0 && length < JOIN_LIMIT_BYTES) {
      const result = this.#parseChunkHeader();
      if (result !== "done" && result !== "more") {
        this.#pendingError = result;
        this.#phase = "failing";
      }
      if (result !== "done" || this.#remainingBytes === 0 || this.#queue.length === 0) break;
      if (joined === first) {
        joined = allocateBytes(Math.min(length + this.#queue.length, JOIN_LIMIT_BYTES));
        joined.set(first);
      }
      const piece = this.#takeContent(JOIN_LIMIT_BYTES - length);
      joined.set(piece, length);
      length += piece.byteLength;
    }
    return joined === first ? first : joined.subarray(0, length);
  }

  #readTunnel(): ReaderEvent | null {
    const { length } = this.#queue;
    if (length > 0) return { type: "body", bytes: this.#queue.take(length) };
    if (!this.#peerEnded) return null;
    this.#phase = "ended";
    return MESSAGE_END;
  }

  #readChunkHeader(): ReaderEvent | null {
    const result = this.#parseChunkHeader();
    if (result !== "done") return this.#stop(result);
    return this.#remainingBytes === 0 ? this.#readTrailers() : this.#readContent();
  }

  /** On `"done"` a chunk's data follows, of `#remainingBytes`; of none, the trailer section. */
  #parseChunkHeader(): ParseResult {
    const chunked = this.#chunked as ChunkedParser;
    const result = chunked.parse(this.#queue);
    if (result !== "done") return result;
    this.#remainingBytes = chunked.sizeBytes;
    if (chunked.sizeBytes === 0) {
      this.#phase = "trailer-section";
      this.#trailer ??= new FieldParser(this.limits, null);
      this.#trailer.reset(0);
      return "done";
    }
    this.#contentBytes += chunked.sizeBytes;
    this.#phase = "chunk-data";
    return this.#contentBytes > this.limits.bodyLimitBytes ? "FINWAIT_BODY_TOO_LARGE" : "done";
  }

  #readTrailers(): ReaderEvent | null {
    const trailer = this.#trailer as FieldParser;
    const result = trailer.parse(this.#queue);
    if (result !== "done") return this.#stop(result);
    this.#phase = "request-line";
    const hasFields = !trailer.fields[Symbol.iterator]().next().done;
    return hasFields ? { type: "message-end", trailers: trailer.fields } : MESSAGE_END;
  }

  /** There is no event now: more bytes must come, or the peer's FIN or an error has decided. */
  #stop(result: Exclude<ParseResult, "done">): ReaderEvent | null {
    if (result !== "more") return this.#fail(result);
    if (!this.#peerEnded) return null;
    if (this.isBetweenMessages) {
      this.#phase = "ended";
      return PEER_ENDED;
    }
    return this.#fail("FINWAIT_MESSAGE_INCOMPLETE");
  }

  #fail(code: PeerProtocolErrorCode): ReaderEvent {
    const acceptedBytes = this.#receivedBytes - this.#queue.length;
    this.#phase = "failed";
    this.#queue.clear();
    const error = new PeerProtocolError(code, acceptedBytes, DETAILS[code]);
    return { type: "peer-protocol-error", error };
  }
}

/** One sentence for each code: what was found. The received bytes are never quoted. */
const DETAILS: { readonly [C in PeerProtocolErrorCode]: string } = {
  FINWAIT_BODY_TOO_LARGE: "the body is larger than bodyLimitBytes",
  FINWAIT_CHUNK_EXTENSIONS_TOO_LARGE: "chunk extensions exceed chunkExtensionsLimitBytes",
  FINWAIT_CHUNK_INVALID: "a chunk does not start with its size, or does not end with CRLF",
  FINWAIT_CONNECT_REFUSED: "CONNECT is for proxies, and this is an origin server",
  FINWAIT_CONTENT_LENGTH_INVALID: "Content-Length must occur once, and be digits only",
  FINWAIT_EXPECTATION_UNKNOWN: "the only expectation there is, is 100-continue",
  FINWAIT_FIELD_LINE_INVALID: "a field line must be a name, a colon, a value and CRLF",
  FINWAIT_FIELD_LINE_TOO_LONG: "a field line is longer than fieldLineLimitBytes",
  FINWAIT_FIELDS_TOO_MANY: "there are more field lines than fieldCountLimit",
  FINWAIT_FRAMING_AMBIGUOUS: "Transfer-Encoding must be chunked alone, without Content-Length",
  FINWAIT_HEAD_TOO_LARGE: "the header section is larger than headLimitBytes",
  FINWAIT_HOST_INVALID: "Host must occur once, and be a host and an optional port",
  FINWAIT_LENGTH_REQUIRED: "a POST or PUT in HTTP/1.0 needs Content-Length",
  FINWAIT_MESSAGE_INCOMPLETE: "the connection ended inside a request",
  FINWAIT_METHOD_TOO_LONG: "the method is longer than any known one",
  FINWAIT_OBS_FOLD: "a field line is folded",
  FINWAIT_REQUEST_LINE_INVALID: "the request-line must be method, target, version and CRLF",
  FINWAIT_TARGET_INVALID: "the request target has none of the four forms, or a forbidden byte",
  FINWAIT_TARGET_TOO_LONG: "the request-line is longer than requestLineLimitBytes",
  FINWAIT_TRANSFER_CODING_UNKNOWN: "chunked is the only transfer coding understood",
  FINWAIT_VERSION_UNSUPPORTED: "only HTTP/1.0 and HTTP/1.1 are understood",
};
