import { DEFAULT_READER_LIMITS, type ReaderLimits } from "../http1/limits.ts";

// How much of the server one peer, or all of them, may hold. One object, units in the names.

/** Every value is an integer, checked once by {@link parseServerLimits}. */
export interface ServerLimits extends ReaderLimits {
  /**
   * Longest time from the first byte of a request to the end of its header section, in
   * milliseconds, and from the accept to the first byte. Beyond it: 408, or a silent close if
   * nothing arrived.
   *
   * Precedents: nginx `client_header_timeout` 60 000; Node `headersTimeout` 60 000.
   *
   * @default 60_000
   */
  readonly headerTimeoutMs: number;
  /**
   * Least average rate of a request body over each `bodyRateWindowMs`, in bytes per second. Slower:
   * 408. Time in which the handler does not read does not count. `0` switches it off, and with it
   * the bound on silence.
   *
   * Precedents: Apache httpd `RequestReadTimeout` MinRate 500; Kestrel 240.
   *
   * @default 500
   */
  readonly bodyMinRateBytesPerSecond: number;
  /**
   * The window of that rate, in milliseconds, and so the longest silence within a body.
   *
   * Precedents: Apache httpd body=20 (seconds); Kestrel grace period 5 000.
   *
   * @default 20_000
   */
  readonly bodyRateWindowMs: number;
  /**
   * How long a persistent connection may stay idle, in milliseconds, as advertised in Keep-Alive.
   *
   * Precedents: nginx `keepalive_timeout` 75 000; Node 27 65 000; above the 60 000 of common load
   * balancers, so that they close first.
   *
   * @default 65_000
   */
  readonly keepAliveTimeoutMs: number;
  /**
   * How much longer than advertised we wait, in milliseconds, for requests already under way.
   *
   * Precedents: Node `keepAliveTimeoutBuffer` 1 000; IBM HTTP Server `KeepAliveTimeoutDelay` 200.
   *
   * @default 2_000
   */
  readonly keepAliveTimeoutMarginMs: number;
  /**
   * Longest time without progress in sending a response, in milliseconds.
   *
   * Precedents: nginx `send_timeout` 60 000; Apache httpd `Timeout` 60 000.
   *
   * @default 60_000
   */
  readonly sendTimeoutMs: number;
  /**
   * Most connections at once. Further ones get 503 and are closed, the ones beyond 64 more without
   * it.
   *
   * Precedents: nginx `worker_connections` 512; Caddy none.
   *
   * @default 16_384
   */
  readonly connectionLimit: number;
  /**
   * Most connections at once from one address. `0`: no limit of its own, as a proxy in front of
   * this server has one address for everybody.
   *
   * Precedents: nginx `limit_conn` off; Apache httpd none.
   *
   * @default 0
   */
  readonly connectionLimitPerAddress: number;
  /**
   * Most requests on one connection; the last one is answered with `Connection: close`. `0`: no
   * limit.
   *
   * Precedents: nginx `keepalive_requests` 1 000; Node `maxRequestsPerSocket` 0.
   *
   * @default 0
   */
  readonly requestLimit: number;
  /**
   * Longest life of a persistent connection, in milliseconds: the first response after it says
   * `Connection: close`. It lets load balancers spread their connections anew. `0`: no limit.
   *
   * Precedents: nginx `keepalive_time` 3 600 000; Envoy `max_connection_duration` off.
   *
   * @default 3_600_000
   */
  readonly connectionAgeLimitMs: number;
  /**
   * The share of connections, descriptors or kernel memory in use, in percent, from which on idle
   * connections are kept for a shorter time; closer to the limit shorter still, and at last none
   * persists. `100`: never.
   *
   * Precedents: nginx reuses idle connections when 1/16 of all are left; Apache httpd closes idle
   * ones when every worker is busy.
   *
   * @default 75
   */
  readonly pressurePercent: number;
  /**
   * Most pipelined requests of one connection in flight: answered, and not with the kernel yet.
   * Handlers run one at a time in any case (RFC 9112 §9.3.2).
   *
   * Precedents: lighttpd and nginx handle one at a time; Node has no limit.
   *
   * @default 64
   */
  readonly pipelinedRequestLimit: number;
  /**
   * Most received bytes that wait for a handler or for their turn, per connection, before reading
   * stops. Two reads of the runtime, 64 KiB each, may come on top.
   *
   * Precedents: nginx `client_body_buffer_size` 16 384; Node 65 536.
   *
   * @default 65_536
   */
  readonly receiveBufferLimitBytes: number;
  /**
   * Most bytes of streamed content that wait for the peer, per connection, before `write` says
   * stop.
   *
   * Precedents: Node 16 384 to 65 536; nginx `output_buffers` 2 x 32 768.
   *
   * @default 262_144
   */
  readonly sendBufferLimitBytes: number;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = Object.freeze({
  ...DEFAULT_READER_LIMITS,
  headerTimeoutMs: 60_000,
  bodyMinRateBytesPerSecond: 500,
  bodyRateWindowMs: 20_000,
  keepAliveTimeoutMs: 65_000,
  keepAliveTimeoutMarginMs: 2_000,
  sendTimeoutMs: 60_000,
  connectionLimit: 16_384,
  connectionLimitPerAddress: 0,
  requestLimit: 0,
  connectionAgeLimitMs: 3_600_000,
  pressurePercent: 75,
  pipelinedRequestLimit: 64,
  receiveBufferLimitBytes: 65_536,
  sendBufferLimitBytes: 262_144,
});

/** Limits for which 0 means something: off, or at once. Every other one starts at 1. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set([
  "bodyLimitBytes",
  "bodyMinRateBytesPerSecond",
  "chunkExtensionsLimitBytes",
  "connectionAgeLimitMs",
  "connectionLimitPerAddress",
  "keepAliveTimeoutMarginMs",
  "requestLimit",
]);

/** Time-outs beyond a day are no limits any more. */
const TIMEOUT_LIMIT_MS = 86_400_000;

function mostOf(key: string): number {
  if (key.endsWith("Percent")) return 100;
  return key.endsWith("Ms") ? TIMEOUT_LIMIT_MS : Number.MAX_SAFE_INTEGER;
}

/**
 * Completes partial limits and freezes them.
 *
 * @throws {RangeError} A name is unknown, or a value is out of range.
 */
export function parseServerLimits(overrides: Partial<ServerLimits> = {}): ServerLimits {
  for (const key of Object.keys(overrides)) {
    if (Object.hasOwn(DEFAULT_SERVER_LIMITS, key)) continue;
    const known = Object.keys(DEFAULT_SERVER_LIMITS).join(", ");
    throw new RangeError(`Cannot use "${key}" as a limit: expected one of ${known}`);
  }
  const limits: ServerLimits = { ...DEFAULT_SERVER_LIMITS, ...overrides };
  for (const [key, value] of Object.entries(limits)) {
    const least = MAY_BE_ZERO.has(key) ? 0 : 1;
    const most = mostOf(key);
    if (Number.isSafeInteger(value) && value >= least && value <= most) continue;
    throw new RangeError(
      `Cannot use ${key} ${value}: expected an integer from ${least} to ${most}`,
    );
  }
  return Object.freeze(limits);
}
