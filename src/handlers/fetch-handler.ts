import type { CloseOverrides, ConnectionFacts, Exchange, Handler } from "../server/exchange.ts";
import {
  type FetchRequest,
  LightRequest,
  nativeRequest,
  type WorkWatcher,
} from "./fetch-request.ts";
import { sendResponse } from "./fetch-response.ts";

// Answers exchanges with a web-standard fetch callback: Request in, Response out, as Hono, h3 and
// Elysia provide it.
//
// Failures of the callback are answered here and reported; none becomes an unhandled rejection.

/** What the server knows besides the request. */
export interface FetchContext {
  readonly connection: ConnectionFacts;
  /** Watches work that goes on after the response: its rejection is reported, not unhandled. */
  readonly waitUntil: (work: PromiseLike<unknown>) => void;
  /** As `Exchange.adjustClose`: how the connection ends, if it ends with this response. */
  adjustClose(overrides: CloseOverrides): void;
  /** As `Exchange.resetConnection`: RST, at once, for a client that is known to be hostile. */
  resetConnection(): void;
}

/** Turns a request into a response. Anything but a Response is answered with 500. */
export type FetchCallback = (
  request: FetchRequest,
  context: FetchContext,
) => Response | Promise<Response>;

export interface FetchHandlerOptions {
  /**
   * Hears every failure of the callback, of a response body and of `waitUntil` work. An
   * AbortError, or the error of reading the request, after the peer is gone is its doing, and not
   * reported.
   *
   * @default Failures are thrown on to the server, which reports them; those of `waitUntil` work
   *   become a process warning.
   */
  readonly onError?: (error: unknown, request: FetchRequest) => void;
  /**
   * - `"light"`: made part by part, as the callback touches it.
   * - `"native"`: a real `Request`, for callbacks that pass it to `new Request()` or `fetch()`,
   *   which from Node 24 on accept nothing else. It costs as much CPU as the rest of a small
   *   exchange.
   *
   * @default "light"
   */
  readonly requestObject?: "light" | "native";
}

/**
 * Makes a handler of a fetch callback.
 *
 * A thrown error, a rejection and a value that is no Response become 500 without any detail of the
 * error; once the response has started it is cut off instead.
 *
 * @throws {TypeError} `fetch` is not a function, or an option has a value that is not listed.
 */
export function fetchHandler(fetch: FetchCallback, options: FetchHandlerOptions = {}): Handler {
  const settings = parseOptions(fetch, options);
  return (exchange) => new FetchCall(exchange, settings).run();
}

interface Settings {
  readonly fetch: FetchCallback;
  readonly onError: FetchHandlerOptions["onError"];
  readonly isNative: boolean;
}

function parseOptions(fetch: FetchCallback, options: FetchHandlerOptions): Settings {
  const { onError, requestObject = "light" } = options;
  if (typeof fetch !== "function") {
    throw new TypeError(`Cannot use the fetch callback: expected a function, got ${typeof fetch}`);
  }
  if (requestObject !== "light" && requestObject !== "native") {
    const got = JSON.stringify(requestObject);
    throw new TypeError(`Cannot use requestObject: expected "light" or "native", got ${got}`);
  }
  return Object.freeze({ fetch, onError, isNative: requestObject === "native" });
}

/** One call of the callback. */
class FetchCall implements WorkWatcher {
  readonly #exchange: Exchange;
  readonly #settings: Settings;
  readonly #light: LightRequest;
  #request: FetchRequest;

  constructor(exchange: Exchange, settings: Settings) {
    this.#exchange = exchange;
    this.#settings = settings;
    this.#light = new LightRequest(exchange, this);
    this.#request = this.#light;
  }

  /** Returns a promise only if something is left to wait for. */
  run(): Promise<void> | undefined {
    let result: unknown;
    try {
      if (this.#settings.isNative) this.#request = withServerFacts(this.#light);
      result = this.#settings.fetch(this.#request, new CallContext(this.#light, this.#exchange));
    } catch (error) {
      return this.#fail(error);
    }
    if (!isThenable(result)) return this.#deliver(result);
    return Promise.resolve(result).then(
      (value) => this.#deliver(value),
      (error: unknown) => this.#fail(error),
    );
  }

  #deliver(value: unknown): Promise<void> | undefined {
    try {
      return sendResponse(this.#exchange, value)?.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Throws on to the server what nobody here listens for. */
  #fail(error: unknown): undefined {
    if (this.#exchange.isAborted && this.#isDeparture(error)) return;
    // Before the start this is a 500, after the end of a response it does nothing.
    this.#exchange.abortResponse("handler-failed");
    if (this.#settings.onError === undefined) throw error;
    this.#report(error);
  }

  /** True for how a callback fails because the peer has gone. */
  #isDeparture(error: unknown): boolean {
    if (error instanceof Error && error.name === "AbortError") return true;
    return error !== null && error === LightRequest.readFailure(this.#light);
  }

  watch(work: PromiseLike<unknown>): void {
    Promise.resolve(work).catch((error: unknown) => {
      if (!(this.#exchange.isAborted && this.#isDeparture(error))) this.#report(error);
    });
  }

  #report(error: unknown): void {
    const { onError } = this.#settings;
    if (onError === undefined) {
      warn(error);
      return;
    }
    try {
      // An async function is assignable to one that returns nothing, and may reject.
      const reported: unknown = onError(error, this.#request);
      if (isThenable(reported)) Promise.resolve(reported).catch(warn);
    } catch (reportError) {
      warn(reportError);
    }
  }
}

/** A class, so that its parts are not made for the many callbacks that take the request only. */
class CallContext implements FetchContext {
  readonly #light: LightRequest;
  readonly #exchange: Exchange;

  constructor(light: LightRequest, exchange: Exchange) {
    this.#light = light;
    this.#exchange = exchange;
  }

  get connection(): ConnectionFacts {
    return this.#exchange.connection;
  }
  get waitUntil(): (work: PromiseLike<unknown>) => void {
    return this.#light.waitUntil;
  }

  adjustClose(overrides: CloseOverrides): void {
    this.#exchange.adjustClose(overrides);
  }

  resetConnection(): void {
    this.#exchange.resetConnection();
  }
}

function withServerFacts(light: LightRequest): FetchRequest {
  const { ip, waitUntil } = light;
  const native = nativeRequest(light);
  // A real Request has bytes(), but its type for Node 20 does not.
  return Object.assign(native, { ip, waitUntil }) as FetchRequest;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  return "then" in value && typeof value.then === "function";
}

/** For failures that have no other way out. The process may listen for its `warning` event. */
function warn(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(text, "FinwaitHandlerWarning");
}
