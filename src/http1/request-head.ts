import { latin1Text } from "../base/latin1.ts";
import type { BodyFraming } from "./framing.ts";

// One request's request-line and header section, after validation. RFC 9112 §3, §5.
//
// The bytes are turned into one string; fields become strings of their own when somebody asks.

/** The version that rules a request: a minor version above 1 is treated as 1.1 (RFC 9110 §2.5). */
export type HttpVersion = "1.0" | "1.1";

/** The four forms of a request target (RFC 9112 §3.2). Authority-form is refused with CONNECT. */
export type TargetForm = "origin" | "absolute" | "asterisk";

/** Field lines in the order received. Names compare without case. */
export interface RequestFields extends Iterable<readonly [name: string, value: string]> {
  /** The value of `name`, given in lower case; several lines are joined with `", "`. */
  get(name: string): string | undefined;
  has(name: string): boolean;
}

/** What the reader found out about a request while it validated it. */
export interface RequestFacts {
  readonly method: string;
  readonly target: string;
  readonly targetForm: TargetForm;
  readonly version: HttpVersion;
  /** The authority of an absolute-form target, else the Host field; `""` if there is neither. */
  readonly authority: string;
  readonly framing: BodyFraming;
  /** What the request says about persistence; a policy may still say no. RFC 9112 §9.3. */
  readonly isPersistent: boolean;
  /** The client waits for 100 (Continue) before it sends the body. RFC 9110 §10.1.1. */
  readonly expectsContinue: boolean;
  /** An Upgrade field named by Connection is present. Ignored unless a handler takes it. */
  readonly hasUpgrade: boolean;
  /** The client cannot read HTTP/1.1, whatever it says: the status-line has to be 1.0 as well. */
  readonly isDowngraded?: true;
}

/** A complete, valid request-line and header section. */
export interface RequestHead extends RequestFacts {
  readonly type: "request-head";
  readonly fields: RequestFields;
}

/**
 * `head` as if it had come in HTTP/1.0 without persistence, for clients that are known not to
 * understand what they ask for: no chunked coding, no 100 (Continue), no Upgrade.
 */
export function downgraded(head: RequestHead): RequestHead {
  return {
    ...head,
    version: "1.0",
    isPersistent: false,
    expectsContinue: false,
    hasUpgrade: false,
    isDowngraded: true,
  };
}

/** Validated field lines as one latin1 text, split when first asked for. */
export class TextFields implements RequestFields {
  #text: string;
  #lines: [name: string, value: string][] | null = null;
  #lowerNames: string[] = [];

  /** Takes field lines, each ending in CRLF, which the reader has validated. */
  constructor(text: string) {
    this.#text = text;
  }

  /** The field lines in `bytes` from `start` to `end`, which the reader has validated. */
  static of(bytes: Uint8Array, start: number, end: number): TextFields {
    return new TextFields(latin1Text(bytes, start, end));
  }

  get(name: string): string | undefined {
    const lines = this.#split();
    const names = this.#lowerNames;
    let joined: string | undefined;
    for (let index = 0; index < names.length; index++) {
      if (names[index] !== name) continue;
      const value = (lines[index] as [string, string])[1];
      // Cookie is a list joined by semicolons when it comes in several lines (RFC 6265 §5.4).
      if (joined === undefined) joined = value;
      else joined += (name === "cookie" ? "; " : ", ") + value;
    }
    return joined;
  }

  has(name: string): boolean {
    this.#split();
    return this.#lowerNames.includes(name);
  }

  [Symbol.iterator](): IterableIterator<readonly [string, string]> {
    return this.#split()[Symbol.iterator]();
  }

  #split(): [string, string][] {
    if (this.#lines !== null) return this.#lines;
    const lines: [string, string][] = [];
    const text = this.#text;
    let start = 0;
    while (start < text.length) {
      const end = text.indexOf("\r\n", start);
      const colon = text.indexOf(":", start);
      const name = text.slice(start, colon);
      lines.push([name, trimOptionalWhitespace(text, colon + 1, end)]);
      this.#lowerNames.push(name.toLowerCase());
      start = end + 2;
    }
    this.#lines = lines;
    this.#text = "";
    return lines;
  }
}

/**
 * The part of `text` without the whitespace around it: SP and HTAB (RFC 9112 §5.1), nothing else.
 * `String.prototype.trim` would also take U+00A0, which is obs-text and part of the value.
 */
export function trimOptionalWhitespace(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isOptionalWhitespace(text.charCodeAt(start))) start++;
  while (end > start && isOptionalWhitespace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isOptionalWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
