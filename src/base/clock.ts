// The clock port. Pure folders never read a clock: time reaches them as an argument or through
// this.
//
// Two adapters implement it: the runtime's timers (transport/node-clock.ts) and virtual time.

/** Time and one wake-up. All times are milliseconds; `now` is monotonic and has no known origin. */
export interface Clock {
  /** The monotonic time, in milliseconds. Never goes backwards. */
  now(): number;
  /** The time of day, in milliseconds since 1970-01-01T00:00:00Z. It may jump. */
  wallNow(): number;
  /**
   * Asks for one call of `callback` at or soon after `atMs` (monotonic). A second call replaces the
   * first, so there is at most one pending wake-up per clock; `null` cancels it.
   */
  wakeAt(atMs: number | null, callback: () => void): void;
}
