import type { ClientRule } from "../closing/client-rules.ts";
import type { LearnedClient } from "../closing/learned-clients.ts";
import type { LingerBudgetCounts } from "../closing/linger-budget.ts";
import type { Ending } from "../tcp/ending.ts";
import type { SocketOptionsState } from "../transport/socket-options.ts";
import {
  type ConnectionPhaseCounts,
  type ConnectionQuery,
  type ConnectionSnapshot,
  countPhases,
  type SnapshotSource,
  selectConnections,
} from "./connection-snapshot.ts";
import type { EndingLog } from "./ending-log.ts";
import {
  parseShutdownOptions,
  type ShutdownListener,
  type ShutdownOptions,
  type ShutdownReport,
  ShutdownRun,
} from "./shutdown.ts";
import type { TallyCounts } from "./tally.ts";
import type { ServerPhase, TeardownContext } from "./teardown-context.ts";

// A server as its owner looks at how it ends connections, and as its owner ends it. Nothing here
// knows how requests are read.

/** Who has the connections of a server. */
export interface ConnectionOwner extends ShutdownListener {
  readonly connections: ReadonlySet<SnapshotSource & { beginShutdown(): void }>;
}

/** `provider`: what reaches the kernel's socket options. */
export type SocketOptionsAnswer =
  | { readonly provider: string }
  | { readonly absentBecause: string };

export abstract class EndableServer implements AsyncDisposable {
  readonly closed: Promise<void>;
  readonly #context: TeardownContext;
  readonly #listener: ConnectionOwner;
  readonly #endings: EndingLog;
  #settleClosed: () => void = () => {};
  #shutdown: Promise<ShutdownReport> | null = null;

  constructor(context: TeardownContext, listener: ConnectionOwner, endings: EndingLog) {
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    this.#context = context;
    this.#listener = listener;
    this.#endings = endings;
  }

  protected abstract get socketOptionsState(): SocketOptionsState;

  get phase(): ServerPhase {
    return this.#context.phase;
  }
  get connectionCount(): number {
    return this.#listener.socketCount;
  }
  get connectionPhases(): ConnectionPhaseCounts {
    return countPhases(this.#listener.connections, this.#listener.socketCount);
  }
  get counts(): TallyCounts {
    return this.#context.tally.counts;
  }
  get lingering(): LingerBudgetCounts {
    return this.#context.budget.counts;
  }
  get socketOptions(): SocketOptionsAnswer {
    const state = this.socketOptionsState;
    if (state.type === "available") return { provider: state.options.provider };
    return { absentBecause: state.reason };
  }
  get clientRules(): readonly ClientRule[] {
    return this.#context.clients.rules.rules;
  }
  get learnedClients(): readonly LearnedClient[] {
    const { clients, clock } = this.#context;
    return clients.learned.snapshot(clock.now());
  }
  get learnedRules(): readonly ClientRule[] {
    const { clients, clock } = this.#context;
    const today = new Date(clock.wallNow()).toISOString().slice(0, 10);
    return clients.learned.asRules(clock.now(), today);
  }
  get recentEndings(): readonly Ending[] {
    return this.#endings.recent;
  }

  connections(query: ConnectionQuery = {}): readonly ConnectionSnapshot[] {
    return selectConnections(this.#listener.connections, query, this.#context.clock.now());
  }

  onEnding(listener: (ending: Ending) => void): () => void {
    return this.#endings.subscribe(listener);
  }

  shutdown(options: ShutdownOptions = {}): Promise<ShutdownReport> {
    if (this.#shutdown !== null) return this.#shutdown;
    try {
      const run = new ShutdownRun(this.#context, this.#listener, parseShutdownOptions(options));
      this.#shutdown = run.run(options.signal);
      this.#shutdown.then(this.#settleClosed, this.#settleClosed);
      return this.#shutdown;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}
