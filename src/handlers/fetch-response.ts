import type { Exchange, FieldLines } from "../server/exchange.ts";
import { LightResponse } from "./fetch-light-response.ts";
import { cancelQuietly, isOver, type ResponseHead, sendStream } from "./fetch-response-stream.ts";

// Sends a web-standard Response through an exchange. RFC 9110 §6.4.1, §7.6.1.
//
// `statusText` is ignored: the server writes the registered phrase, and clients must not read it
// (RFC 9112 §4).

/** Fields about one connection, which a handler has no say in (RFC 9110 §7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Content codings that fetch() removes from what it receives, leaving the fields as they were. */
const DECODED_BY_FETCH: ReadonlySet<string> = new Set([
  "gzip",
  "x-gzip",
  "deflate",
  "br",
  // Measured: Node 24 and 26 decode it, with undici 7 and 8; Node 22, with undici 6, does not.
  ...(Number.parseInt(process.versions.undici ?? "0", 10) >= 7 ? ["zstd"] : []),
]);

/** What any Response has, of this realm or another. */
interface ResponseLike {
  readonly status: number;
  readonly headers: Iterable<readonly [name: string, value: string]>;
  readonly body?: unknown;
  readonly bodyUsed?: unknown;
  readonly url?: unknown;
}

/**
 * Sends `value`. Resolves when the response is complete or given up; returns nothing if that is at
 * once. Nothing is sent, and the body is cancelled, when the exchange needs no response any more.
 *
 * @throws {TypeError} It is no response, or not one that can be sent. Nothing was sent.
 */
export function sendResponse(exchange: Exchange, value: unknown): Promise<void> | undefined {
  const response = value instanceof LightResponse ? LightResponse.partsOf(value) : null;
  if (response !== null) {
    if (isOver(exchange)) return undefined;
    const head = responseHead(exchange, response, null);
    return sendContent(exchange, head, response.content);
  }
  const foreign = checkResponse(value);
  const body = foreign.body ?? null;
  if (isOver(exchange)) {
    cancelBody(body);
    return undefined;
  }
  return sendContent(exchange, responseHead(exchange, foreign, foreign.url), body);
}

function checkResponse(value: unknown): ResponseLike {
  if (typeof value !== "object" || value === null) throw notAResponse(value);
  if (!("status" in value && "headers" in value)) throw notAResponse(value);
  const { status, headers } = value;
  if (typeof status !== "number" || typeof headers !== "object" || headers === null) {
    throw notAResponse(value);
  }
  if (!(Symbol.iterator in headers)) throw notAResponse(value);
  if ("bodyUsed" in value && value.bodyUsed === true) {
    throw new TypeError("Cannot send the response: its body has been read already");
  }
  // The checks above are what the type says, but for the iterator's values: those the server
  // checks.
  return value as ResponseLike;
}

function notAResponse(value: unknown): TypeError {
  const got = value === null ? "null" : typeof value;
  return new TypeError(`Cannot answer the request: expected a Response, got ${got}`);
}

function responseHead(
  exchange: Exchange,
  { status, headers }: Pick<ResponseLike, "status" | "headers">,
  url: unknown,
): ResponseHead {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`Cannot send status ${status}: expected an integer from 200 to 599`);
  }
  let fields: (readonly [string, string])[] = [];
  let coding: string | null = null;
  for (const line of headers) {
    const name = line[0].toLowerCase();
    if (name === "content-encoding") coding = line[1];
    if (!HOP_BY_HOP.has(name)) fields.push(line);
    else if (name === "connection" && hasClose(line[1])) exchange.closeAfterResponse();
  }
  const isFetched = typeof url === "string" && url !== "";
  if (coding !== null && isFetched && isDecoded(coding)) fields = withoutCoding(fields);
  return { status, fields };
}

function hasClose(value: string): boolean {
  return value.split(",").some((option) => option.trim().toLowerCase() === "close");
}

function isDecoded(codings: string): boolean {
  return codings.split(",").every((coding) => DECODED_BY_FETCH.has(coding.trim().toLowerCase()));
}

/** The length of a decoded body is not the one that the upstream server announced. */
function withoutCoding(fields: FieldLines): (readonly [string, string])[] {
  return fields.filter(([name]) => !/^content-(?:encoding|length)$/i.test(name));
}

function sendContent(
  exchange: Exchange,
  head: ResponseHead,
  content: unknown,
): Promise<void> | undefined {
  const { status, fields } = head;
  if (status === 204 || status === 205 || status === 304) {
    cancelBody(content);
    exchange.respond(status, fields);
    return undefined;
  }
  if (typeof content === "string" || content instanceof Uint8Array) {
    exchange.respond(status, fields, content);
    return undefined;
  }
  if (exchange.method === "HEAD") {
    cancelBody(content);
    // The length that GET would have is not known unless a Content-Length says it, and 0 would be
    // a lie.
    exchange.startResponse(status, fields, null);
    exchange.endResponse();
    return undefined;
  }
  if (content === null) {
    exchange.respond(status, fields);
    return undefined;
  }
  return sendStream(exchange, head, streamOf(content));
}

function isStream(content: unknown): content is ReadableStream<unknown> {
  return typeof content === "object" && content !== null && "getReader" in content;
}

/** Polyfills of fetch have other streams as bodies, which can be iterated as well. */
function streamOf(content: unknown): ReadableStream<unknown> {
  if (isStream(content)) return content;
  if (typeof content === "object" && content !== null && Symbol.asyncIterator in content) {
    // `in` cannot tell the compiler what the iterator yields; sendStream checks each chunk.
    return ReadableStream.from(content as AsyncIterable<unknown>);
  }
  throw new TypeError(`Cannot send the body: expected a ReadableStream, got ${typeof content}`);
}

function cancelBody(content: unknown): void {
  if (isStream(content)) cancelQuietly(content, undefined);
}
