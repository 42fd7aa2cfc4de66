import { type ClientRule, parseClientRules } from "../closing/client-rules.ts";
import type { LearnedClient } from "../closing/learned-clients.ts";
import { parseLearnedClientsOptions } from "../closing/learned-clients-options.ts";
import type { LingerBudgetCounts } from "../closing/linger-budget.ts";
import { parseClosePolicy } from "../closing/policy-parser.ts";
import { withShippedRules } from "../closing/shipped-client-rules.ts";
import type { Ending } from "../tcp/ending.ts";
import {
  type ConnectionPhaseCounts,
  type ConnectionQuery,
  type ConnectionSnapshot,
  countPhases,
  selectConnections,
} from "../teardown/connection-snapshot.ts";
import type { EndingLog } from "../teardown/ending-log.ts";
import { type PressureChange, PressureGauge, type PressureSource } from "../teardown/pressure.ts";
import {
  parseShutdownOptions,
  type ShutdownOptions,
  type ShutdownReport,
  ShutdownRun,
} from "../teardown/shutdown.ts";
import type { TallyCounts } from "../teardown/tally.ts";
import type { ServerPhase } from "../teardown/teardown-context.ts";
import type { SocketOptionsState } from "../transport/socket-options.ts";
import { readDescriptorLimit, readTcpMemory } from "../transport/system-limits.ts";
import { parseServerLimits } from "./limits.ts";
import type { Listener } from "./listener.ts";
import type { FinwaitServer, ReconfigurableOptions, ServeOptions } from "./serve-options.ts";
import type { ServerContext, ServerSettings } from "./server-context.ts";

// A server that listens: what its owner may ask of it and tell it.

/** Descriptors that are not connections: the listener, standard streams, files, the runtime's. */
const OTHER_DESCRIPTORS = 64;

/**
 * Completes what may change at run time.
 *
 * @throws {TypeError} Something is not of the kind that is wanted.
 * @throws {RangeError} A value is out of range, or contradicts another one.
 */
export function parseSettings(options: ReconfigurableOptions): ServerSettings {
  const { persistence = "on" } = options;
  if (persistence !== "on" && persistence !== "off") {
    const got = JSON.stringify(persistence);
    throw new RangeError(`Cannot use persistence ${got}: expected "on" or "off"`);
  }
  return {
    limits: parseServerLimits(options.limits),
    policy: parseClosePolicy(options.close),
    persistence,
  };
}

/** Where the rules in force come from. */
export type RuleOptions = Required<Pick<ServeOptions, "clientRules" | "shippedClientRules">>;

/** @throws {RangeError} `shippedClientRules` is neither. */
export function ruleOptionsOf(
  { clientRules, shippedClientRules }: ReconfigurableOptions,
  before: RuleOptions = { clientRules: [], shippedClientRules: "on" },
): RuleOptions {
  const shipped = shippedClientRules ?? before.shippedClientRules;
  if (shipped !== "on" && shipped !== "off") {
    const got = JSON.stringify(shipped);
    throw new RangeError(`Cannot use shippedClientRules ${got}: expected "on" or "off"`);
  }
  return { clientRules: clientRules ?? before.clientRules, shippedClientRules: shipped };
}

/** The rules in force: one's own first, so that they can make exceptions of the shipped ones. */
export function rulesOf({ clientRules, shippedClientRules }: RuleOptions): readonly ClientRule[] {
  return shippedClientRules === "on" ? withShippedRules(clientRules) : clientRules;
}

const RECONFIGURABLE: readonly string[] = [
  "limits",
  "close",
  "persistence",
  "clientRules",
  "shippedClientRules",
  "learnedClients",
] satisfies (keyof ReconfigurableOptions)[];

/** A name that is wrong, or that needs a restart, is not passed over in silence. */
function checkNames(changes: ReconfigurableOptions): void {
  const wrong = Object.keys(changes).find((name) => !RECONFIGURABLE.includes(name));
  if (wrong === undefined) return;
  const expected = RECONFIGURABLE.join(", ");
  throw new RangeError(`Cannot reconfigure "${wrong}": expected one of ${expected}`);
}

