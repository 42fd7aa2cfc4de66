import type { LearnedClientsOptions } from "../closing/learned-clients-options.ts";
import { EndingMetrics, type EndingTotals } from "../observe/ending-metrics.ts";
import { CONNECTION_STATES, type SocketCount, type SocketStates } from "../observe/port-states.ts";
import type { Ending } from "../tcp/ending.ts";
import type { ConnectionPhaseCounts, ConnectionSnapshot } from "../teardown/connection-snapshot.ts";
import type { ObservedServer } from "./observed-server.ts";
import { type SettingInForce, type SettingOrigins, settingsInForce } from "./settings-in-force.ts";
import { type SilentClients, silentClients } from "./silent-clients.ts";

// One look at a server. The page, its JSON, its lines and the metrics are all made from it, so that
// they cannot contradict each other.

/** Rows of a table that people read. What is beyond is counted, and not shown. */
const LINGERING_ROWS = 100;
const ENDING_ROWS = 50;
const CLIENT_ROWS = 20;

/** Sockets of one TCP state. */
export type SocketsOfState = Readonly<Record<SocketCount["owner"], number>>;

/** What a server is doing, and what it has done since it was first observed. */
export interface Status {
  readonly url: string;
  readonly takenAtMs: number;
  /** Endings are counted from here, and from the latest ones that the server remembered then. */
  readonly observedSinceMs: number;
  readonly phase: ObservedServer["phase"];
  readonly pressure: ObservedServer["pressure"];
  /** How socket options are reached, `null` if they are not. */
  readonly socketOptions: string | null;
  readonly connections: {
    readonly total: number;
    readonly limit: number;
    readonly byPhase: ConnectionPhaseCounts;
    /** What the kernel says of this server's port; `null`: it cannot be asked. */
    readonly byTcpState: Readonly<Record<string, SocketsOfState>> | null;
  };
  readonly lingering: ObservedServer["lingering"] & {
    readonly limit: number;
    /** The oldest first. */
    readonly oldest: readonly ConnectionSnapshot[];
  };
  readonly endings: EndingTotals & {
    /** The latest first. */
    readonly latest: readonly Ending[];
  };
  readonly requests: { readonly finishedCount: number; readonly lostCount: number };
  readonly silentClients: readonly SilentClients[];
  readonly learnedClients: {
    readonly mode: LearnedClientsOptions["mode"];
    readonly total: number;
    readonly brokenCount: number;
    /** Those that are judged broken, as rules for a file of client rules. */
    readonly rules: ObservedServer["learnedRules"];
  };
  readonly settings: readonly SettingInForce[];
}

export interface StatusSources {
  readonly socketStates: SocketStates;
  /** Asked for each look, as a reload changes them. */
  readonly origins: () => SettingOrigins;
}

/** Watches one server, from its construction until `stop`. */
export class StatusWatch {
  readonly endings: EndingMetrics = new EndingMetrics();
  readonly #server: ObservedServer;
  readonly #sources: StatusSources;
  readonly #sinceMs: number = Date.now();
  readonly #stop: () => void;
  #sockets: Promise<readonly SocketCount[] | null> | null = null;

  constructor(server: ObservedServer, sources: StatusSources) {
    this.#server = server;
    this.#sources = sources;
    // Both in one step, so that none is missed or counted twice.
    for (const ending of server.recentEndings) this.endings.add(ending);
    this.#stop = server.onEnding((ending) => this.endings.add(ending));
  }

  stop(): void {
    this.#stop();
  }

  /** The kernel is asked first; everything else is of one moment, after its answer. */
  async look(): Promise<Status> {
    const sockets = await this.#readSockets();
    const server = this.#server;
    const { lingering, settings, counts, socketOptions } = server;
    const waiting = server.connections({
      phases: ["lingering", "held"],
      limit: settings.limits.connectionLimit,
    });
    const learned = server.learnedClients;
    return {
      url: server.url,
      takenAtMs: Date.now(),
      observedSinceMs: this.#sinceMs,
      phase: server.phase,
      pressure: server.pressure,
      socketOptions: "provider" in socketOptions ? socketOptions.provider : null,
      connections: {
        total: server.connectionCount,
        limit: settings.limits.connectionLimit,
        byPhase: server.connectionPhases,
        byTcpState: sockets === null ? null : byState(sockets),
      },
      lingering: {
        ...lingering,
        limit: settings.close.lingerConnectionLimit,
        oldest: waiting.slice(0, LINGERING_ROWS),
      },
      endings: {
        ...this.endings.totals,
        latest: server.recentEndings.slice(-ENDING_ROWS).reverse(),
      },
      requests: { finishedCount: counts.finishedCount, lostCount: counts.lostCount },
      silentClients: silentClients(waiting, learned, CLIENT_ROWS),
      learnedClients: {
        mode: settings.learnedClients.mode,
        total: learned.length,
        brokenCount: learned.filter(({ isBroken }) => isBroken).length,
        rules: server.learnedRules,
      },
      settings: settingsInForce(settings, this.#sources.origins()),
    };
  }

  /** One reading of the table serves everybody who asks while it lasts. */
  #readSockets(): Promise<readonly SocketCount[] | null> {
    this.#sockets ??= this.#sources.socketStates.read(this.#server.port).finally(() => {
      this.#sockets = null;
    });
    return this.#sockets;
  }
}

function byState(sockets: readonly SocketCount[]): Record<string, SocketsOfState> {
  const found: Record<string, SocketsOfState> = {};
  // In one order, or the rows of the page would change their places.
  for (const state of CONNECTION_STATES) {
    const ofState = sockets.filter((each) => each.state === state);
    if (ofState.length === 0) continue;
    const owners = { owned: 0, orphaned: 0, "accept-queue": 0, unknown: 0 };
    for (const { owner, count } of ofState) owners[owner] += count;
    found[state] = owners;
  }
  return found;
}
