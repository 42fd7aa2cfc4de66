import type { Clock } from "../base/clock.ts";

// The clock of the runtime: performance.now, Date.now and one setTimeout.

/** Longest delay that the runtime's timers take, about 24.8 days. */
const DELAY_LIMIT_MS = 2_147_483_647;

export class NodeClock implements Clock {
  #timer: NodeJS.Timeout | undefined;

  now(): number {
    return performance.now();
  }

  wallNow(): number {
    return Date.now();
  }

  wakeAt(atMs: number | null, callback: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (atMs === null) return;
    // One more millisecond, because the runtime rounds down and would wake us before the time.
    const delayMs = Math.min(Math.max(0, Math.ceil(atMs - performance.now()) + 1), DELAY_LIMIT_MS);
    // It keeps the process alive: paused sockets do not, and a shutdown has no other.
    this.#timer = setTimeout(callback, delayMs);
  }
}
