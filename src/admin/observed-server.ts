import type { ServerLimits } from "../server/limits.ts";
import type { FinwaitServer } from "../server/serve-options.ts";

// What the admin listener and the telemetry need of a server: reading only, and its endings.

/** A server that can be observed: one of `serve`'s, or anything that can tell the same. */
export type ObservedServer = Pick<
  FinwaitServer,
  | "url"
  | "port"
  | "phase"
  | "pressure"
  | "connectionCount"
  | "connectionPhases"
  | "connections"
  | "counts"
  | "lingering"
  | "socketOptions"
  | "learnedClients"
  | "learnedRules"
  | "recentEndings"
  | "onEnding"
  | "closed"
> & { readonly settings: ObservedSettings };

/** Not every server has every limit of finwait's own. */
export type ObservedSettings = Omit<FinwaitServer["settings"], "limits"> & {
  readonly limits: Pick<ServerLimits, "connectionLimit"> & Partial<ServerLimits>;
};
