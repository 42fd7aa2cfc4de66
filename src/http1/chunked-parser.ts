import type { ByteQueue } from "../base/byte-queue.ts";
import { CR, HEX_VALUE, HTAB, IS_TOKEN, LF, SP } from "./characters.ts";
import type { ReaderLimits } from "./limits.ts";
import type { ParseResult } from "./request-line-parser.ts";

// The framing lines of the chunked coding: sizes, extensions, the CRLF behind each chunk. RFC 9112
// §7.1.
//
// Extensions are checked against their grammar and thrown away. Sizes are hexadecimal digits only:
// no sign, no "0x", no whitespace behind them but before an extension.

/** Sizes above 2^53 could not be counted; 13 hexadecimal digits stay below it. */
const SIZE_DIGIT_LIMIT = 13;

type Part =
  | "size"
  | "before-extension"
  | "extension-name-start"
  | "extension-name"
  | "after-name"
  | "extension-value-start"
  | "extension-token"
  | "extension-quoted"
  | "extension-escape"
  | "after-value"
  | "line-feed"
  | "data-carriage-return"
  | "data-line-feed";

export class ChunkedParser {
  /**
   * The size of the chunk that begins, in bytes, after `parse` returned `"done"`. 0: the last
   * chunk.
   */
  sizeBytes = 0;
  readonly #limits: ReaderLimits;
  #part: Part = "size";
  #digitCount = 0;
  #extensionBytes = 0;

  constructor(limits: ReaderLimits) {
    this.#limits = limits;
  }

  reset(): void {
    this.#part = "size";
    this.#digitCount = 0;
    this.#extensionBytes = 0;
    this.sizeBytes = 0;
  }

  /** Says that the chunk's data has been taken, so that its CRLF comes next. */
  receiveChunkEnd(): void {
    this.#part = "data-carriage-return";
  }

  /** Goes on where it stopped. On `"done"` a chunk header has been consumed. */
  parse(queue: ByteQueue): ParseResult {
    while (queue.length > 0) {
      const byte = queue.bytes[queue.start] as number;
      const result = this.#step(byte);
      if (result !== "more" && result !== "done") return result;
      queue.consume(1);
      if (result === "done") return "done";
    }
    return "more";
  }

  #step(byte: number): ParseResult {
    switch (this.#part) {
      case "size":
        return this.#stepSize(byte);
      case "line-feed":
        if (byte !== LF) return "FINWAIT_CHUNK_INVALID";
        this.#digitCount = 0;
        return "done";
      case "data-carriage-return":
        return this.#go(byte === CR ? "data-line-feed" : null);
      case "data-line-feed":
        this.sizeBytes = 0;
        return this.#go(byte === LF ? "size" : null);
      default:
        this.#extensionBytes += 1;
        if (this.#extensionBytes > this.#limits.chunkExtensionsLimitBytes) {
          return "FINWAIT_CHUNK_EXTENSIONS_TOO_LARGE";
        }
        return this.#go(nextExtensionPart(this.#part, byte));
    }
  }

  #stepSize(byte: number): ParseResult {
    const value = HEX_VALUE[byte] as number;
    if (value !== 255) {
      this.#digitCount += 1;
      if (this.#digitCount > SIZE_DIGIT_LIMIT) return "FINWAIT_CHUNK_INVALID";
      this.sizeBytes = this.sizeBytes * 16 + value;
      return "more";
    }
    return this.#go(this.#digitCount === 0 ? null : nextExtensionPart("after-value", byte));
  }

  #go(part: Part | null): ParseResult {
    if (part === null) return "FINWAIT_CHUNK_INVALID";
    this.#part = part;
    return "more";
  }
}

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * `chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`, one byte at a
 * time. "Bad" whitespace is read as §7.1.1 demands. `null`: not in the grammar.
 */
function nextExtensionPart(part: Part, byte: number): Part | null {
  const isWhitespace = byte === SP || byte === HTAB;
  switch (part) {
    case "after-value":
    case "extension-token":
    case "extension-name":
    case "after-name":
    case "before-extension":
      if (part === "extension-token" || part === "extension-name") {
        if (IS_TOKEN[byte] === 1) return part;
      }
      if (byte === EQUALS && (part === "extension-name" || part === "after-name")) {
        return "extension-value-start";
      }
      if (byte === SEMICOLON) return "extension-name-start";
      if (isWhitespace) {
        return part === "extension-name" || part === "after-name"
          ? "after-name"
          : "before-extension";
      }
      // Whitespace may stand before ";" and "=" only, so a line that ends in it is refused.
      return byte === CR && part !== "before-extension" && part !== "after-name"
        ? "line-feed"
        : null;
    case "extension-name-start":
      if (isWhitespace) return part;
      return IS_TOKEN[byte] === 1 ? "extension-name" : null;
    case "extension-value-start":
      if (isWhitespace) return part;
      if (byte === QUOTE) return "extension-quoted";
      return IS_TOKEN[byte] === 1 ? "extension-token" : null;
    case "extension-quoted":
      if (byte === QUOTE) return "after-value";
      if (byte === BACKSLASH) return "extension-escape";
      return isQuotedText(byte) ? part : null;
    case "extension-escape":
      return isQuotedText(byte) ? "extension-quoted" : null;
    default:
      return null;
  }
}

/** `qdtext` and what may follow a backslash: HTAB, SP, VCHAR, obs-text (RFC 9110 §5.6.4). */
function isQuotedText(byte: number): boolean {
  return byte === HTAB || (byte >= SP && byte !== 0x7f);
}
