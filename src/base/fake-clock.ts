import type { Clock } from "./clock.ts";

// Virtual time for tests: nothing happens before somebody says how much time has passed.

/** 2026-01-01T00:00:00Z. */
const NEW_YEAR_2026_MS = 1_767_225_600_000;

export class FakeClock implements Clock {
  /** When the wake-up is due, `null` without one. */
  wakeAtMs: number | null = null;
  #nowMs = 0;
  #callback: () => void = () => {};
  readonly #wallStartMs: number;

  /** Monotonic time starts at 0; the time of day at `wallStartMs`. */
  constructor(wallStartMs: number = NEW_YEAR_2026_MS) {
    this.#wallStartMs = wallStartMs;
  }

  now(): number {
    return this.#nowMs;
  }

  wallNow(): number {
    return this.#wallStartMs + this.#nowMs;
  }

  wakeAt(atMs: number | null, callback: () => void): void {
    this.wakeAtMs = atMs;
    this.#callback = callback;
  }

  /** Lets `milliseconds` pass, and wakes whoever asked for it at the very times asked for. */
  advance(milliseconds: number): void {
    const endAtMs = this.#nowMs + milliseconds;
    while (this.wakeAtMs !== null && this.wakeAtMs <= endAtMs) {
      this.#nowMs = Math.max(this.#nowMs, this.wakeAtMs);
      this.wakeAtMs = null;
      this.#callback();
    }
    this.#nowMs = endAtMs;
  }
}
