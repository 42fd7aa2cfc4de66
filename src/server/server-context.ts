import type { Clock } from "../base/clock.ts";
import { TimerLists } from "../base/timer-lists.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import { RequestReader } from "../http1/request-reader.ts";
import type { Ending } from "../tcp/ending.ts";
import { DateField } from "./date-field.ts";
import type { ExchangeRecord, Handler } from "./exchange.ts";
import type { ServerLimits } from "./limits.ts";

// What all connections of one server share.

/**
 * Readers kept for the next connection that has a request. Beyond it they are left to the
 * collector.
 */
const SPARE_READER_LIMIT = 256;

/** Where a server reports to. Nothing here may throw: the connection is in the middle of a step. */
export interface ServerObserver {
  handleEnding(ending: Ending): void;
  /** `null` when nobody listens, so that no record is made. */
  readonly handleExchange: ((record: ExchangeRecord) => void) | null;
  /** Application code threw or rejected or did not answer, or a connection was not accepted. */
  handleHandlerError(error: unknown): void;
}

export class ServerContext {
  readonly handler: Handler;
  readonly limits: ServerLimits;
  readonly policy: ClosePolicy;
  readonly clock: Clock;
  readonly timers: TimerLists;
  readonly observer: ServerObserver;
  readonly date: DateField;
  /** The value of the Keep-Alive field: whole seconds, never more than is enforced. */
  readonly keepAlive: string;
  readonly idleTimeoutMs: number;
  isShuttingDown = false;
  readonly #spareReaders: RequestReader[] = [];

  constructor(
    handler: Handler,
    limits: ServerLimits,
    policy: ClosePolicy,
    clock: Clock,
    observer: ServerObserver,
  ) {
    this.handler = handler;
    this.limits = limits;
    this.policy = policy;
    this.clock = clock;
    this.timers = new TimerLists(clock);
    this.observer = observer;
    this.date = new DateField(clock);
    const seconds = Math.floor(limits.keepAliveTimeoutMs / 1_000);
    this.keepAlive = seconds > 0 ? `timeout=${seconds}` : "";
    this.idleTimeoutMs = limits.keepAliveTimeoutMs + limits.keepAliveTimeoutMarginMs;
  }

  /** A reader without history. An idle or lingering connection holds none. */
  takeReader(): RequestReader {
    return this.#spareReaders.pop() ?? new RequestReader(this.limits);
  }

  returnReader(reader: RequestReader): void {
    if (this.#spareReaders.length >= SPARE_READER_LIMIT) return;
    reader.reset();
    this.#spareReaders.push(reader);
  }
}
