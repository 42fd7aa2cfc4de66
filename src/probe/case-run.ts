import { type ClientOptions, ProbeClient, type SendBudget } from "./probe-client.ts";
import { elapse, type ProbePort } from "./probe-port.ts";
import type { ProbeSettings } from "./probe-settings.ts";
import { type RequestOptions, requestHead, type Target, type TargetFacts } from "./target.ts";

// One run of one case: what it may use, and the clients that it has made.

/** A bound of the whole run was reached. */
export class BudgetError extends Error {
  override readonly name = "BudgetError";
}

/** The bounds of the whole run, which all of its cases share. */
export interface RunBudget extends SendBudget {
  /** Milliseconds that are left of the run. */
  readonly leftMs: number;
  /** Connections that may be open at one time. */
  connectionLimit: number;
  /**
   * Resolves once there may be so many connections more.
   *
   * @throws {BudgetError} There have been too many, or never may be so many at one time.
   */
  takeConnections(count: number): Promise<void>;
  giveConnection(): void;
}

export class CaseRun {
  readonly settings: ProbeSettings;
  readonly facts: TargetFacts;
  readonly clients: ProbeClient[] = [];
  readonly #port: ProbePort;
  readonly #target: Target;
  readonly #budget: RunBudget;
  readonly #released = new Set<ProbeClient>();
  /** Connections that were taken and not made yet. */
  #reservedCount = 0;
  #isOver = false;

  constructor(port: ProbePort, target: Target, settings: ProbeSettings, budget: RunBudget) {
    this.#port = port;
    this.#target = target;
    this.facts = target.facts;
    this.settings = settings;
    this.#budget = budget;
  }

  get isTls(): boolean {
    return this.#port.isTls;
  }

  get nowMs(): number {
    return this.#port.nowMs;
  }

  elapse(delayMs: number): Promise<void> {
    return elapse(this.#port, delayMs);
  }

  /**
   * @throws {ConnectError} The server does not take the connection.
   * @throws {BudgetError} There have been too many.
   */
  async connect(options: ClientOptions = {}): Promise<ProbeClient> {
    if (this.#reservedCount > 0) this.#reservedCount -= 1;
    else await this.#budget.takeConnections(1);
    try {
      this.#assertGoesOn();
      const client = await ProbeClient.connect(this.#port, this.#budget, options);
      if (this.#isOver) client.close();
      this.#assertGoesOn();
      this.clients.push(client);
      return client;
    } catch (error) {
      this.#budget.giveConnection();
      throw error;
    }
  }

  /**
   * Makes sure of the connections that a case needs at the same time, before it has any: cases that
   * have some and wait for more would wait for each other.
   *
   * @throws {BudgetError} There have been too many, or never may be so many at one time.
   */
  async reserve(count: number): Promise<void> {
    await this.#budget.takeConnections(count);
    this.#reservedCount += count;
    if (this.#isOver) this.end();
    this.#assertGoesOn();
  }

  /** A case may be cut off while it waits for a connection, which is nobody's then. */
  #assertGoesOn(): void {
    if (this.#isOver) throw new BudgetError("the case is over");
  }

  /** The head of a request to the server; by default GET of its page. */
  head(options: RequestOptions = {}): string {
    return requestHead(this.#target.host, { path: this.facts.page.path, ...options });
  }

  /** A client of this case is not needed any more, and makes room for others. */
  release(client: ProbeClient): void {
    if (this.#released.has(client)) return;
    this.#released.add(client);
    client.close();
    this.#budget.giveConnection();
  }

  /** The case is over. */
  end(): void {
    this.#isOver = true;
    for (; this.#reservedCount > 0; this.#reservedCount -= 1) this.#budget.giveConnection();
    for (const client of this.clients) this.release(client);
  }
}
