import type { ClientRule } from "../closing/client-rules.ts";
import type { LearnedClient } from "../closing/learned-clients.ts";
import type { LearnedClientsOptions } from "../closing/learned-clients-options.ts";
import type { LingerBudgetCounts } from "../closing/linger-budget.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import type { FetchCallback } from "../handlers/fetch-handler.ts";
import type { Ending } from "../tcp/ending.ts";
import type {
  ConnectionPhaseCounts,
  ConnectionQuery,
  ConnectionSnapshot,
} from "../teardown/connection-snapshot.ts";
import type { ServerNotice } from "../teardown/notice.ts";
import type { PressureLevel } from "../teardown/pressure.ts";
import type { ShutdownOptions, ShutdownReport } from "../teardown/shutdown.ts";
import type { TallyCounts } from "../teardown/tally.ts";
import type { ServerPhase } from "../teardown/teardown-context.ts";
import type { ExchangeRecord, Handler } from "./exchange.ts";
import type { ServerLimits } from "./limits.ts";
import type { TlsSettings } from "./listener.ts";

// What `serve` takes, and what it gives. Types only; the code is serve.ts and running-server.ts.

/** What can also be changed while the server runs, by `reconfigure`. */
export interface ReconfigurableOptions {
  readonly limits?: Partial<ServerLimits>;
  readonly close?: Partial<ClosePolicy>;
  /**
   * `"off"`: every response says `Connection: close`. Precedent: Apache httpd `KeepAlive`.
   *
   * @default "on"
   */
  readonly persistence?: "on" | "off";
  /** Rules of your own for clients that break connections. The first rule that matches decides. */
  readonly clientRules?: readonly ClientRule[];
  /** `"off"`: your own rules only. @default "on" */
  readonly shippedClientRules?: "on" | "off";
  /** How the server learns which clients do not answer its FIN, and whether it acts on that. */
  readonly learnedClients?: Partial<LearnedClientsOptions>;
}

/** What `serve` takes. Exactly one of `fetch` and `handler` answers the requests. */
export interface ServeOptions extends ReconfigurableOptions {
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
  /**
   * `"off"`: as if the runtime had no way to socket options. Deadlines are kept by this process
   * then, and evidence is inferred or unknown.
   *
   * @default "auto"
   */
  readonly socketOptions?: "auto" | "off";
  /** Called once for each response, for access logs. */
  readonly onExchange?: (record: ExchangeRecord) => void;
  /**
   * Called when a handler throws, rejects or does not answer; the client has got 500. Without it
   * the runtime prints a warning with the stack.
   */
  readonly onError?: (error: unknown) => void;
  /** Hears what an operator should know: pressure that comes and goes, options that are absent. */
  readonly onNotice?: (notice: ServerNotice) => void;
}

/** A listening server. */
export interface FinwaitServer extends AsyncDisposable {
  /** For example `"http://127.0.0.1:40713/"`. */
  readonly url: string;
  readonly address: string;
  readonly port: number;
  /** A readiness probe is for `"serving"` only. */
  readonly phase: ServerPhase;
  readonly pressure: PressureLevel;
  /** Sockets that are open now, lingering ones included. */
  readonly connectionCount: number;
  /** What they are doing, counted when asked: together they are `connectionCount`. */
  readonly connectionPhases: ConnectionPhaseCounts;
  /** What the server has done since it started. */
  readonly counts: TallyCounts;
  /** Lingering connections, and what the budget did about them. */
  readonly lingering: LingerBudgetCounts;
  /** How socket options are reached, or why they are not. */
  readonly socketOptions: { readonly provider: string } | { readonly absentBecause: string };
  /** What is in force, complete. */
  readonly settings: {
    readonly limits: ServerLimits;
    readonly close: ClosePolicy;
    readonly persistence: "on" | "off";
    readonly learnedClients: LearnedClientsOptions;
  };
  /** The rules in force, in the order in which they are tried. */
  readonly clientRules: readonly ClientRule[];
  /** What was learned of clients, worst first. */
  readonly learnedClients: readonly LearnedClient[];
  /** The learned clients that are judged broken, as rules that can be kept. */
  readonly learnedRules: readonly ClientRule[];
  /** The latest endings, oldest first. */
  readonly recentEndings: readonly Ending[];
  /** Resolves when a shutdown has ended, however it went. */
  readonly closed: Promise<void>;
  /**
   * Some of the connections as they are now, oldest first: by our FIN where it is out, by the
   * accept otherwise.
   *
   * @throws {RangeError} `limit` is no count.
   */
  connections(query?: ConnectionQuery): readonly ConnectionSnapshot[];
  /** Calls `listener` for each connection that ends. Returns a function that stops it. */
  onEnding(listener: (ending: Ending) => void): () => void;
  /**
   * Replaces what is given, completely: fields of `limits`, `close` and `learnedClients` that are
   * left out have their defaults. What is not given stays. Connections follow with their next
   * request or timer; nothing is closed for it.
   *
   * @throws {TypeError} As `serve`; nothing has changed then.
   * @throws {RangeError} As `serve`; nothing has changed then.
   * @throws {FinwaitError} `FINWAIT_SO_LINGER_UNAVAILABLE`; nothing has changed then.
   */
  reconfigure(changes: ReconfigurableOptions): void;
  /**
   * Announces the end with `Connection: close` while it still accepts, then stops accepting, lets
   * responses in flight finish, ends idle connections by FIN and a short linger. Resolves when
   * every socket is gone. Further calls wait for the same end, whatever they ask for.
   *
   * Rejects with a RangeError if a time is out of range; nothing has begun then.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>;
}
