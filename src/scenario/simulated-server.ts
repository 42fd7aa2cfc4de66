import { ClientBook } from "../closing/client-book.ts";
import { type ClientRule, parseClientRules } from "../closing/client-rules.ts";
import { LearnedClients } from "../closing/learned-clients.ts";
import { DEFAULT_LEARNED_CLIENTS_OPTIONS } from "../closing/learned-clients-options.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import { parseClosePolicy } from "../closing/policy-parser.ts";
import { Connection } from "../server/connection.ts";
import type { Handler } from "../server/exchange.ts";
import { parseServerLimits, type ServerLimits } from "../server/limits.ts";
import { ServerContext, type ServerObserver } from "../server/server-context.ts";
import type { Host } from "../simulation/host.ts";
import { SimulatedTransport, type TransportAct } from "../simulation/simulated-transport.ts";
import type { TcpEndpoint } from "../simulation/tcp-endpoint.ts";
import { SimulatedClock } from "../simulation/world.ts";
import type { Ending } from "../tcp/ending.ts";
import {
  parseShutdownOptions,
  type ShutdownListener,
  type ShutdownOptions,
  type ShutdownReport,
  ShutdownRun,
} from "../teardown/shutdown.ts";

// finwait's own server on a simulated machine: the connections, the parser, the closing engine and
// the timers are those that run over sockets.

export interface SimulatedServerOptions {
  readonly handler: Handler;
  readonly close?: Partial<ClosePolicy>;
  readonly limits?: Partial<ServerLimits>;
  readonly persistence?: "on" | "off";
  readonly clientRules?: readonly ClientRule[];
  /** Socket options can be reached. @default true */
  readonly canSetDeadlines?: boolean;
  /**
   * How long the server takes the system to keep an orphan in FIN-WAIT-2, in milliseconds. `0`: it
   * leaves all orphans to the system, whatever that does with them, as the servers of 1996 did.
   *
   * @default what the system does
   */
  readonly assumedOrphanMs?: number;
  readonly port?: number;
  /** `endpoint`: what the machine knows of that connection when it ends. */
  readonly onEnding?: (ending: Ending, endpoint: TcpEndpoint) => void;
  /** For whoever writes a trace: what the server does with the socket of `endpoint`. */
  readonly onAct?: (endpoint: TcpEndpoint, act: TransportAct, detail: string | null) => void;
}

export class SimulatedServer implements ServerObserver, ShutdownListener {
  readonly handleExchange = null;
  readonly context: ServerContext;
  readonly host: Host;
  readonly connections: Set<Connection> = new Set();
  /** By the ids of connections that have not been released. */
  readonly endpoints: Map<number, TcpEndpoint> = new Map();
  /** What handlers threw: it never should. */
  readonly errors: unknown[] = [];
  readonly #canSetDeadlines: boolean;
  readonly #port: number;
  readonly #onEnding: (ending: Ending, endpoint: TcpEndpoint) => void;
  readonly #onAct: SimulatedServerOptions["onAct"];
  #acceptedCount = 0;
  #isStopped = false;
  #onEmpty: (() => void)[] = [];
  #onStopped: (() => void)[] = [];

  constructor(host: Host, options: SimulatedServerOptions) {
    const { canSetDeadlines = true, clientRules = [], persistence = "on", port = 80 } = options;
    this.host = host;
    this.#canSetDeadlines = canSetDeadlines;
    this.#port = port;
    this.#onEnding = options.onEnding ?? (() => {});
    this.#onAct = options.onAct;
    this.context = new ServerContext({
      handler: options.handler,
      policy: parseClosePolicy(options.close),
      limits: parseServerLimits(options.limits),
      persistence,
      clients: new ClientBook(
        parseClientRules(clientRules),
        new LearnedClients(DEFAULT_LEARNED_CLIENTS_OPTIONS),
      ),
      clock: new SimulatedClock(host.world),
      observer: this,
      terms: {
        canSetDeadlines,
        orphanMs: options.assumedOrphanMs ?? host.behavior.finWait2OrphanMs,
      },
    });
    host.listen(port, (endpoint) => this.#accept(endpoint));
  }

  /** Connections accepted so far. */
  get acceptedCount(): number {
    return this.#acceptedCount;
  }
  get socketCount(): number {
    return this.connections.size;
  }

  shutdown(options: ShutdownOptions = {}): Promise<ShutdownReport> {
    return new ShutdownRun(this.context, this, parseShutdownOptions(options)).run(options.signal);
  }

  // --- What a shutdown asks ---

  stop(): void {
    this.#isStopped = true;
    this.host.stopListening(this.#port);
    this.#settle();
  }

  endUnbegun(): void {
    // Without TLS there is nothing before a connection.
  }

  endNow(): void {
    for (const connection of [...this.connections]) connection.endNow("shutdown-deadline");
  }

  onceEmpty(callback: () => void): void {
    if (this.connections.size === 0) callback();
    else this.#onEmpty.push(callback);
  }

  whenStopped(): Promise<void> {
    return new Promise((resolve) => {
      this.#onStopped.push(resolve);
      this.#settle();
    });
  }

  // --- What connections report ---

  handleEnding(ending: Ending): void {
    const endpoint = this.endpoints.get(ending.connectionId);
    if (endpoint !== undefined) this.#onEnding(ending, endpoint);
  }

  handleHandlerError(error: unknown): void {
    this.errors.push(error);
  }

  handleNotice(): void {
    // Nobody is there to read it.
  }

  #accept(endpoint: TcpEndpoint): void {
    this.#acceptedCount += 1;
    const onAct = this.#onAct;
    const transport = new SimulatedTransport(this.host.world, endpoint, {
      canSetDeadlines: this.#canSetDeadlines,
      onAct: onAct && ((act, detail) => onAct(endpoint, act, detail)),
    });
    const connection = new Connection(this.#acceptedCount, transport, this.context, (released) => {
      this.connections.delete(released);
      this.endpoints.delete(released.id);
      this.#settle();
    });
    this.connections.add(connection);
    this.endpoints.set(connection.id, endpoint);
    if (this.connections.size > this.context.limits.connectionLimit) connection.refuse();
    else connection.start();
  }

  #settle(): void {
    if (this.connections.size > 0) return;
    for (const callback of this.#onEmpty.splice(0)) callback();
    if (!this.#isStopped) return;
    for (const resolve of this.#onStopped.splice(0)) resolve();
  }
}
