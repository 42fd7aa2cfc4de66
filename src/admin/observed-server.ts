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
  | "settings"
  | "learnedClients"
  | "learnedRules"
  | "recentEndings"
  | "onEnding"
  | "closed"
>;
