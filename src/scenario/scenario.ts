import type { ClosePolicy } from "../closing/policy.ts";
import type { ServerLimits } from "../server/limits.ts";
import type { ClientProfile } from "./client-profile.ts";

// What a scenario says: a server on a machine, the clients that come, and for how long. Types only;
// it is plain JSON, so that it can stand in a file.

export interface Scenario {
  readonly title: string;
  /** What is asked, one or two sentences. */
  readonly question: string;
  readonly server: ScenarioServer;
  readonly visitors: readonly ScenarioVisitors[];
  readonly durationSeconds: number;
  /** Time between two looks at the machine. */
  readonly sampleSeconds: number;
  /** All that is drawn comes from it. */
  readonly seed: number;
}

/** Who ends FIN-WAIT-2 of a client that does not. */
export type FinWait2Ender =
  /** The kernel, by deadlines that the server gives it: TCP_LINGER2 and TCP_USER_TIMEOUT. */
  | "socket-options"
  /** The server, which keeps the socket and resets it by its deadline. */
  | "process"
  /** Nobody but the system, by its own time limit, if it has one: what the servers of 1996 did. */
  | "system";

export interface ScenarioServer {
  /** The id of a system of the catalogue, for example `"sunos-4"`. */
  readonly system: string;
  /** Bytes of the kernel for connections. `null`: no limit. */
  readonly memoryBytes: number | null;
  /** What every connection costs, in every state; without it what is known of the system. */
  readonly bytesPerConnection?: number;
  /** Without it what is known of the system. */
  readonly onMemoryFull?: "refuse" | "drop" | "crash";
  readonly finWait2Ender: FinWait2Ender;
  readonly close?: Partial<ClosePolicy>;
  readonly limits?: Partial<ServerLimits>;
  /** @default "on" */
  readonly persistence?: "on" | "off";
  /** Rules for clients that are known to break persistence. @default "shipped" */
  readonly clientRules?: "shipped" | "off";
  readonly application?: ScenarioApplication;
}

/** What handlers do. */
export interface ScenarioApplication {
  /** How long they take, from the request to the response. @default 0 */
  readonly handlerMs?: number;
  /**
   * `"refuse"`: an upload is answered with 413, and nobody reads it. `"accept"`: it is read to its
   * end first. @default "refuse"
   */
  readonly uploads?: "refuse" | "accept";
}

/** Clients of one kind. */
export interface ScenarioVisitors {
  /** The id of a profile, or a profile of one's own. */
  readonly client: string | ClientProfile;
  /** They come at random, so many per second on average. */
  readonly arrivalsPerSecond?: number;
  /** Without a rate: so many, evenly over the run. With one: no more than these. */
  readonly count?: number;
}