export class RunningServer implements FinwaitServer {
  readonly url: string;
  readonly address: string;
  readonly port: number;
  readonly #context: ServerContext;
  readonly #listener: Listener;
  readonly #endings: EndingLog;
  readonly #options: SocketOptionsState;
  readonly #gauge: PressureGauge;
  readonly #descriptorLimit: number = readDescriptorLimit() - OTHER_DESCRIPTORS;
  #ruleOptions: RuleOptions;
  #shutdown: Promise<ShutdownReport> | null = null;
  readonly closed: Promise<void>;
  #settleClosed: () => void = () => {};

  constructor(
    context: ServerContext,
    listener: Listener,
    endings: EndingLog,
    options: SocketOptionsState,
    ruleOptions: RuleOptions,
    bound: { readonly address: string; readonly port: number; readonly isTls: boolean },
  ) {
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    this.#context = context;
    this.#listener = listener;
    this.#endings = endings;
    this.#options = options;
    this.#ruleOptions = ruleOptions;
    this.address = bound.address;
    this.port = bound.port;
    const host = bound.address.includes(":") ? `[${bound.address}]` : bound.address;
    this.url = `${bound.isTls ? "https" : "http"}://${host}:${bound.port}/`;
    this.#gauge = new PressureGauge(
      context.limits.pressurePercent,
      context.timers,
      () => this.#pressureSources(),
      (change) => this.#handlePressure(change),
    );
    listener.watchCrowd(() => this.#gauge.check(context.clock.now()));
  }

  get phase(): ServerPhase {
    return this.#context.phase;
  }
  get pressure(): FinwaitServer["pressure"] {
    return this.#context.pressure;
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
  get socketOptions(): FinwaitServer["socketOptions"] {
    const state = this.#options;
    if (state.type === "available") return { provider: state.options.provider };
    return { absentBecause: state.reason };
  }
  get settings(): FinwaitServer["settings"] {
    const { limits, policy, persistence, clients } = this.#context;
    return { limits, close: policy, persistence, learnedClients: clients.learned.options };
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

  reconfigure(changes: ReconfigurableOptions): void {
    checkNames(changes);
    const { limits, policy, persistence } = this.#context;
    const parsed = parseSettings(changes);
    const settings: ServerSettings = {
      limits: changes.limits === undefined ? limits : parsed.limits,
      policy: changes.close === undefined ? policy : parsed.policy,
      persistence: changes.persistence === undefined ? persistence : parsed.persistence,
    };
    this.#context.checkPolicy(settings.policy);
    const { clients, clock } = this.#context;
    const hasRules = changes.clientRules !== undefined || changes.shippedClientRules !== undefined;
    const ruleOptions = ruleOptionsOf(changes, this.#ruleOptions);
    const rules = hasRules ? parseClientRules(rulesOf(ruleOptions)) : null;
    const learned =
      changes.learnedClients === undefined
        ? null
        : parseLearnedClientsOptions(changes.learnedClients);
    // Nothing is refused from here on.
    this.#context.useSettings(settings);
    this.#ruleOptions = ruleOptions;
    if (rules !== null) clients.useRules(rules);
    if (learned !== null) clients.learned.useOptions(learned);
    this.#gauge.useMark(settings.limits.pressurePercent, clock.now());
    this.#listener.setOrphanDeadline();
    this.#rearmIdle();
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

  #pressureSources(): readonly PressureSource[] {
    const usedCount = this.#listener.socketCount;
    const { connectionLimit } = this.#context.limits;
    const memory = readTcpMemory();
    return [
      { name: "connections", usedCount, limitCount: connectionLimit },
      { name: "descriptors", usedCount, limitCount: this.#descriptorLimit },
      ...(memory === null ? [] : [{ name: "kernel memory", ...memory } as const]),
    ];
  }

  #handlePressure(change: PressureChange): void {
    this.#context.usePressure(change.level);
    this.#rearmIdle();
    this.#context.observer.handleNotice({ type: "pressure", ...change });
  }

  #rearmIdle(): void {
    for (const connection of this.#listener.connections) connection.rearmIdle();
  }
}
