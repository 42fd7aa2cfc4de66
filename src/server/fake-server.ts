import { FakeClock } from "../base/fake-clock.ts";
import { type TimerEntry, TimerLists } from "../base/timer-lists.ts";
import { ClientBook } from "../closing/client-book.ts";
import { type ClientRule, parseClientRules } from "../closing/client-rules.ts";
import type { ReleaseTerms } from "../closing/engine.ts";
import { LearnedClients } from "../closing/learned-clients.ts";
import {
  type LearnedClientsOptions,
  parseLearnedClientsOptions,
} from "../closing/learned-clients-options.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import { parseClosePolicy } from "../closing/policy-parser.ts";
import type { RequestReader } from "../http1/request-reader.ts";
import type { Ending } from "../tcp/ending.ts";
import { ConnectionEnd } from "../teardown/connection-end.ts";
import type { ServerNotice } from "../teardown/notice.ts";
import { SendWatch } from "../teardown/send-watch.ts";
import { FakeTransport } from "../transport/fake-transport.ts";
import type { TransportTls } from "../transport/transport.ts";
import { Connection } from "./connection.ts";
import type { Exchange, ExchangeRecord, Handler } from "./exchange.ts";
import { parseServerLimits, type ServerLimits } from "./limits.ts";
import { RequestWatch } from "./request-watch.ts";
import { ServerContext, type ServerObserver } from "./server-context.ts";

// Test support: a server without sockets and without a clock of its own. Connections are real,
// their transports are fakes, and what must never happen is collected in `violations`.

export interface FakeServerOptions {
  readonly limits?: Partial<ServerLimits>;
  readonly close?: Partial<ClosePolicy>;
  readonly persistence?: "on" | "off";
  readonly clientRules?: readonly ClientRule[];
  readonly learnedClients?: Partial<LearnedClientsOptions>;
  /** What the kernel does with what is released. By default it takes deadlines. */
  readonly terms?: Partial<ReleaseTerms>;
}

export class FakeServer implements ServerObserver {
  readonly clock = new FakeClock();
  readonly context: WatchedContext;
  readonly endings: Ending[] = [];
  readonly records: ExchangeRecord[] = [];
  readonly errors: unknown[] = [];
  readonly notices: ServerNotice[] = [];
  readonly #peers: FakePeer[] = [];
  readonly #canSetDeadlines: boolean;

  constructor(handler: Handler, options: FakeServerOptions = {}) {
    const { persistence = "on", clientRules = [], learnedClients = {} } = options;
    const learned = new LearnedClients(parseLearnedClientsOptions(learnedClients));
    this.#canSetDeadlines = options.terms?.canSetDeadlines ?? true;
    this.context = new WatchedContext({
      handler,
      limits: parseServerLimits(options.limits),
      policy: parseClosePolicy(options.close),
      persistence,
      clients: new ClientBook(parseClientRules(clientRules), learned),
      clock: this.clock,
      observer: this,
      terms: { canSetDeadlines: true, orphanMs: Number.POSITIVE_INFINITY, ...options.terms },
    });
  }

  handleNotice(notice: ServerNotice): void {
    this.notices.push(notice);
  }

  readonly handleExchange = (record: ExchangeRecord): void => {
    this.records.push(record);
  };

  handleEnding(ending: Ending): void {
    this.endings.push(ending);
  }

  handleHandlerError(error: unknown): void {
    this.errors.push(error);
  }

