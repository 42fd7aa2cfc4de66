import { Readable } from "node:stream";
import type { Exchange } from "../server/exchange.ts";
import { standInFor } from "./fetch-native-members.ts";
import { RequestContent } from "./fetch-request-content.ts";
import { requestUrl } from "./fetch-url.ts";

// The Request that a fetch callback receives: a stand-in for the global class, each part of which
// is made when it is first touched. docs/decisions/0002-cheap-request-objects.md has the figures.
//
// Knows nothing of responses. What it cannot answer itself it asks a real Request.

/** A `Request`, and what the server knows besides. The two names are those that h3 and srvx use. */
export interface FetchRequest extends Request {
  /** The address of the peer, without its port. Behind a proxy that is the proxy. */
  readonly ip: string;
  /** Watches work that goes on after the response: its rejection is reported, not unhandled. */
  readonly waitUntil: (work: PromiseLike<unknown>) => void;
  readonly bytes: () => Promise<Uint8Array<ArrayBuffer>>;
}

/** Hears what becomes of work that goes on after a response. */
export interface WorkWatcher {
  watch(work: PromiseLike<unknown>): void;
}

/**
 * The real `Request` behind the one that a fetch callback received; any other is returned as it is.
 *
 * Needed for `new Request(request)` and `fetch(request)`, which from Node 24 on accept nothing
 * else. `new Request(url, request)` and `request.clone()` work without it. The body moves over:
 * both objects share it. A method that fetch forbids, such as TRACE, is refused with a TypeError.
 */
export function nativeRequest(request: Request): Request {
  return request instanceof LightRequest ? LightRequest.nativeOf(request) : request;
}

export class LightRequest implements FetchRequest {
  readonly #exchange: Exchange;
  readonly #watcher: WorkWatcher;
  #url: string | null = null;
  #headers: Headers | null = null;
  #controller: AbortController | null = null;
  #content: RequestContent | null = null;
  /** `null`: not touched. */
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | null = null;
  /** True once text() or its like took the content without a stream. */
  #isConsumed = false;
  #native: Request | null = null;

  constructor(exchange: Exchange, watcher: WorkWatcher) {
    this.#exchange = exchange;
    this.#watcher = watcher;
  }

  static nativeOf(request: LightRequest): Request {
    request.#native ??= request.#makeNative();
    return request.#native;
  }

  /** The error that reading the request ended with, or `null`. */
  static readFailure(request: LightRequest): unknown {
    return request.#content?.failure ?? null;
  }

  get method(): string {
    return this.#exchange.method;
  }
  get url(): string {
    this.#url ??= requestUrl(this.#exchange);
    return this.#url;
  }
  get ip(): string {
    return this.#exchange.connection.peer.address;
  }
  get waitUntil(): (work: PromiseLike<unknown>) => void {
    // Bound, because frameworks hand the function on without its object.
    return (work) => this.#watcher.watch(work);
  }

  get headers(): Headers {
    if (this.#headers === null) {
      const headers = new Headers();
      // Half the time of passing the fields to the constructor.
      for (const [name, value] of this.#exchange.fields) headers.append(name, value);
      this.#headers = headers;
    }
    return this.#headers;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      const controller = new AbortController();
      this.#controller = controller;
      const abort = (): void => controller.abort(new DOMException(ABORT_MESSAGE, "AbortError"));
      if (this.#exchange.isAborted) abort();
      else this.#exchange.onAbort(abort);
    }
    return this.#controller.signal;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (this.#native !== null) return this.#native.body;
    if (!this.#hasContent()) return null;
    this.#stream ??= this.#isConsumed ? disturbedStream() : this.#openStream();
    return this.#stream;
  }

  get bodyUsed(): boolean {
    if (this.#isConsumed) return true;
    if (this.#native !== null) return this.#native.bodyUsed;
    // Node's types know only its own streams here; the function knows web streams as well.
    return this.#stream !== null && Readable.isDisturbed(this.#stream as unknown as Readable);
  }

  async text(): Promise<string> {
    const content = this.#takeContent();
    return content === null ? LightRequest.nativeOf(this).text() : content.text();
  }
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const content = this.#takeContent();
    if (content !== null) return content.bytes();
    return new Uint8Array(await LightRequest.nativeOf(this).arrayBuffer());
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }
  async blob(): Promise<Blob> {
    return LightRequest.nativeOf(this).blob();
  }
  async formData(): Promise<FormData> {
    return LightRequest.nativeOf(this).formData();
  }

  clone(): Request {
    if (this.bodyUsed) throw new TypeError("Cannot clone a request whose body has been read");
    return LightRequest.nativeOf(this).clone();
  }

  // What a server's request says of these is what `new Request(url)` says.
  get cache(): Request["cache"] {
    return "default";
  }
  get credentials(): Request["credentials"] {
    return "same-origin";
  }
  get destination(): Request["destination"] {
    return "";
  }
  get duplex(): "half" {
    return "half";
  }
  get integrity(): string {
    return "";
  }
  get keepalive(): boolean {
    return false;
  }
  get mode(): Request["mode"] {
    return "cors";
  }
  get redirect(): Request["redirect"] {
    return "follow";
  }
  get referrer(): string {
    return "about:client";
  }
  get referrerPolicy(): Request["referrerPolicy"] {
    return "";
  }
  get isReloadNavigation(): boolean {
    return false;
  }
  get isHistoryNavigation(): boolean {
    return false;
  }

  /** Fetch knows no content of GET and HEAD, whatever a client sends along. */
  #hasContent(): boolean {
    const { method, body } = this.#exchange;
    return method !== "GET" && method !== "HEAD" && body.isPresent;
  }

  #openContent(): RequestContent {
    this.#content ??= new RequestContent(this.#exchange.body);
    return this.#content;
  }

  #openStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    // Who takes the stream may read it after the response has started, as an echo does.
    this.#exchange.body.claim();
    return this.#openContent().stream();
  }

  /** The content, now consumed; `null` if a stream has it. */
  #takeContent(): RequestContent | null {
    if (this.#isConsumed) throw new TypeError("Cannot read the body: it has been read already");
    if (this.#native !== null || this.#stream !== null) return null;
    if (!this.#hasContent()) return NO_CONTENT;
    this.#isConsumed = true;
    return this.#openContent();
  }

  #makeNative(): Request {
    const { method, url, headers, signal, duplex } = this;
    const isUsed = this.bodyUsed;
    const body = isUsed ? new ReadableStream<Uint8Array<ArrayBuffer>>() : this.body;
    const native = new Request(url, { method, headers, signal, duplex, body });
    // A real Request with a used body can be made only by using it.
    if (isUsed) void native.body?.cancel();
    return native;
  }
}

/** Can be read any number of times, as a body that is `null`. */
const NO_CONTENT = new RequestContent({ read: () => Promise.resolve(null) });

const ABORT_MESSAGE = "The request was given up before its response was complete";

/** What `body` is after the content was taken: a stream that has been read. */
function disturbedStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>();
  void stream.cancel();
  return stream;
}

standInFor(LightRequest, new Request("http://localhost/"), LightRequest.nativeOf);
