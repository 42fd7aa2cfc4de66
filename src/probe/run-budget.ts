import { BudgetError, type RunBudget } from "./case-run.ts";
import type { ProbePort } from "./probe-port.ts";
import type { ProbeSettings } from "./probe-settings.ts";

// The bounds of a run: how many connections at one time and in all, how many bytes, how long. What
// is beyond is refused before it happens.

export class SharedBudget implements RunBudget {
  sentBytes = 0;
  connectionCount = 0;
  openCount = 0;
  readonly #port: ProbePort;
  readonly #settings: ProbeSettings;
  readonly #endsAtMs: number;
  readonly #waiting: (() => void)[] = [];

  constructor(port: ProbePort, settings: ProbeSettings) {
    this.#port = port;
    this.#settings = settings;
    this.#endsAtMs = port.nowMs + settings.durationLimitMs;
  }

  /** Milliseconds that are left of the run. */
  get leftMs(): number {
    return Math.max(0, this.#endsAtMs - this.#port.nowMs);
  }

  spend(bytes: number): void {
    const { sendLimitBytes } = this.#settings;
    if (this.sentBytes + bytes > sendLimitBytes) {
      throw new BudgetError(`the run may send ${sendLimitBytes} bytes (--max-bytes)`);
    }
    this.sentBytes += bytes;
  }

  async takeConnection(): Promise<void> {
    const { connectionLimit, totalConnectionLimit } = this.#settings;
    if (this.connectionCount >= totalConnectionLimit) {
      const option = "--max-total-connections";
      throw new BudgetError(`the run may make ${totalConnectionLimit} connections (${option})`);
    }
    this.connectionCount += 1;
    if (this.openCount >= connectionLimit) await this.#waitForRoom();
    else this.openCount += 1;
  }

  giveConnection(): void {
    const next = this.#waiting.shift();
    // Who waits takes the place over.
    if (next === undefined) this.openCount -= 1;
    else next();
  }

  #waitForRoom(): Promise<void> {
    return new Promise((resolve, reject) => {
      const takeOver = (): void => {
        cancel();
        resolve();
      };
      const cancel = this.#port.schedule(this.leftMs, () => {
        this.#waiting.splice(this.#waiting.indexOf(takeOver), 1);
        const limit = this.#settings.connectionLimit;
        const text = `${limit} connections were open to the end of the run (--max-connections)`;
        reject(new BudgetError(text));
      });
      this.#waiting.push(takeOver);
    });
  }
}
