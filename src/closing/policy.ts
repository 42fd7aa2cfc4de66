// How long, and how far, finwait goes to end a connection without losing the response.
//
// Closing a socket while input is unread makes the kernel send RST (RFC 9293 §3.6.1), and RST can
// erase response bytes that the peer has received but not read (RFC 9112 §9.6). Lingering avoids
// that, and these limits keep lingering finite. policy-parser.ts checks them.

/** What one route or one response may change. Times are in milliseconds. */
export interface ConnectionClosePolicy {
  /**
   * - `"lingering"`: half-close, then read and discard, bounded. Apache 1.2's lingering_close().
   * - `"so-linger"`: SO_LINGER and close(), off the event loop (Apache's USE_SO_LINGER). Refused
   *   where socket options cannot be reached. Unread input still makes an RST, so uploads lose
   *   their answer; the fields of lingering may not be given with it.
   * - `"off"`: close at once, as Apache 1.1 did (NO_LINGCLOSE). Loses responses: for comparison
   *   and emergencies.
   *
   * @default "lingering"
   */
  readonly mode: "lingering" | "so-linger" | "off";
  /**
   * Longest silence of the peer while lingering. Each received byte restarts it. `0` ends lingering
   * at the first turn of the event loop; a day makes the other bounds decide.
   *
   * Precedents: nginx `lingering_timeout` 5 000; Apache httpd `SECONDS_TO_LINGER` 2 000.
   *
   * @default 5_000
   */
  readonly lingerIdleTimeoutMs: number;
  /**
   * Longest lingering in total, counted from our FIN, whatever the peer sends. Not below
   * `lingerIdleTimeoutMs`. Short values cut uploads whose answer is on its way; long ones let a
   * client that drips hold a socket.
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
   * FIN and enforced once `lingerIdleTimeoutMs` have passed. `0` switches it off; a rate above that
   * of the slowest honest uplink cuts honest clients.
   *
   * Precedents: Apache httpd `RequestReadTimeout` MinRate 500; uWebSockets 16 384.
   *
   * @default 500
   */
  readonly lingerMinRateBytesPerSecond: number;
  /**
   * Longest lingering after time-outs, parse errors, idle closes, overload, at shutdown and under
   * pressure, where no large response is at stake. `0` resets a request that crosses an idle close.
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
   * When lingering has done its work.
   *
   * - `"peer-closed"`: with the peer's FIN.
   * - `"acknowledged"`: once the peer's TCP has acknowledged everything and our FIN. The socket is
   *   free after a round trip, but a peer that still sends sees RST then, and a system that throws
   *   received data away on RST (Windows) may lose the response. Needs TCP_INFO; without it, and
   *   until the acknowledgment, as `"peer-closed"`.
   *
   * Precedent: HAProxy `option nolinger` goes further and resets at once.
   *
   * @default "peer-closed"
   */
  readonly releaseWhen: "peer-closed" | "acknowledged";
  /**
   * Longest time in FIN-WAIT-2, owned by this process and as an orphan of the kernel together,
   * counted from our FIN. It ends lingering too, if it is the shorter one. Enforced by TCP_LINGER2;
   * without socket options the process keeps the socket until then, and resets it. Values under
   * about 2 000 leave the kernel no time for an orphan: RST follows the acknowledgment of our FIN.
   *
   * Precedents: Linux `tcp_fin_timeout` 60 000 for orphans alone; Apache httpd 90 000 and lighttpd
   * 66 000 in sum (measured).
   *
   * @default 60_000
   */
  readonly finWait2TimeoutMs: number;
  /**
   * Longest time that data or our FIN may stay unacknowledged once the end has begun, so longest
   * time in FIN-WAIT-1 with a peer that has vanished or does not read. Enforced by
   * TCP_USER_TIMEOUT; without socket options the process resets the socket then. Small values give
   * up on peers whose network is away for a moment.
   *
   * Precedents: Linux without it 105 000 (orphan) to 939 000 (owned); HAProxy `tcp-ut`; RFC 9293
   * §3.8.3 asks for at least 100 000 for data.
   *
   * @default 60_000
   */
  readonly unacknowledgedTimeoutMs: number;
  /**
   * How long close() may wait for the acknowledgment in mode `"so-linger"`; whole seconds, as the
   * kernel counts them. Only with that mode. `0` makes every close an RST. A process that ends
   * waits for such a close(), also after the deadline of a shutdown.
   *
   * Precedents: Apache httpd 1.3 USE_SO_LINGER 30 000 (`MAX_SECS_TO_LINGER`); Netty leaves it off.
   *
   * @default 2_000
   */
  readonly soLingerTimeoutMs: number;
  /**
   * Most bytes of an unread request body that are read to keep the connection. A larger remainder
   * closes it instead. `0` closes after every body that was not read.
   *
   * Precedents: Go net/http 262 144; Tomcat `maxSwallowSize` 2 097 152.
   *
   * @default 262_144
   */
  readonly discardLimitBytes: number;
  /**
   * Longest time spent on that, counted from the end of the response. `0` leaves what has not come
   * yet to lingering.
   *
   * Precedents: Kestrel 5 000; @hono/node-server 500.
   *
   * @default 2_000
   */
  readonly discardTimeoutMs: number;
}

