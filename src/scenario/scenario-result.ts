import type { EndpointState } from "../simulation/endpoint-account.ts";
import type { VisitTally } from "./visitor.ts";

// What a scenario comes to. Types only; plain JSON, and the same for the same seed.

/** The machine at one moment. */
export interface ScenarioSample {
  readonly atMs: number;
  readonly usedBytes: number;
  /** Sockets in FIN-WAIT-2 that the server has. */
  readonly finWait2Owned: number;
  /** And those that nobody has. */
  readonly finWait2Orphaned: number;
  /** Sockets in any state. */
  readonly socketCount: number;
}

export interface StateUse {
  readonly state: EndpointState;
  readonly peak: number;
  /** Over all samples. */
  readonly mean: number;
}

export interface ScenarioResult {
  readonly title: string;
  readonly seed: number;
  /** How far it was played: to the end, or to the crash. */
  readonly playedMs: number;
  readonly visitorCount: number;
  readonly requests: Readonly<VisitTally> & {
    /** Still under way at the end. */
    readonly pendingCount: number;
  };
  readonly acceptedCount: number;
  /** Connections that found no memory. */
  readonly refusedCount: number;
  /** How the server's connections ended, by outcome. */
  readonly endings: Readonly<Record<string, number>>;
  /** Accepted, and not ended yet. */
  readonly openCount: number;
  readonly sockets: readonly StateUse[];
  /** Most sockets of the machine at once, in any state. */
  readonly socketPeak: number;
  readonly memory: {
    /** `null`: none. */
    readonly limitBytes: number | null;
    readonly peakBytes: number;
    readonly meanBytes: number;
  };
  readonly crashedAtMs: number | null;
  readonly eventCount: number;
  readonly samples: readonly ScenarioSample[];
}
