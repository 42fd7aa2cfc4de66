import { LocalProtocolError } from "../base/error.ts";
import { concatBytes, latin1Bytes } from "../base/latin1.ts";
import type { HttpVersion } from "./request-head.ts";
import { type FieldLines, type LaidOutFields, layOutTrailers } from "./response-fields.ts";
import { reasonPhrase } from "./status.ts";

// The bytes of one response, and the promise that its framing is kept. RFC 9112 §4, §6, §7.
//
// Knows no transport: every method returns what is to be sent, and the caller sends it in order.

/** How the peer will know the end of the content. RFC 9112 §6.3. */
export type ContentFraming = "none" | "length" | "chunked" | "until-close";

/** What a response depends on. A server answers in 1.1 what came in 1.0 (RFC 9110 §2.5). */
export interface RequestTraits {
  readonly method: string;
  readonly version: HttpVersion;
  /** The client is known not to read a status-line of HTTP/1.1. */
  readonly isDowngraded?: true;
}

/** What the head says about the connection. */
export interface HeadOptions {
  /** The value of the Date field. */
  readonly date: string;
  /** False adds `Connection: close`. */
  readonly isPersistent: boolean;
  /** The value of a Keep-Alive field to advertise, or `""`. Sent with persistent responses only. */
  readonly keepAlive: string;
}

/** 100 (Continue), complete. */
export const CONTINUE_BYTES: Uint8Array = latin1Bytes("HTTP/1.1 100 Continue\r\n\r\n");

const CRLF_BYTES = latin1Bytes("\r\n");
const EMPTY = new Uint8Array(0);

/** The head of a 101, behind which the bytes are another protocol's. RFC 9110 §15.2.2. */
export function switchingHead(fields: LaidOutFields): string {
  return `HTTP/1.1 101 ${reasonPhrase(101)}\r\n${fields.text}Connection: Upgrade\r\n\r\n`;
}

/** Statuses whose responses have no content by definition. RFC 9110 §6.4.1. */
export function isContentForbidden(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 304;
}

export class ResponseWriter {
  readonly framing: ContentFraming;
  readonly #version: HttpVersion;
  readonly #statusVersion: HttpVersion;
  readonly #status: number;
  readonly #announcedBytes: number | null;
  #writtenBytes = 0;
  #isEnded = false;

