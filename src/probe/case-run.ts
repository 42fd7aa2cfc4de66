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
  /**
   * Resolves once there may be one connection more.
   *
   * @throws {BudgetError} There have been too many.
   */
  takeConnection(): Promise<void>;
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
    await this.#budget.takeConnection();
    try {
      const client = await ProbeClient.connect(this.#port, this.#budget, options);
      this.clients.push(client);
      return client;
    } catch (error) {
      this.#budget.giveConnection();
      throw error;
    }
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
    for (const client of this.clients) this.release(client);
  }
}