  /** What must never happen, and did, on any connection so far. */
  get violations(): readonly string[] {
    return [
      ...this.context.violations,
      ...this.#peers.flatMap(({ transport, id }) =>
        transport.violations.map((what) => `connection ${id}: ${what}`),
      ),
    ];
  }

  connect(options: { readonly tls?: TransportTls; readonly refuse?: true } = {}): FakePeer {
    const transport = new FakeTransport(options.tls ?? null);
    transport.canSetDeadlines = this.#canSetDeadlines;
    const peer = new FakePeer(this, this.#peers.length + 1, transport);
    this.#peers.push(peer);
    if (options.refuse === true) peer.connection.refuse();
    else peer.connection.start();
    return peer;
  }

  shutDown(): void {
    this.context.enter("closing");
    for (const { connection } of this.#peers) connection.beginShutdown();
  }

  advance(milliseconds: number): void {
    this.clock.advance(milliseconds);
  }
}

/** The other side of one connection, and what it has seen. */
export class FakePeer {
  readonly id: number;
  readonly transport: FakeTransport;
  readonly connection: Connection;
  releasedCount = 0;
  readonly #server: FakeServer;

  constructor(server: FakeServer, id: number, transport: FakeTransport) {
    this.#server = server;
    this.id = id;
    this.transport = transport;
    this.connection = new Connection(id, transport, server.context, () => {
      this.releasedCount += 1;
    });
  }

  get text(): string {
    return this.transport.text;
  }

  /** Statuses of all responses, interim ones included. Content in tests holds no status-line. */
  get statuses(): readonly number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  get hasTimers(): boolean {
    return this.#server.context.timers.isWaiting(this.connection);
  }

  get endings(): readonly Ending[] {
    return this.#server.endings.filter(({ connectionId }) => connectionId === this.id);
  }

  /**
   * The only ending.
   *
   * @throws {Error} There is none, or more than one.
   */
  get ending(): Ending {
    const [ending, ...others] = this.endings;
    if (ending !== undefined && others.length === 0) return ending;
    throw new Error(`Expected one ending of connection ${this.id}, got ${this.endings.length}`);
  }

  send(data: string | Uint8Array): void {
    this.transport.peerData(data);
  }

  /** The server's FIN reaches the kernel, and the peer answers with its own. */
  finish(): Ending {
    this.transport.flush();
    if (this.transport.release === null) this.transport.peerEnd();
    return this.ending;
  }
}

class WatchedTimers extends TimerLists {
  readonly #armed = new Set<TimerEntry>();

  override arm(entry: TimerEntry, timeoutMs: number, nowMs: number): void {
    this.#armed.add(entry);
    super.arm(entry, timeoutMs, nowMs);
  }

  isWaiting(connection: Connection): boolean {
    return [...this.#armed].some(({ isArmed, owner }) => {
      const isPart =
        owner instanceof ConnectionEnd ||
        owner instanceof RequestWatch ||
        owner instanceof SendWatch;
      return isArmed && isPart && owner.host === connection;
    });
  }
}

class WatchedContext extends ServerContext {
  readonly violations: string[] = [];
  readonly readersInUse: Set<RequestReader> = new Set();
  declare readonly timers: WatchedTimers;

  protected override makeTimers(): WatchedTimers {
    return new WatchedTimers(this.clock);
  }

  override takeReader(): RequestReader {
    const reader = super.takeReader();
    if (this.readersInUse.has(reader)) this.violations.push("a reader was given out twice");
    this.readersInUse.add(reader);
    return reader;
  }

  override returnReader(reader: RequestReader): void {
    if (!this.readersInUse.delete(reader)) this.violations.push("a reader was returned twice");
    super.returnReader(reader);
  }
}

/** Answers nothing by itself: a test does. */
export class HeldHandler {
  readonly exchanges: Exchange[] = [];

  readonly handle: Handler = (exchange) => {
    this.exchanges.push(exchange);
  };

  /**
   * The exchange of the latest request.
   *
   * @throws {Error} No request has come.
   */
  get last(): Exchange {
    const exchange = this.exchanges.at(-1);
    if (exchange === undefined) throw new Error("Expected a request, and none has come");
    return exchange;
  }
}

/** The head of a request. `fields` are whole lines without their ends. */
export function requestText(
  methodAndTarget = "GET /",
  fields: readonly string[] = [],
  version = "1.1",
): string {
  return [`${methodAndTarget} HTTP/${version}`, "Host: localhost", ...fields, "", ""].join("\r\n");
}

/** A POST with a declared body; `content` is what of it is sent along. */
export function postText(
  lengthBytes: number,
  content = "",
  fields: readonly string[] = [],
): string {
  const head = requestText("POST /", [`Content-Length: ${lengthBytes}`, ...fields]);
  return head + content;
}

/** Lets every promise that can settle now do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
