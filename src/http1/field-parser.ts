import type { ByteQueue } from "../base/byte-queue.ts";
import { COLON, CR, HTAB, IS_FIELD_VALUE, IS_TOKEN, LF, SP } from "./characters.ts";
import type { PeerProtocolErrorCode } from "./error.ts";
import type { ReaderLimits } from "./limits.ts";
import { TextFields } from "./request-head.ts";
import type { ParseResult } from "./request-line-parser.ts";

// A header or trailer section, byte by byte and resumable at each of them. RFC 9112 §5, §7.1.2.
//
// Strict where parsers have been played against each other: CRLF only, no whitespace before the
// colon (§5.1), no line folding (§5.2), no control bytes (RFC 9110 §5.5).

/** Sees each complete field line; may refuse it. Positions are in `bytes`, the value is trimmed. */
export interface FieldVisitor {
  visitField(
    bytes: Uint8Array,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
  ): PeerProtocolErrorCode | null;
}

type Part = "line-start" | "name" | "value" | "line-feed" | "last-line-feed";

export class FieldParser {
  /** The section's fields, after `parse` returned `"done"`. */
  fields: TextFields = NO_FIELDS;
  readonly #limits: ReaderLimits;
  readonly #visitor: FieldVisitor | null;
  #part: Part = "line-start";
  /**
   * Offsets count from the front of the queue; nothing is consumed before the section is complete.
   */
  #offset = 0;
  #lineStart = 0;
  #nameEnd = 0;
  #lineCount = 0;
  #sectionLimitBytes = 0;

  constructor(limits: ReaderLimits, visitor: FieldVisitor | null) {
    this.#limits = limits;
    this.#visitor = visitor;
    this.#sectionLimitBytes = limits.headLimitBytes;
  }

  /** Begins a new section, of which `usedBytes` of the head limit are used already. */
  reset(usedBytes: number): void {
    this.#part = "line-start";
    this.#offset = 0;
    this.#lineCount = 0;
    this.#sectionLimitBytes = this.#limits.headLimitBytes - usedBytes;
    this.fields = NO_FIELDS;
  }

  /** Goes on where it stopped. On `"done"` the section, with its empty line, has been consumed. */
  parse(queue: ByteQueue): ParseResult {
    const end = queue.end;
    while (queue.start + this.#offset < end) {
      const result = this.#step(queue);
      if (result === "done") {
        if (this.#lineCount > 0) {
          // The two bytes behind the last field line are the empty line that ends the section.
          const textEnd = queue.start + this.#offset - 2;
          this.fields = TextFields.of(queue.bytes, queue.start, textEnd);
        }
        queue.consume(this.#offset);
        return "done";
      }
      if (result !== "more") return result;
    }
    return "more";
  }

  /** Parses as much of the current part as there is. `"more"` also means: the next part follows. */
  #step(queue: ByteQueue): ParseResult {
    switch (this.#part) {
      case "line-start":
        return this.#parseLineStart(queue.bytes[queue.start + this.#offset] as number);
      case "name":
        return this.#parseName(queue);
      case "value":
        return this.#parseValue(queue);
      case "line-feed":
        return this.#parseLineFeed(queue);
      case "last-line-feed":
        if (queue.bytes[queue.start + this.#offset] !== LF) return "FINWAIT_FIELD_LINE_INVALID";
        this.#offset += 1;
        return this.#offset > this.#sectionLimitBytes ? "FINWAIT_HEAD_TOO_LARGE" : "done";
    }
  }

  #parseLineStart(byte: number): ParseResult {
    if (byte === CR) {
      this.#offset += 1;
      this.#part = "last-line-feed";
      return "more";
    }
    if (byte === SP || byte === HTAB) {
      // Before the first field line this is not a fold, but whitespace that RFC 9112 §2.2 forbids.
      return this.#lineCount > 0 ? "FINWAIT_OBS_FOLD" : "FINWAIT_FIELD_LINE_INVALID";
    }
    if (this.#lineCount >= this.#limits.fieldCountLimit) return "FINWAIT_FIELDS_TOO_MANY";
    this.#lineStart = this.#offset;
    this.#part = "name";
    return "more";
  }

  #parseName(queue: ByteQueue): ParseResult {
    const { bytes, start } = queue;
    const limit = this.#lineLimit(start);
    const end = Math.min(queue.end, limit);
    let at = start + this.#offset;
    while (at < end && IS_TOKEN[bytes[at] as number] === 1) at++;
    this.#offset = at - start;
    if (at === queue.end) return "more";
    if (at >= limit) return this.#limitError();
    if (bytes[at] !== COLON || this.#offset === this.#lineStart)
      return "FINWAIT_FIELD_LINE_INVALID";
    this.#nameEnd = this.#offset;
    this.#offset += 1;
    this.#part = "value";
    return "more";
  }

  #parseValue(queue: ByteQueue): ParseResult {
    const { bytes, start } = queue;
    const limit = this.#lineLimit(start);
    const end = Math.min(queue.end, limit);
    let at = start + this.#offset;
    while (at < end && IS_FIELD_VALUE[bytes[at] as number] === 1) at++;
    this.#offset = at - start;
    if (at === queue.end) return "more";
    if (bytes[at] === CR) {
      this.#offset += 1;
      this.#part = "line-feed";
      return "more";
    }
    return at >= limit ? this.#limitError() : "FINWAIT_FIELD_LINE_INVALID";
  }

  #parseLineFeed(queue: ByteQueue): ParseResult {
    const { bytes, start } = queue;
    if (bytes[start + this.#offset] !== LF) return "FINWAIT_FIELD_LINE_INVALID";
    this.#lineCount += 1;
    this.#offset += 1;
    this.#part = "line-start";
    if (this.#offset > this.#sectionLimitBytes) return "FINWAIT_HEAD_TOO_LARGE";
    if (this.#visitor === null) return "more";
    let valueStart = start + this.#nameEnd + 1;
    let valueEnd = start + this.#offset - 2;
    while (valueStart < valueEnd && isWhitespace(bytes[valueStart] as number)) valueStart++;
    while (valueEnd > valueStart && isWhitespace(bytes[valueEnd - 1] as number)) valueEnd--;
    const nameStart = start + this.#lineStart;
    const nameEnd = start + this.#nameEnd;
    return this.#visitor.visitField(bytes, nameStart, nameEnd, valueStart, valueEnd) ?? "more";
  }

  /** The first position that the current line may not reach, by whichever limit comes first. */
  #lineLimit(start: number): number {
    const lineEnd = this.#lineStart + this.#limits.fieldLineLimitBytes;
    return start + Math.min(lineEnd, this.#sectionLimitBytes);
  }

  #limitError(): PeerProtocolErrorCode {
    const lineEnd = this.#lineStart + this.#limits.fieldLineLimitBytes;
    return lineEnd <= this.#sectionLimitBytes
      ? "FINWAIT_FIELD_LINE_TOO_LONG"
      : "FINWAIT_HEAD_TOO_LARGE";
  }
}

function isWhitespace(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

const NO_FIELDS = new TextFields("");
