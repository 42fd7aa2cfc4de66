import type { ByteQueue } from "../base/byte-queue.ts";
import { latin1Text } from "../base/latin1.ts";
import { CR, IS_TARGET, IS_TOKEN, LF, SP } from "./characters.ts";
import type { PeerProtocolErrorCode } from "./error.ts";
import { METHOD_LIMIT_BYTES } from "./limits.ts";
import type { HttpVersion } from "./request-head.ts";

// The request-line, byte by byte and resumable at each of them. RFC 9112 §3.
//
// Casts in index positions (`bytes[at] as number`) say what the loop bound has already made sure
// of.

/** What a resumable parser says: finished, wants more bytes, or why it cannot go on. */
export type ParseResult = "done" | "more" | PeerProtocolErrorCode;

/** One empty line before the request-line is skipped: old clients send it after a POST (§2.2). */
const EMPTY_LINE_LIMIT = 1;

const VERSION_PREFIX = [0x48, 0x54, 0x54, 0x50, 0x2f];
const VERSION_BYTES = "HTTP/1.1\r\n".length;
const DOT = 0x2e;

type Part = "start" | "method" | "target" | "version" | "done";

export class RequestLineParser {
  method = "";
  target = "";
  version: HttpVersion = "1.1";
  /** The bytes of the line and of an empty line before it, once `parse` has returned `"done"`. */
  consumedBytes = 0;
  readonly #lineLimitBytes: number;
  #part: Part = "start";
  #emptyLineCount = 0;
  /** Offsets count from the front of the queue; nothing is consumed before the line is complete. */
  #offset = 0;
  #targetStart = 0;
  #versionStart = 0;
  #majorDigit = 0;
  #minorDigit = 0;

  constructor(lineLimitBytes: number) {
    this.#lineLimitBytes = lineLimitBytes;
  }

  /** True before the first byte of a request-line, where a peer's FIN is polite. */
  get isAtStart(): boolean {
    return this.#part === "start" && this.#offset === 0;
  }

  reset(): void {
    this.#part = "start";
    this.#emptyLineCount = 0;
    this.#offset = 0;
  }

  /** Goes on where it stopped. On `"done"` the line, with its CRLF, has been consumed. */
  parse(queue: ByteQueue): ParseResult {
    if (this.#part === "start") {
      const result = this.#parseStart(queue);
      if (result !== "done") return result;
    }
    if (this.#part === "method") {
      const result = this.#parseMethod(queue);
      if (result !== "done") return result;
    }
    if (this.#part === "target") {
      const result = this.#parseTarget(queue);
      if (result !== "done") return result;
    }
    return this.#parseVersion(queue);
  }

  #parseStart(queue: ByteQueue): ParseResult {
    while (this.#offset < queue.length) {
      const byte = queue.bytes[queue.start + this.#offset];
      if (this.#offset === 1) {
        if (byte !== LF) return "FINWAIT_REQUEST_LINE_INVALID";
        queue.consume(2);
        this.#offset = 0;
        this.#emptyLineCount += 1;
      } else if (byte === CR && this.#emptyLineCount < EMPTY_LINE_LIMIT) {
        this.#offset = 1;
      } else {
        this.#part = "method";
        return "done";
      }
    }
    return "more";
  }

  #parseMethod(queue: ByteQueue): ParseResult {
    const { bytes, start } = queue;
    const end = Math.min(queue.end, start + METHOD_LIMIT_BYTES + 1);
    let at = start + this.#offset;
    while (at < end && IS_TOKEN[bytes[at] as number] === 1) at++;
    this.#offset = at - start;
    if (this.#offset > METHOD_LIMIT_BYTES) return "FINWAIT_METHOD_TOO_LONG";
    if (at === end) return "more";
    if (bytes[at] !== SP || at === start) return "FINWAIT_REQUEST_LINE_INVALID";
    this.method = methodText(bytes, start, at);
    this.#offset += 1;
    this.#targetStart = this.#offset;
    this.#part = "target";
    return "done";
  }

  #parseTarget(queue: ByteQueue): ParseResult {
    const { bytes, start } = queue;
    const lineEnd = start + this.#lineLimitBytes;
    const end = Math.min(queue.end, lineEnd);
    let at = start + this.#offset;
    while (at < end && IS_TARGET[bytes[at] as number] === 1) at++;
    this.#offset = at - start;
    if (at === queue.end) return "more";
    if (at >= lineEnd) return "FINWAIT_TARGET_TOO_LONG";
    if (bytes[at] !== SP) {
      // A control byte or a second word is a broken line; any other byte is a broken target.
      return bytes[at] === CR || bytes[at] === LF
        ? "FINWAIT_REQUEST_LINE_INVALID"
        : "FINWAIT_TARGET_INVALID";
    }
    if (this.#offset === this.#targetStart) return "FINWAIT_REQUEST_LINE_INVALID";
    this.target = latin1Text(bytes, start + this.#targetStart, at);
    this.#offset += 1;
    this.#versionStart = this.#offset;
    this.#part = "version";
    return "done";
  }

  #parseVersion(queue: ByteQueue): ParseResult {
    const { bytes, start } = queue;
    const end = Math.min(queue.end, start + this.#versionStart + VERSION_BYTES);
    let at = start + this.#offset;
    while (at < end) {
      const index = at - start - this.#versionStart;
      if (!this.#isVersionByte(bytes[at] as number, index)) return "FINWAIT_REQUEST_LINE_INVALID";
      at += 1;
      // HTTP/2.0's preface is among these, and "HTTP/0.9" written out.
      if (index === 7 && this.#majorDigit !== 1) return "FINWAIT_VERSION_UNSUPPORTED";
    }
    this.#offset = at - start;
    if (this.#offset - this.#versionStart < VERSION_BYTES) return "more";
    if (this.#versionStart + VERSION_BYTES - 2 > this.#lineLimitBytes) {
      return "FINWAIT_TARGET_TOO_LONG";
    }
    // RFC 9110 §2.5: a higher minor version is understood as the highest one we know.
    this.version = this.#minorDigit === 0 ? "1.0" : "1.1";
    this.#part = "done";
    this.consumedBytes = this.#offset + 2 * this.#emptyLineCount;
    queue.consume(this.#offset);
    return "done";
  }

  #isVersionByte(byte: number, index: number): boolean {
    if (index < 5) return byte === VERSION_PREFIX[index];
    if (index === 6) return byte === DOT;
    if (index === 8) return byte === CR;
    if (index === 9) return byte === LF;
    const digit = byte - 0x30;
    if (digit < 0 || digit > 9) return false;
    if (index === 5) this.#majorDigit = digit;
    else this.#minorDigit = digit;
    return true;
  }
}

/**
 * The method as a string, without a native call for the common ones. Methods are case-sensitive.
 */
function methodText(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45) {
    return bytes[start + 2] === 0x54 ? "GET" : latin1Text(bytes, start, end);
  }
  return latin1Text(bytes, start, end);
}
