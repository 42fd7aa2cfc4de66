import type { Clock } from "../base/clock.ts";
import { FinwaitError } from "../base/error.ts";
import { TimerLists } from "../base/timer-lists.ts";
import type { ClientBook } from "../closing/client-book.ts";
import type { ReleaseTerms } from "../closing/engine.ts";
import { LingerBudget } from "../closing/linger-budget.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import type { CloseReason } from "../tcp/ending.ts";
import { Tally } from "./tally.ts";

// What all connections of one server share about their end, whoever reads their requests.

/** What the kernel does with sockets that are released before their peers have ended. */
export type SystemTerms = Omit<ReleaseTerms, "mayHold">;

/** What the end of connections is made of. */
export interface TeardownParts {
  readonly policy: ClosePolicy;
  readonly persistence: "on" | "off";
  readonly clients: ClientBook;
  readonly clock: Clock;
  readonly terms: SystemTerms;
}

/**
 * `announcing`: everything is answered with `Connection: close`, and the listener is open.
 * `closing`: nothing is accepted any more, and idle connections end.
 */
export type ServerPhase = "serving" | "announcing" | "closing" | "closed";

export abstract class TeardownContext {
  readonly clients: ClientBook;
  readonly clock: Clock;
  readonly timers: TimerLists;
  readonly budget: LingerBudget;
  readonly tally: Tally = new Tally();
  policy: ClosePolicy;
  persistence: "on" | "off";
  /** Why no connection may persist now; `null`: each decides for itself. */
  closeReason: CloseReason | null = null;
  /** One object for all connections: those that linger already hear of a shutdown, too. */
  readonly #releaseTerms: { -readonly [K in keyof ReleaseTerms]: ReleaseTerms[K] };
  #phase: ServerPhase = "serving";

  constructor(parts: TeardownParts) {
    this.clients = parts.clients;
    this.clock = parts.clock;
    this.policy = parts.policy;
    this.persistence = parts.persistence;
    this.#releaseTerms = { ...parts.terms, mayHold: true };
    this.timers = this.makeTimers();
    this.budget = new LingerBudget(parts.policy, this.timers);
  }

  /** @internal Replaced by tests that watch timers. */
  protected makeTimers(): TimerLists {
    return new TimerLists(this.clock);
  }

  /** Longest time without progress while something waits to be sent, in milliseconds. */
  abstract get sendTimeoutMs(): number;

  get phase(): ServerPhase {
    return this.#phase;
  }

  get releaseTerms(): ReleaseTerms {
    return this.#releaseTerms;
  }

  enter(phase: ServerPhase): void {
    this.#phase = phase;
    if (phase === "closing") this.#releaseTerms.mayHold = false;
    this.update();
  }

  /** What the kernel can do has become known. Connections that linger already hear of it. */
  useTerms(terms: SystemTerms): void {
    this.#releaseTerms.canSetDeadlines = terms.canSetDeadlines;
    this.#releaseTerms.orphanMs = terms.orphanMs;
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

  /** Settings or the phase have changed: works out what follows from them. */
  protected update(): void {
    if (this.#phase !== "serving") this.closeReason = "server-shutdown";
    else if (this.persistence === "off") this.closeReason = "persistence-off";
    else this.closeReason = null;
  }
}
