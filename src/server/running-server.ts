import { parseClientRules } from "../closing/client-rules.ts";
import { parseLearnedClientsOptions } from "../closing/learned-clients-options.ts";
import { parseClosePolicy } from "../closing/policy-parser.ts";
import { EndableServer } from "../teardown/endable-server.ts";
import type { EndingLog } from "../teardown/ending-log.ts";
import { type PressureChange, PressureGauge, type PressureSource } from "../teardown/pressure.ts";
import {
  checkNames,
  parsePersistence,
  type RuleOptions,
  ruleOptionsOf,
  rulesOf,
} from "../teardown/rule-options.ts";
import type { SocketOptionsState } from "../transport/socket-options.ts";
import { readDescriptorLimit, readTcpMemory } from "../transport/system-limits.ts";
import { parseServerLimits } from "./limits.ts";
import type { Listener } from "./listener.ts";
import type { FinwaitServer, ReconfigurableOptions } from "./serve-options.ts";
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
  return {
    limits: parseServerLimits(options.limits),
    policy: parseClosePolicy(options.close),
    persistence: parsePersistence(options.persistence),
  };
}

const RECONFIGURABLE: readonly string[] = [
  "limits",
  "close",
  "persistence",
  "clientRules",
  "shippedClientRules",
  "learnedClients",
] satisfies (keyof ReconfigurableOptions)[];

export class RunningServer extends EndableServer implements FinwaitServer {
  readonly url: string;
  readonly address: string;
  readonly port: number;
  readonly #context: ServerContext;
  readonly #listener: Listener;
  readonly #options: SocketOptionsState;
  readonly #gauge: PressureGauge;
  readonly #descriptorLimit: number = readDescriptorLimit() - OTHER_DESCRIPTORS;
  #ruleOptions: RuleOptions;

  constructor(
    context: ServerContext,
    listener: Listener,
    endings: EndingLog,
    options: SocketOptionsState,
    ruleOptions: RuleOptions,
    bound: { readonly address: string; readonly port: number; readonly isTls: boolean },
  ) {
    super(context, listener, endings);
    this.#context = context;
    this.#listener = listener;
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

  protected get socketOptionsState(): SocketOptionsState {
    return this.#options;
  }

  get pressure(): FinwaitServer["pressure"] {
    return this.#context.pressure;
  }
  get settings(): FinwaitServer["settings"] {
    const { limits, policy, persistence, clients } = this.#context;
    return { limits, close: policy, persistence, learnedClients: clients.learned.options };
  }

  reconfigure(changes: ReconfigurableOptions): void {
    checkNames("reconfigure", changes, RECONFIGURABLE);
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
