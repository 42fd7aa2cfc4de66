import type { Clock } from "../base/clock.ts";

// The value of the Date field (RFC 9110 §6.6.1), made once per second.

export class DateField {
  readonly #clock: Clock;
  #second = Number.NaN;
  #text = "";

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** IMF-fixdate. The same string object is returned for the whole second. */
  get value(): string {
    const nowMs = this.#clock.wallNow();
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(nowMs).toUTCString();
    }
    return this.#text;
  }
}
