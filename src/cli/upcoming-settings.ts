import { DEFAULT_CLOSE_POLICY } from "../closing/policy.ts";
import { DEFAULT_SERVER_LIMITS } from "../server/limits.ts";
import type { ServeOptions } from "../server/serve.ts";

// MERGE: what the command line knows before the library does. Delete this file when the library has
// these fields; the compiler then names every place that leans on it.

export const UPCOMING_CLOSE_DEFAULTS = {
  releaseWhen: "peer-closed",
  finWait2TimeoutMs: 60_000,
  unacknowledgedTimeoutMs: 60_000,
  soLingerTimeoutMs: 2_000,
  lingerConnectionLimit: 4_096,
  lingerConnectionLimitPerAddress: 1_024,
  lingerPressurePercent: 75,
  lingerTurnLimitBytes: 1_048_576,
} as const;

export const UPCOMING_LIMIT_DEFAULTS = { connectionAgeLimitMs: 3_600_000 } as const;

export const UPCOMING_LEARNED_CLIENTS_DEFAULTS = {
  mode: "report",
  tableLimit: 1_024,
  halfLifeMs: 3_600_000,
  minimumSample: 20,
  brokenPercent: 50,
} as const;

/** MERGE: the type of src/server/client-rules.ts, or wherever it comes to stand. */
export type ClientRule = unknown;

/** MERGE: what `ServeOptions` will have by itself. */
export interface UpcomingServeOptions extends ServeOptions {
  readonly persistence?: "on" | "off";
  readonly clientRules?: readonly ClientRule[];
  readonly shippedClientRules?: boolean;
  readonly learnedClients?: object;
  readonly socketOptions?: "auto" | "off";
  readonly readinessTarget?: string;
}

/** MERGE: the fields that today's parseClosePolicy and parseServerLimits take. */
export function knownFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known = { ...DEFAULT_CLOSE_POLICY, ...DEFAULT_SERVER_LIMITS };
  return Object.fromEntries(Object.entries(fields).filter(([key]) => Object.hasOwn(known, key)));
}