  /**
   * Decides the framing. `contentBytes` is the exact length of the content, `null` if not known.
   *
   * @throws {LocalProtocolError} `FINWAIT_STATUS_INVALID`: not a final status, 200 to 599.
   *   `FINWAIT_CONTENT_FORBIDDEN`: content announced for a 204 or 205.
   * @throws {RangeError} `contentBytes` is no length.
   */
  constructor(request: RequestTraits, status: number, contentBytes: number | null) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new LocalProtocolError(
        "FINWAIT_STATUS_INVALID",
        `Cannot send status ${status}: expected an integer from 200 to 599`,
      );
    }
    if (contentBytes !== null && !(Number.isSafeInteger(contentBytes) && contentBytes >= 0)) {
      throw new RangeError(
        `Cannot announce content of ${contentBytes} bytes: expected an integer >= 0`,
      );
    }
    const isEmpty = status === 204 || status === 205;
    if (isEmpty && contentBytes !== null && contentBytes > 0) throw forbidden(status);
    this.#version = request.version;
    this.#statusVersion = request.isDowngraded === true ? "1.0" : "1.1";
    this.#status = status;
    // RFC 9110 §15.3.6: a 205 has no content, and is framed like any response that has none.
    this.#announcedBytes = status === 205 ? 0 : contentBytes;
    this.framing = framingOf(request, status, this.#announcedBytes);
  }

  /** Content bytes written so far, without the transfer coding. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** False for content that only the end of the connection can end. */
  get mayPersist(): boolean {
    return this.framing !== "until-close";
  }

  /** The status-line and header section. */
  head(fields: LaidOutFields, options: HeadOptions): string {
    const isPersistent = options.isPersistent && this.mayPersist;
    const version = this.#statusVersion;
    let text = `HTTP/${version} ${this.#status} ${reasonPhrase(this.#status)}\r\n${fields.text}`;
    if (!fields.hasDate) text += `Date: ${options.date}\r\n`;
    if (this.framing === "chunked") text += "Transfer-Encoding: chunked\r\n";
    else if (this.#mayAnnounceLength()) text += `Content-Length: ${this.#announcedBytes}\r\n`;
    if (!isPersistent) text += "Connection: close\r\n";
    else if (options.keepAlive !== "" || this.#version === "1.0") {
      text += "Connection: keep-alive\r\n";
      if (options.keepAlive !== "") text += `Keep-Alive: ${options.keepAlive}\r\n`;
    }
    return `${text}\r\n`;
  }

  /**
   * The wire form of a piece of content. An empty piece has an empty one, never the last chunk.
   *
   * @throws {LocalProtocolError} `FINWAIT_CONTENT_FORBIDDEN`: HEAD, 204, 205 or 304.
   *   `FINWAIT_CONTENT_MISMATCH`: more than announced, or after the end. Nothing is counted.
   */
  content(bytes: Uint8Array): Uint8Array {
    if (bytes.byteLength === 0) return EMPTY;
    if (this.framing === "none" || this.#status === 205) throw forbidden(this.#status);
    if (this.#isEnded) throw ended();
    const writtenBytes = this.#writtenBytes + bytes.byteLength;
    if (this.#announcedBytes !== null && writtenBytes > this.#announcedBytes) {
      throw mismatch(this.#announcedBytes, writtenBytes);
    }
    this.#writtenBytes = writtenBytes;
    if (this.framing !== "chunked") return bytes;
    const size = latin1Bytes(`${bytes.byteLength.toString(16)}\r\n`);
    const totalBytes = size.byteLength + bytes.byteLength + CRLF_BYTES.byteLength;
    return concatBytes([size, bytes, CRLF_BYTES], totalBytes);
  }

  /**
   * The end of the content: the last chunk and trailers, or nothing.
   *
   * @throws {LocalProtocolError} `FINWAIT_CONTENT_MISMATCH`: less than announced was written, or it
   *   has ended. As `layOutTrailers`. The content has not ended then.
   */
  end(trailers: FieldLines = []): Uint8Array {
    if (this.#isEnded) throw ended();
    if (this.framing === "length" && this.#writtenBytes !== this.#announcedBytes) {
      throw mismatch(this.#announcedBytes ?? 0, this.#writtenBytes);
    }
    const isChunked = this.framing === "chunked";
    const wire = isChunked ? latin1Bytes(`0\r\n${layOutTrailers(trailers)}\r\n`) : EMPTY;
    this.#isEnded = true;
    return wire;
  }

  /**
   * 204 must not have a Content-Length (RFC 9110 §8.6); HEAD and 304 may announce the one of GET.
   */
  #mayAnnounceLength(): boolean {
    return this.#announcedBytes !== null && this.#status !== 204;
  }
}

function framingOf(
  request: RequestTraits,
  status: number,
  contentBytes: number | null,
): ContentFraming {
  if (isContentForbidden(request.method, status)) return "none";
  if (contentBytes !== null) return "length";
  return request.version === "1.1" ? "chunked" : "until-close";
}

function forbidden(status: number): LocalProtocolError {
  return new LocalProtocolError(
    "FINWAIT_CONTENT_FORBIDDEN",
    `Cannot write content: a response with status ${status} to this request has none`,
  );
}

function mismatch(announcedBytes: number, writtenBytes: number): LocalProtocolError {
  return new LocalProtocolError(
    "FINWAIT_CONTENT_MISMATCH",
    `Cannot write content: ${announcedBytes} bytes were announced, and ${writtenBytes} given`,
  );
}

function ended(): LocalProtocolError {
  return new LocalProtocolError(
    "FINWAIT_CONTENT_MISMATCH",
    "Cannot write content: the response has ended",
  );
}
