// From "gone within so many milliseconds" to the TCP_LINGER2 that makes Linux do it to an orphan in
// FIN-WAIT-2. RFC 9293 §3.3.2 knows no such limit; this is Linux's, with its rounding.
//
// Measured on 6.18 (seconds set: lived): 1: 1.04 s, 2: 2.1 s, 4: 4.2 s, 30: 30.6 s, 61: 2.1 s,
// 90: 61 s, 120: 123 s. It counts from the acknowledgment of our FIN, or from close() if later.

/** A value above this runs two timers, each for what exceeds it: 90 lasts 30 s twice. */
const MINI_SOCKET_LIMIT_MS = 60_000;
/** More is cut to it by the kernel. */
const SECONDS_LIMIT = 120;
/** The kernel waits at least so many retransmission timeouts (`tcp_fin_time`). */
const RETRANSMIT_TIMEOUTS = 3.5;
/** A timer fires up to one slot late, and slots are 8 ticks wide where times are 63 ticks long. */
const LATENESS = 8 / 63;
/** Two ticks of a kernel with the slowest clock, HZ = 100. */
const TICKS_MS = 20;

/**
 * The TCP_LINGER2, in whole seconds, with which an orphan lives longest and is still gone within
 * `restMs`, late timers included. -1, which stands for RST: even one second lasts too long.
 */
export function finWait2Seconds(restMs: number, retransmitTimeoutMs: number): number {
  const floorMs = RETRANSMIT_TIMEOUTS * retransmitTimeoutMs;
  let best = -1;
  let bestMs = 0;
  for (let seconds = 1; seconds <= SECONDS_LIMIT; seconds++) {
    const setMs = Math.max(seconds * 1_000, floorMs);
    const excessMs = setMs - MINI_SOCKET_LIMIT_MS;
    const timersMs = excessMs > 0 ? [excessMs, Math.max(excessMs, floorMs)] : [setMs];
    const sumMs = timersMs.reduce((sum, timerMs) => sum + timerMs, 0);
    const latestMs = sumMs * (1 + LATENESS) + timersMs.length * TICKS_MS;
    // Of two values that last equally long, the first does it with one timer.
    if (latestMs <= restMs && sumMs > bestMs) {
      best = seconds;
      bestMs = sumMs;
    }
  }
  return best;
}
