import { BudgetError, type RunBudget } from "./case-run.ts";
import type { ProbePort } from "./probe-port.ts";
import type { ProbeSettings } from "./probe-settings.ts";

// The bounds of a run: how many connections at one time and in all, how many bytes, how long. What
// is beyond is refused before it happens.

/** With fewer connections at one time, patient cases would be in the way of the others. */
export const ROOMY_LIMIT = 56;

/** Someone who waits for room. */
interface Waiter {
  readonly count: number;
  readonly enter: () => void;
}

export class SharedBudget implements RunBudget {
  sentBytes = 0;
  connectionCount = 0;
  openCount = 0;
  /** Connections that may be open at one time: as the settings say, or fewer. */
  connectionLimit: number;
  readonly #port: ProbePort;
  readonly #settings: ProbeSettings;
  readonly #endsAtMs: number;
  readonly #waiting: Waiter[] = [];

  constructor(port: ProbePort, settings: ProbeSettings) {
    this.#port = port;
    this.#settings = settings;
    this.connectionLimit = settings.connectionLimit;
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

  async takeConnections(count: number): Promise<void> {
    const { totalConnectionLimit } = this.#settings;
    if (this.connectionCount + count > totalConnectionLimit) {
      const option = "--max-total-connections";
      throw new BudgetError(`the run may make ${totalConnectionLimit} connections (${option})`);
    }
    if (count > this.connectionLimit) throw new BudgetError(this.#tooMany(`${count} connections`));
    this.connectionCount += count;
    if (this.#hasRoom(count)) this.openCount += count;
    else await this.#waitForRoom(count);
  }

  giveConnection(): void {
    this.openCount -= 1;
    // Who needs few passes who needs many; together they would wait for each other.
    for (const waiter of [...this.#waiting]) {
      if (this.#hasRoom(waiter.count)) waiter.enter();
    }
  }

  #hasRoom(count: number): boolean {
    return this.openCount + count <= this.connectionLimit;
  }

  #tooMany(what: string): string {
    const { connectionLimit } = this;
    const isOption = connectionLimit === this.#settings.connectionLimit;
    const why = isOption ? "--max-connections" : "half of what the server serves";
    return `${what} at one time, and there may be ${connectionLimit} (${why})`;
  }

  #waitForRoom(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        cancel();
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      };
      const enter = (): void => {
        leave();
        this.openCount += count;
        resolve();
      };
      const waiter = { count, enter };
      const cancel = this.#port.schedule(this.leftMs, () => {
        leave();
        reject(new BudgetError(this.#tooMany("there was no room to the end of the run: too many")));
      });
      this.#waiting.push(waiter);
    });
  }
}
