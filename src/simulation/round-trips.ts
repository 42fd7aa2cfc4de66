// How long to wait for an answer: RFC 6298, with the values of a system.
//
// Karn's rule: what was sent twice says nothing about the time of one round, and what was doubled
// for want of an answer stays doubled until a round is measured (RFC 6298 §3, §5.7).

/** Times in milliseconds. */
export interface RetryTimes {
  /** Before a round was measured. */
  readonly initialMs: number;
  readonly leastMs: number;
  /** What is added to the mean round at least. */
  readonly leastMarginMs: number;
  readonly longestMs: number;
  /** The unit that the system counts in. */
  readonly unitMs: number;
  /** Between two questions about a window that stays closed. */
  readonly leastProbeMs: number;
  readonly longestProbeMs: number;
}

export class RoundTrips {
  /** The last one; 0 before. */
  lastMs = 0;
  readonly #times: RetryTimes;
  #smoothedMs: number | null = null;
  #variationMs = 0;
  #backOff = 1;
  #probeBackOff = 1;

  constructor(times: RetryTimes) {
    this.#times = times;
  }

  get timeoutMs(): number {
    return Math.min(this.#times.longestMs, this.#baseMs * this.#backOff);
  }

  /** Before the peer is asked whether its window is still closed. */
  get probePauseMs(): number {
    const { leastProbeMs, longestProbeMs } = this.#times;
    return Math.min(longestProbeMs, Math.max(leastProbeMs, this.timeoutMs) * this.#probeBackOff);
  }
  get isProbePauseLongest(): boolean {
    return this.probePauseMs >= this.#times.longestProbeMs;
  }

  get #baseMs(): number {
    const { initialMs, leastMs, leastMarginMs, unitMs } = this.#times;
    if (this.#smoothedMs === null) return initialMs;
    const marginMs = Math.max(leastMarginMs, 4 * this.#variationMs);
    return Math.max(leastMs, Math.ceil((this.#smoothedMs + marginMs) / unitMs) * unitMs);
  }

  note(roundMs: number): void {
    this.lastMs = roundMs;
    this.#backOff = 1;
    if (this.#smoothedMs === null) {
      this.#smoothedMs = roundMs;
      this.#variationMs = roundMs / 2;
      return;
    }
    const difference = Math.abs(this.#smoothedMs - roundMs);
    this.#variationMs += (difference - this.#variationMs) / 4;
    this.#smoothedMs += (roundMs - this.#smoothedMs) / 8;
  }

  noteTimeout(): void {
    this.#backOff *= 2;
  }

  noteProbe(): void {
    this.#probeBackOff *= 2;
  }

  noteOpenWindow(): void {
    this.#probeBackOff = 1;
  }
}
