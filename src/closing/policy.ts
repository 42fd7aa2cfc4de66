// How long, and how far, finwait goes to end a connection without losing the response.
//
// Closing a socket while input is unread makes the kernel send RST (RFC 9293 §3.6.1), and RST can
// erase response bytes that the peer has received but not read (RFC 9112 §9.6). Lingering avoids
// that, and these limits keep lingering finite.

/** Every value is checked once, by {@link parseClosePolicy}. Times are in milliseconds. */
export interface ClosePolicy {
  /**
   * - `"lingering"`: half-close, then read and discard, bounded. Apache 1.2's lingering_close().
   * - `"off"`: close at once, as Apache 1.1 did (NO_LINGCLOSE). Loses responses: for comparison.
   * - `"so-linger"`: not available yet, and refused.
   *
   * @default "lingering"
   */
  readonly mode: "lingering" | "so-linger" | "off";
  /**
   * Longest silence of the peer while lingering. Each received byte restarts it.
   *
   * Precedents: nginx `lingering_timeout` 5 000; Apache httpd `SECONDS_TO_LINGER` 2 000.
   *
   * @default 5_000
   */
  readonly lingerIdleTimeoutMs: number;
  /**
   * Longest lingering in total, counted from our FIN, whatever the peer sends. Not below
   * `lingerIdleTimeoutMs`.
   *
   * Precedents: nginx `lingering_time` 30 000; Apache httpd `MAX_SECS_TO_LINGER` 30 000.
   *
   * @default 30_000
   */
  readonly lingerTotalTimeoutMs: number;
  /**
   * Most bytes read and thrown away after the decision to close. `0` reads nothing: the peer may
   * then see a reset in place of the response.
   *
   * Precedents: @hono/node-server 64 MiB; Cap'n Proto 65 536. Large, because a client that sends
   * everything before it reads gets its answer only if everything is read.
   *
   * @default 67_108_864
   */
  readonly lingerLimitBytes: number;
  /**
   * Least average rate at which the peer must send or end, in bytes per second, measured from our
   * FIN and enforced once `lingerIdleTimeoutMs` have passed. `0` switches it off.
   *
   * Precedents: Apache httpd `RequestReadTimeout` MinRate 500; uWebSockets 16 384.
   *
   * @default 500
   */
  readonly lingerMinRateBytesPerSecond: number;
  /**
   * Longest lingering after time-outs, parse errors, idle closes, overload and at shutdown, where
   * no large response is at stake.
   *
   * Precedents: Apache httpd 2 000 (short-lingering-close); lighttpd at shutdown 1 000.
   *
   * @default 2_000
   */
  readonly shortLingerTimeoutMs: number;
  /**
   * What to do when a limit above is reached. `"close"` leaves a short-lived orphan to the kernel.
   * `"reset"` sends RST, which throws away response bytes that the peer has not acknowledged.
   *
   * Precedent: Apache httpd introduced reset in 2.4.28 and removed it in 2020, for that reason.
   *
   * @default "close"
   */
  readonly onLingerExhausted: "close" | "reset";
  /**
   * Most bytes of an unread request body that are read to keep the connection. A larger remainder
   * closes it instead.
   *
   * Precedents: Go net/http 262 144; Tomcat `maxSwallowSize` 2 097 152.
   *
   * @default 262_144
   */
  readonly discardLimitBytes: number;
  /**
   * Longest time spent on that, counted from the end of the response.
   *
   * Precedents: Kestrel 5 000; @hono/node-server 500.
   *
   * @default 2_000
   */
  readonly discardTimeoutMs: number;
}

export const DEFAULT_CLOSE_POLICY: ClosePolicy = Object.freeze({
  mode: "lingering",
  lingerIdleTimeoutMs: 5_000,
  lingerTotalTimeoutMs: 30_000,
  lingerLimitBytes: 67_108_864,
  lingerMinRateBytesPerSecond: 500,
  shortLingerTimeoutMs: 2_000,
  onLingerExhausted: "close",
  discardLimitBytes: 262_144,
  discardTimeoutMs: 2_000,
});

const INTEGER_FIELDS = [
  "lingerIdleTimeoutMs",
  "lingerTotalTimeoutMs",
  "lingerLimitBytes",
  "lingerMinRateBytesPerSecond",
  "shortLingerTimeoutMs",
  "discardLimitBytes",
  "discardTimeoutMs",
] as const;

/** Time-outs beyond this are no bounds any more, and overflow 32-bit timers. */
const TIMEOUT_LIMIT_MS = 86_400_000;

/**
 * Completes a partial policy. Everything past this function may rely on the invariants above.
 *
 * @throws {RangeError} A name is unknown, a value is out of range, or two values contradict each
 * other.
 */
export function parseClosePolicy(overrides: Partial<ClosePolicy> = {}): ClosePolicy {
  for (const key of Object.keys(overrides)) {
    if (Object.hasOwn(DEFAULT_CLOSE_POLICY, key)) continue;
    const known = Object.keys(DEFAULT_CLOSE_POLICY).join(", ");
    throw new RangeError(`Cannot use "${key}" in a close policy: expected one of ${known}`);
  }
  const policy: ClosePolicy = { ...DEFAULT_CLOSE_POLICY, ...overrides };
  for (const key of INTEGER_FIELDS) {
    const limit = key.endsWith("Ms") ? TIMEOUT_LIMIT_MS : Number.MAX_SAFE_INTEGER;
    const value = policy[key];
    if (Number.isSafeInteger(value) && value >= 0 && value <= limit) continue;
    throw new RangeError(`Cannot use ${key} ${value}: expected an integer from 0 to ${limit}`);
  }
  checkChoice("mode", policy.mode, ["lingering", "off"]);
  checkChoice("onLingerExhausted", policy.onLingerExhausted, ["close", "reset"]);
  if (policy.lingerTotalTimeoutMs < policy.lingerIdleTimeoutMs) {
    throw new RangeError(
      `Cannot use lingerTotalTimeoutMs ${policy.lingerTotalTimeoutMs}: ` +
        `expected at least lingerIdleTimeoutMs, which is ${policy.lingerIdleTimeoutMs}`,
    );
  }
  return Object.freeze(policy);
}

function checkChoice(key: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  const expected = choices.map((choice) => JSON.stringify(choice)).join(" or ");
  throw new RangeError(`Cannot use ${key} ${JSON.stringify(value)}: expected ${expected}`);
}
