import type { ClosePolicy } from "../closing/policy.ts";
import { RequestReader } from "../http1/request-reader.ts";
import type { Ending } from "../tcp/ending.ts";
import type { ServerNotice } from "../teardown/notice.ts";
import type { PressureLevel } from "../teardown/pressure.ts";
import { TeardownContext, type TeardownParts } from "../teardown/teardown-context.ts";
import { DateField } from "./date-field.ts";
import type { ExchangeRecord, Handler } from "./exchange.ts";
import type { ServerLimits } from "./limits.ts";

// What all connections of one server share, beyond what concerns their end.

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
export interface ServerParts extends ServerSettings, TeardownParts {
  readonly handler: Handler;
  readonly observer: ServerObserver;
}

export class ServerContext extends TeardownContext {
  readonly handler: Handler;
  readonly observer: ServerObserver;
  readonly date: DateField;
  limits: ServerLimits;
  /** The value of the Keep-Alive field: whole seconds, never more than is enforced. */
  keepAlive = "";
  idleTimeoutMs = 0;
  #pressure: PressureLevel = "none";
  #spareReaders: RequestReader[] = [];

  constructor(parts: ServerParts) {
    super(parts);
    this.handler = parts.handler;
    this.observer = parts.observer;
    this.limits = parts.limits;
    this.date = new DateField(parts.clock);
    this.checkPolicy(parts.policy);
    this.update();
  }

  get pressure(): PressureLevel {
    return this.#pressure;
  }

  get sendTimeoutMs(): number {
    return this.limits.sendTimeoutMs;
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
    this.update();
  }

  usePressure(level: PressureLevel): void {
    this.#pressure = level;
    this.update();
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

  protected override update(): void {
    super.update();
    const idleMs = this.#idleMs();
    const seconds = Math.floor(idleMs / 1_000);
    this.keepAlive = seconds > 0 ? `timeout=${seconds}` : "";
    this.idleTimeoutMs = idleMs + this.limits.keepAliveTimeoutMarginMs;
    if (this.#pressure === "no-persistence") this.closeReason ??= "overload";
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