/** The linger budget: what all connections of one server share. */
export interface LingerBudgetPolicy {
  /**
   * Most connections that linger at once; the oldest goes when one more comes. Each costs about
   * 4 KB in this process and 3.6 KB in the kernel. `0` lets nothing linger.
   *
   * Precedents: nginx reclaims lingering connections when 1/16 of all are left; Apache httpd has
   * no limit.
   *
   * @default 4_096
   */
  readonly lingerConnectionLimit: number;
  /**
   * Most connections of one client address (IPv6: one /64) that linger at once; its oldest goes
   * first. `0`: no limit of its own, for servers that see one proxy only.
   *
   * Precedents: none; a quarter of `lingerConnectionLimit`.
   *
   * @default 1_024
   */
  readonly lingerConnectionLimitPerAddress: number;
  /**
   * The share of `lingerConnectionLimit`, in percent, from which on lingering is short, and ends
   * with the acknowledgment of our FIN where the kernel can be asked. `0`: always; `100`: never.
   *
   * Precedents: nginx 94 (reuse of lingering connections); Linux begins to be frugal at half of
   * `tcp_mem`.
   *
   * @default 75
   */
  readonly lingerPressurePercent: number;
  /**
   * Most bytes that are thrown away for all lingering connections in one turn (at least one
   * millisecond); then they wait for the next. Small values slow uploads down that wait for their
   * end.
   *
   * Precedents: hyper yields after 16 reads; nginx and Apache httpd have no bound. 1 MiB takes
   * about 0.3 ms (measured).
   *
   * @default 1_048_576
   */
  readonly lingerTurnLimitBytes: number;
}

/** Every value is checked once, by `parseClosePolicy`. */
export interface ClosePolicy extends ConnectionClosePolicy, LingerBudgetPolicy {}

export const DEFAULT_CLOSE_POLICY: ClosePolicy = Object.freeze({
  mode: "lingering",
  lingerIdleTimeoutMs: 5_000,
  lingerTotalTimeoutMs: 30_000,
  lingerLimitBytes: 67_108_864,
  lingerMinRateBytesPerSecond: 500,
  shortLingerTimeoutMs: 2_000,
  onLingerExhausted: "close",
  releaseWhen: "peer-closed",
  finWait2TimeoutMs: 60_000,
  unacknowledgedTimeoutMs: 60_000,
  soLingerTimeoutMs: 2_000,
  discardLimitBytes: 262_144,
  discardTimeoutMs: 2_000,
  lingerConnectionLimit: 4_096,
  lingerConnectionLimitPerAddress: 1_024,
  lingerPressurePercent: 75,
  lingerTurnLimitBytes: 1_048_576,
});
