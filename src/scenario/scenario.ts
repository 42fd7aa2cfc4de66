import type { ClosePolicy } from "../closing/policy.ts";
import type { ServerLimits } from "../server/limits.ts";
import type { ClientProfile } from "./client-profile.ts";

// What a scenario says: a server on a machine, the clients that come, and for how long. Types only;
// it is plain JSON, so that it can stand in a file.

export interface Scenario {
  /** One line. */
  readonly title: string;
  /** What is asked, one or two sentences. */
  readonly question: string;
  /** The machine, and what the server on it is told. */
  readonly server: ScenarioServer;
  /** Who comes, one entry for each kind of client. */
  readonly visitors: readonly ScenarioVisitors[];
  /** How long it is played. */
  readonly durationSeconds: number;
  /** Time between two looks at the machine. */
  readonly sampleSeconds: number;
  /** All that is drawn comes from it: the same number gives the same run. */
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
  /**
   * What becomes of a connection for which there is no memory: it is refused with RST, dropped
   * without a word, or the machine crashes. Without it what is known of the system.
   */
  readonly onMemoryFull?: "refuse" | "drop" | "crash";
  /**
   * Who ends FIN-WAIT-2 of a client that does not: the kernel, by deadlines that the server gives
   * it (`socket-options`); the server, which keeps the socket and resets it (`process`); or nobody
   * but the system, by its own time limit, if it has one (`system`), as with the servers of 1996.
   */
  readonly finWait2Ender: FinWait2Ender;
  /** How connections end; what is left out is finwait's default. */
  readonly close?: Partial<ClosePolicy>;
  /** What one client, or all of them, may hold; what is left out is finwait's default. */
  readonly limits?: Partial<ServerLimits>;
  /** Persistent connections, or one request per connection. @default "on" */
  readonly persistence?: "on" | "off";
  /** Rules for clients that are known to break persistence. @default "shipped" */
  readonly clientRules?: "shipped" | "off";
  /** What handlers do. */
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
