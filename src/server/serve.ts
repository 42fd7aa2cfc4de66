import { FinwaitError } from "../base/error.ts";
import { type ClosePolicy, parseClosePolicy } from "../closing/policy.ts";
import { type FetchCallback, fetchHandler } from "../handlers/fetch-handler.ts";
import type { Ending } from "../tcp/ending.ts";
import { NodeClock } from "../transport/node-clock.ts";
import { detached } from "./detached.ts";
import { EndingLog } from "./ending-log.ts";
import type { ExchangeRecord, Handler } from "./exchange.ts";
import { parseServerLimits, type ServerLimits } from "./limits.ts";
import { Listener, type TlsSettings } from "./listener.ts";
import { ServerContext } from "./server-context.ts";

// The public entry: options in, a listening server out.

/** What `serve` takes. Exactly one of `fetch` and `handler` answers the requests. */
export interface ServeOptions {
  /** A web-standard handler: Request in, Response out. */
  readonly fetch?: FetchCallback;
  /** A handler of finwait's own kind, for example `staticFiles("public")`. */
  readonly handler?: Handler;
  /** Address or name to listen on. @default "127.0.0.1" */
  readonly host?: string;
  /** TCP port; 0 lets the system choose. @default 8080 */
  readonly port?: number;
  /** Longest queue of connections not accepted yet. Precedent: nginx 511. @default 511 */
  readonly backlog?: number;
  /** Certificate and key in PEM form make it an https server. */
  readonly tls?: TlsSettings;
  readonly limits?: Partial<ServerLimits>;
  readonly close?: Partial<ClosePolicy>;
  /** Called once for each response, for access logs. */
  readonly onExchange?: (record: ExchangeRecord) => void;
  /**
   * Called when a handler throws, rejects or does not answer; the client has got 500. Without it
   * the runtime prints a warning with the stack.
   */
  readonly onError?: (error: unknown) => void;
}

/** What `shutdown` takes. */
export interface ShutdownOptions {
  /**
   * Time for responses in flight and for lingering, in milliseconds. What is left then is closed.
   *
   * Precedents: systemd `TimeoutStopSec` 90 000; Kubernetes grace period 30 000; lighttpd 8 000.
   *
   * At most a day.
   *
   * @default 10_000
   */
  readonly deadlineMs?: number;
}

/** A listening server. */
export interface FinwaitServer extends AsyncDisposable {
  /** For example `"http://127.0.0.1:40713/"`. */
  readonly url: string;
  readonly address: string;
  readonly port: number;
  /** Sockets that are open now, lingering ones included. */
  readonly connectionCount: number;
  /** The latest endings, oldest first. */
  readonly recentEndings: readonly Ending[];
  /** Calls `listener` for each connection that ends. Returns a function that stops it. */
  onEnding(listener: (ending: Ending) => void): () => void;
  /**
   * Stops accepting, lets responses in flight finish with `Connection: close`, ends idle
   * connections by FIN and a short linger. Resolves when every socket is gone. Further calls wait
   * for the same end.
   */
  shutdown(options?: ShutdownOptions): Promise<void>;
}

const DEFAULT_SHUTDOWN_MS = 10_000;

/** The runtime's timers overflow not far beyond, and would fire at once. */
const SHUTDOWN_LIMIT_MS = 86_400_000;

/**
 * Starts a server. Resolves when it accepts connections.
 *
 * @throws {TypeError} Neither or both of `fetch` and `handler` are given.
 * @throws {RangeError} A limit, or a value of the close policy, is out of range.
 * @throws {FinwaitError} `FINWAIT_LISTEN_FAILED`, with the system's error as `cause`: the port is
 * taken,
 *   the address is not ours, or the certificate and key cannot be used.
 */
export async function serve(options: ServeOptions): Promise<FinwaitServer> {
  const endings = new EndingLog();
  const onError = detached(options.onError ?? warnOfError);
  const context = new ServerContext(
    handlerOf(options, onError),
    parseServerLimits(options.limits),
    parseClosePolicy(options.close),
    new NodeClock(),
    {
      handleEnding: (ending) => endings.add(ending),
      handleExchange: options.onExchange === undefined ? null : detached(options.onExchange),
      handleHandlerError: onError,
    },
  );
  const { host = "127.0.0.1", port = 8_080, backlog = 511 } = options;
  try {
    const listener = new Listener(context, options.tls ?? null);
    const bound = await listener.listen({ host, port, backlog });
    return new RunningServer(context, listener, endings, bound, options.tls !== undefined);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    const message = `Cannot listen on ${host} port ${port}: ${detail}`;
    throw new FinwaitError("FINWAIT_LISTEN_FAILED", message, { cause });
  }
}

class RunningServer implements FinwaitServer {
  readonly url: string;
  readonly address: string;
  readonly port: number;
  readonly #context: ServerContext;
  readonly #listener: Listener;
  readonly #endings: EndingLog;
  #shutdown: Promise<void> | null = null;

  constructor(
    context: ServerContext,
    listener: Listener,
    endings: EndingLog,
    bound: { readonly address: string; readonly port: number },
    isTls: boolean,
  ) {
    this.#context = context;
    this.#listener = listener;
    this.#endings = endings;
    this.address = bound.address;
    this.port = bound.port;
    const host = bound.address.includes(":") ? `[${bound.address}]` : bound.address;
    this.url = `${isTls ? "https" : "http"}://${host}:${bound.port}/`;
  }

  get connectionCount(): number {
    return this.#listener.socketCount;
  }

  get recentEndings(): readonly Ending[] {
    return this.#endings.recent;
  }

  onEnding(listener: (ending: Ending) => void): () => void {
    return this.#endings.subscribe(listener);
  }

  shutdown(options: ShutdownOptions = {}): Promise<void> {
    const { deadlineMs = DEFAULT_SHUTDOWN_MS } = options;
    if (!(deadlineMs >= 0 && deadlineMs <= SHUTDOWN_LIMIT_MS)) {
      const expected = `expected 0 to ${SHUTDOWN_LIMIT_MS} milliseconds`;
      return Promise.reject(new RangeError(`Cannot use deadlineMs ${deadlineMs}: ${expected}`));
    }
    this.#shutdown ??= this.#shutDown(deadlineMs);
    return this.#shutdown;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  async #shutDown(deadlineMs: number): Promise<void> {
    this.#context.isShuttingDown = true;
    this.#listener.stop();
    for (const connection of [...this.#listener.connections]) connection.beginShutdown();
    const deadline = setTimeout(() => this.#listener.endNow(), deadlineMs);
    await this.#listener.whenEmpty();
    clearTimeout(deadline);
    this.#context.timers.stop();
  }
}

function handlerOf(options: ServeOptions, onError: (error: unknown) => void): Handler {
  if (options.fetch !== undefined && options.handler === undefined) {
    return fetchHandler(options.fetch, { onError });
  }
  if (options.handler !== undefined && options.fetch === undefined) return options.handler;
  throw new TypeError("Cannot serve: expected exactly one of the options fetch and handler");
}

/** Visible by default, and never an output of the library's own. */
function warnOfError(error: unknown): void {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning("A request handler failed, and the client got 500", {
    type: "FinwaitHandlerWarning",
    detail,
  });
}
