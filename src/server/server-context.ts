import type { Clock } from "../base/clock.ts";
import { FinwaitError } from "../base/error.ts";
import { TimerLists } from "../base/timer-lists.ts";
import type { ClientBook } from "../closing/client-book.ts";
import type { ReleaseTerms } from "../closing/engine.ts";
import { LingerBudget } from "../closing/linger-budget.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import { RequestReader } from "../http1/request-reader.ts";
import type { CloseReason, Ending } from "../tcp/ending.ts";
import { DateField } from "./date-field.ts";
import type { ExchangeRecord, Handler } from "./exchange.ts";
import type { ServerLimits } from "./limits.ts";
import type { ServerNotice } from "./notice.ts";
import type { PressureLevel } from "./pressure.ts";
import { Tally } from "./tally.ts";

// What all connections of one server share.

/**
 * Readers kept for the next connection that has a request. Beyond it they are left to the
 * collector.
 */
const SPARE_READER_LIMIT = 256;

/** Under pressure idle connections are kept for a quarter of the time, then for a second. */
const SHORTER_IDLE_DIVISOR = 4;
const SHORTEST_IDLE_MS = 1_000;

/** Where a server reports to. Nothing here may throw: the connection is in the middle of a step. */
export interface ServerObserver {
  handleEnding(ending: Ending): void;
  /** `null` when nobody listens, so that no record is made. */
  readonly handleExchange: ((record: ExchangeRecord) => void) | null;
  /** Application code threw or rejected or did not answer, or a connection was not accepted. */
  handleHandlerError(error: unknown): void;
  handleNotice(notice: ServerNotice): void;
}

/** What may change while a server runs. */
export interface ServerSettings {
  readonly limits: ServerLimits;
  readonly policy: ClosePolicy;
  readonly persistence: "on" | "off";
}

/** What a server is made of. */
export interface ServerParts extends ServerSettings {
  readonly handler: Handler;
  readonly clients: ClientBook;
  readonly clock: Clock;
  readonly observer: ServerObserver;
  /** What the kernel does with sockets that are released before their peers have ended. */
  readonly terms: Omit<ReleaseTerms, "mayHold">;
}

/**
 * `announcing`: everything is answered with `Connection: close`, and the listener is open.
 * `closing`: nothing is accepted any more, and idle connections end.
 */
export type ServerPhase = "serving" | "announcing" | "closing" | "closed";

export class ServerContext {
  readonly handler: Handler;
  readonly clients: ClientBook;
  readonly clock: Clock;
  readonly timers: TimerLists;
  readonly observer: ServerObserver;
  readonly date: DateField;
  readonly budget: LingerBudget;
  readonly tally: Tally = new Tally();
  limits: ServerLimits;
  policy: ClosePolicy;
  persistence: "on" | "off";
  /** Why no connection may persist now; `null`: each decides for itself. */
  closeReason: CloseReason | null = null;
  /** The value of the Keep-Alive field: whole seconds, never more than is enforced. */
  keepAlive = "";
  idleTimeoutMs = 0;
  /** One object for all connections: those that linger already hear of a shutdown, too. */
  readonly #releaseTerms: { -readonly [K in keyof ReleaseTerms]: ReleaseTerms[K] };
  #phase: ServerPhase = "serving";
  #pressure: PressureLevel = "none";
  #spareReaders: RequestReader[] = [];

  constructor(parts: ServerParts) {
    this.handler = parts.handler;
    this.clients = parts.clients;
    this.clock = parts.clock;
    this.observer = parts.observer;
    this.limits = parts.limits;
    this.policy = parts.policy;
    this.persistence = parts.persistence;
    this.#releaseTerms = { ...parts.terms, mayHold: true };
    this.timers = this.makeTimers();
    this.date = new DateField(parts.clock);
    this.checkPolicy(parts.policy);
    this.budget = new LingerBudget(parts.policy, this.timers);
    this.#update();
  }

  /** @internal Replaced by tests that watch timers. */
  protected makeTimers(): TimerLists {
    return new TimerLists(this.clock);
  }

  get phase(): ServerPhase {
    return this.#phase;
  }

  get releaseTerms(): ReleaseTerms {
    return this.#releaseTerms;
  }

  get pressure(): PressureLevel {
    return this.#pressure;
  }

  /** Other settings from now on. What a connection is in the middle of goes on as it began. */
  useSettings(settings: ServerSettings): void {
    this.checkPolicy(settings.policy);
    this.limits = settings.limits;
    this.policy = settings.policy;
    this.persistence = settings.persistence;
    this.budget.usePolicy(settings.policy);
    // Readers carry the limits that they were made with.
    this.#spareReaders = [];
    this.#update();
  }

  usePressure(level: PressureLevel): void {
    this.#pressure = level;
    this.#update();
  }

  enter(phase: ServerPhase): void {
    this.#phase = phase;
    if (phase === "closing") this.#releaseTerms.mayHold = false;
    this.#update();
  }

  /**
   * @throws {FinwaitError} `FINWAIT_SO_LINGER_UNAVAILABLE`: close() with SO_LINGER would block the
   * event loop here.
   */
  checkPolicy({ mode }: ClosePolicy): void {
    if (mode !== "so-linger" || this.releaseTerms.canSetDeadlines) return;
    throw new FinwaitError(
      "FINWAIT_SO_LINGER_UNAVAILABLE",
      'Cannot use mode "so-linger": expected access to socket options, without which close() ' +
        'would block the event loop for as long as SO_LINGER says; mode "lingering" needs none',
    );
  }

  /** A reader without history. An idle or lingering connection holds none. */
  takeReader(): RequestReader {
    return this.#spareReaders.pop() ?? new RequestReader(this.limits);
  }

  returnReader(reader: RequestReader): void {
    if (reader.limits !== this.limits || this.#spareReaders.length >= SPARE_READER_LIMIT) return;
    reader.reset();
    this.#spareReaders.push(reader);
  }

  #update(): void {
    const idleMs = this.#idleMs();
    const seconds = Math.floor(idleMs / 1_000);
    this.keepAlive = seconds > 0 ? `timeout=${seconds}` : "";
    this.idleTimeoutMs = idleMs + this.limits.keepAliveTimeoutMarginMs;
    if (this.#phase !== "serving") this.closeReason = "server-shutdown";
    else if (this.persistence === "off") this.closeReason = "persistence-off";
    else this.closeReason = this.#pressure === "no-persistence" ? "overload" : null;
  }

  #idleMs(): number {
    const { keepAliveTimeoutMs } = this.limits;
    switch (this.#pressure) {
      case "none":
        return keepAliveTimeoutMs;
      case "shorter-idle": {
        const shorterMs = Math.ceil(keepAliveTimeoutMs / SHORTER_IDLE_DIVISOR);
        return Math.min(keepAliveTimeoutMs, Math.max(shorterMs, SHORTEST_IDLE_MS));
      }
      default:
        return Math.min(keepAliveTimeoutMs, SHORTEST_IDLE_MS);
    }
  }
}
