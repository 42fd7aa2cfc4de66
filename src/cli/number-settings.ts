import { type ClosePolicy, DEFAULT_CLOSE_POLICY } from "../closing/policy.ts";
import { DEFAULT_SERVER_LIMITS, type ServerLimits } from "../server/limits.ts";
import type { NumberSetting } from "./setting.ts";
import { type NumberRow, numberRows } from "./setting-row.ts";

// The rows of the close policy's and the limits' numbers. The defaults are the library's, which
// also enforces the ranges; a test keeps the ranges that stand here equal to those.

/** The numbers among the policy's fields. A field without a row does not compile. */
type CloseNumber = Exclude<keyof ClosePolicy, "mode" | "onLingerExhausted" | "releaseWhen">;

const CLOSE_NUMBERS: { readonly [K in CloseNumber]: NumberRow } = {
  lingerIdleTimeoutMs: { least: 0, help: "longest silence of the client while lingering" },
  lingerTotalTimeoutMs: { least: 0, help: "longest lingering, counted from our FIN" },
  lingerLimitBytes: { least: 0, help: "most bytes thrown away while lingering" },
  lingerMinRateBytesPerSecond: {
    least: 0,
    help: "least rate of a client while lingering; 0: none",
  },
  shortLingerTimeoutMs: {
    least: 0,
    help: "longest lingering after errors, time-outs, at shutdown and under pressure",
  },
  soLingerTimeoutMs: {
    least: 0,
    most: 3_600_000,
    help: "SO_LINGER time of the mode so-linger, in whole seconds",
  },
  discardLimitBytes: {
    least: 0,
    help: "most of an unread body that is read to keep the connection",
  },
  discardTimeoutMs: { least: 0, help: "longest time for that" },
  finWait2TimeoutMs: { least: 1, help: "longest FIN-WAIT-2, with and without its owner" },
  unacknowledgedTimeoutMs: { least: 1, help: "longest wait for an ACK after our FIN" },
  lingerConnectionLimit: {
    least: 0,
    most: 1_000_000,
    help: "most lingering connections at once; the oldest goes",
  },
  lingerConnectionLimitPerAddress: {
    least: 0,
    most: 1_000_000,
    help: "most lingering connections at once from one address; 0: no limit",
  },
  lingerPressurePercent: {
    least: 0,
    most: 100,
    help: "share of the most lingering connections beyond which lingering is short",
  },
  lingerTurnLimitBytes: {
    least: 65_536,
    help: "most bytes thrown away in one turn of the event loop, by all connections",
  },
};

const LIMITS: { readonly [K in keyof ServerLimits]: NumberRow } = {
  headerTimeoutMs: { least: 1, help: "longest time for a header section, and to the first byte" },
  keepAliveTimeoutMs: {
    least: 1,
    help: "how long a persistent connection may be idle, as advertised",
  },
  keepAliveTimeoutMarginMs: { least: 0, help: "how much longer than advertised it is kept" },
  bodyMinRateBytesPerSecond: { least: 0, help: "least rate of a request body; 0: none" },
  bodyRateWindowMs: { least: 1, help: "window of that rate, and longest silence in a body" },
  sendTimeoutMs: { least: 1, help: "longest time without progress in sending" },
  connectionAgeLimitMs: { least: 0, help: "longest life of a persistent connection; 0: no limit" },
  pressurePercent: {
    least: 1,
    most: 100,
    help: "share of any limit from which on idle connections are kept shorter; 100: never",
  },
  connectionLimit: { least: 1, help: "most connections at once" },
  connectionLimitPerAddress: {
    least: 0,
    help: "most connections at once from one address; 0: no limit",
  },
  requestLimit: {
    least: 0,
    help: "most requests on one connection; 0: no limit, 1: no persistence",
  },
  pipelinedRequestLimit: {
    least: 1,
    help: "most pipelined requests in flight on one connection",
  },
  receiveBufferLimitBytes: { least: 1, help: "most received bytes that wait, per connection" },
  sendBufferLimitBytes: {
    least: 1,
    help: "most streamed bytes that wait for the client, per connection",
  },
  requestLineLimitBytes: { least: 1, help: "longest request-line" },
  fieldLineLimitBytes: { least: 1, help: "longest field line" },
  fieldCountLimit: { least: 1, help: "most field lines in a request" },
  headLimitBytes: { least: 1, help: "largest request-line and header section together" },
  bodyLimitBytes: { least: 0, help: "largest request body" },
  chunkExtensionsLimitBytes: { least: 0, help: "most chunk extensions in one body" },
};

export const CLOSE_NUMBER_SETTINGS: readonly NumberSetting[] = numberRows(
  "close",
  CLOSE_NUMBERS,
  DEFAULT_CLOSE_POLICY,
);

export const LIMIT_SETTINGS: readonly NumberSetting[] = numberRows(
  "limits",
  LIMITS,
  DEFAULT_SERVER_LIMITS,
);
