import { LocalProtocolError } from "../base/error.ts";
import { joinHeadAndContent } from "../base/latin1.ts";
import { type FieldLines, type LaidOutFields, layOutFields } from "../http1/response-fields.ts";
import { isContentForbidden, ResponseWriter } from "../http1/response-writer.ts";
import type { PreparedResponse } from "./exchange.ts";

// A whole response that is sent many times: checked once, and its bytes kept for the second of its
// Date.

/** The request that most prepared responses answer. Others are laid out for the occasion. */
const USUAL_REQUEST = { method: "GET", version: "1.1" } as const;

const EMPTY = new Uint8Array(0);

/**
 * The length that a whole response announces. HEAD may announce the one that GET would have, and so
 * may 304, which says nothing by itself: 0 would be a lie about the content (RFC 9110 §8.6).
 *
 * @throws {LocalProtocolError} `FINWAIT_CONTENT_MISMATCH`: the handler's Content-Length is not that
 * of the content.
 */
export function announcedBytesOf(
  method: string,
  status: number,
  fields: LaidOutFields,
  contentBytes: number,
): number | null {
  const declared = fields.contentLength;
  if (status === 204 || status === 304) return declared;
  if (declared === null || declared === contentBytes) return contentBytes;
  if (method === "HEAD" && contentBytes === 0) return declared;
  throw new LocalProtocolError(
    "FINWAIT_CONTENT_MISMATCH",
    `Cannot respond: Content-Length says ${declared}, and the content has ${contentBytes}`,
  );
}

/** What `prepareResponse` returns. Only the server reads more than the port shows. */
export class LaidOutResponse implements PreparedResponse {
  readonly status: number;
  readonly contentBytes: number;
  readonly content: Uint8Array;
  readonly fields: LaidOutFields;
  #wire: Uint8Array | null = null;
  #date = "";
  #keepAlive = "";

  constructor(status: number, fields: LaidOutFields, content: Uint8Array) {
    this.status = status;
    this.fields = fields;
    this.content = content;
    this.contentBytes = content.byteLength;
  }

  /** Content bytes that a GET is sent. */
  get sentContentBytes(): number {
    return isContentForbidden(USUAL_REQUEST.method, this.status) ? 0 : this.contentBytes;
  }

  /** A writer for one GET in HTTP/1.1. */
  writer(): ResponseWriter {
    const { status, fields, contentBytes } = this;
    const announcedBytes = announcedBytesOf(USUAL_REQUEST.method, status, fields, contentBytes);
    return new ResponseWriter(USUAL_REQUEST, status, announcedBytes);
  }

  /**
   * Head and content for a GET in HTTP/1.1 on a persistent connection. The buffer is made anew when
   * the date changes, never changed, because the kernel may still have to take the old one.
   */
  wire(date: string, keepAlive: string): Uint8Array {
    if (this.#wire !== null && this.#date === date && this.#keepAlive === keepAlive) {
      return this.#wire;
    }
    const head = this.writer().head(this.fields, { date, isPersistent: true, keepAlive });
    const content = this.sentContentBytes === 0 ? EMPTY : this.content;
    this.#date = date;
    this.#keepAlive = keepAlive;
    this.#wire = joinHeadAndContent(head, content);
    return this.#wire;
  }
}

/**
 * Checks a response and lays it out, to be sent by `exchange.respondPrepared` any number of times.
 * `content` must not change afterwards.
 *
 * @throws {LocalProtocolError} A field would break the framing, Content-Length is not that of the
 * content, or the status may have no content.
 */
export function prepareResponse(
  status: number,
  fields: FieldLines,
  content: Uint8Array,
): PreparedResponse {
  const response = new LaidOutResponse(status, layOutFields(fields), content);
  // What would fail with every request fails once, here: both check, and neither is kept.
  new ResponseWriter(USUAL_REQUEST, status, content.byteLength);
  response.writer();
  return response;
}
