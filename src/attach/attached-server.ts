import type { Server, ServerResponse } from "node:http";
import { parseClientRules } from "../closing/client-rules.ts";
import { parseLearnedClientsOptions } from "../closing/learned-clients-options.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import {
  type CloseOverrides,
  overrideClosePolicy,
  parseClosePolicy,
} from "../closing/policy-parser.ts";
import { EndableServer } from "../teardown/endable-server.ts";
import type { EndingLog } from "../teardown/ending-log.ts";
import {
  checkNames,
  parsePersistence,
  type RuleOptions,
  ruleOptionsOf,
  rulesOf,
} from "../teardown/rule-options.ts";
import type { ShutdownOptions, ShutdownReport } from "../teardown/shutdown.ts";
import type { SocketOptionsState } from "../transport/socket-options.ts";
import { readDescriptorLimit } from "../transport/system-limits.ts";
import type { AttachedServer, AttachSettings } from "./attach-options.ts";
import type { AttachedConnection } from "./attached-connection.ts";
import type { AttachedContext, AttachedSettings } from "./attached-context.ts";
import type { AttachedListener } from "./attached-listener.ts";

// An attached server: what its owner may ask of it and tell it.

const DEFAULT_SEND_TIMEOUT_MS = 60_000;
/** Longer waits are no bound any more. */
const SEND_TIMEOUT_LIMIT_MS = 86_400_000;

export const SETTINGS: readonly string[] = [
  "persistence",
  "clientRules",
  "shippedClientRules",
  "learnedClients",
  "sendTimeoutMs",
] satisfies (keyof AttachSettings)[];

/** @throws {RangeError} A value is out of range, or contradicts another one. */
export function parseAttachedSettings(
  policy: Partial<ClosePolicy> | undefined,
  { persistence, sendTimeoutMs = DEFAULT_SEND_TIMEOUT_MS }: AttachSettings,
): AttachedSettings {
  const isTime = typeof sendTimeoutMs === "number" && sendTimeoutMs >= 1;
  if (!isTime || sendTimeoutMs > SEND_TIMEOUT_LIMIT_MS) {
    const expected = `expected 1 to ${SEND_TIMEOUT_LIMIT_MS} milliseconds`;
    throw new RangeError(`Cannot use sendTimeoutMs ${String(sendTimeoutMs)}: ${expected}`);
  }
  return {
    policy: parseClosePolicy(policy),
    persistence: parsePersistence(persistence),
    sendTimeoutMs,
  };
}

export class AttachedHttpServer extends EndableServer implements AttachedServer {
  readonly ready: Promise<void>;
  readonly #server: Server;
  readonly #context: AttachedContext;
  readonly #listener: AttachedListener;
  readonly #onDetach: () => void;
  #options: SocketOptionsState = { type: "absent", reason: "not looked for yet" };
  #ruleOptions: RuleOptions;

  /** `loading` never rejects. */
  constructor(
    context: AttachedContext,
    listener: AttachedListener,
    endings: EndingLog,
    ruleOptions: RuleOptions,
    loading: Promise<SocketOptionsState>,
    onDetach: () => void,
  ) {
    super(context, listener, endings);
    this.#server = context.server;
    this.#context = context;
    this.#listener = listener;
    this.#ruleOptions = ruleOptions;
    this.#onDetach = onDetach;
    // Should the server listen again, it does so without what has ended here.
    context.onClosed = () => this.detach();
    this.ready = loading.then((state) => {
      this.#options = state;
    });
  }

  protected get socketOptionsState(): SocketOptionsState {
    return this.#options;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") return "";
    const host = address.address.includes(":") ? `[${address.address}]` : address.address;
    return `${this.#listener.isTls ? "https" : "http"}://${host}:${address.port}/`;
  }

  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === "string" ? 0 : address.port;
  }

  get pressure(): "none" {
    return "none";
  }

  get settings(): AttachedServer["settings"] {
    const { policy, persistence, clients, sendTimeoutMs } = this.#context;
    // Without a limit of the server's own, descriptors are what a connection needs.
    const limit = this.#server.maxConnections ?? readDescriptorLimit();
    const connectionLimit = Math.min(limit, Number.MAX_SAFE_INTEGER);
    return {
      limits: { connectionLimit, sendTimeoutMs },
      close: policy,
      persistence,
      learnedClients: clients.learned.options,
    };
  }

  adjustClose(response: ServerResponse, overrides: CloseOverrides): void {
    const connection = this.#connectionOf(response);
    const policy = overrideClosePolicy(connection?.policy ?? this.#context.policy, overrides);
    this.#context.checkPolicy(policy);
    connection?.usePolicy(policy);
  }

  resetConnection(response: ServerResponse): void {
    this.#connectionOf(response)?.apply({
      type: "reset-requested",
      reason: "handler-asked",
      bound: null,
    });
  }

  reconfigure(policy?: Partial<ClosePolicy>, settings: AttachSettings = {}): void {
    checkNames("reconfigure", settings, SETTINGS);
    const parsed = parseAttachedSettings(policy, settings);
    const before = this.#context;
    const next: AttachedSettings = {
      policy: policy === undefined ? before.policy : parsed.policy,
      persistence: settings.persistence === undefined ? before.persistence : parsed.persistence,
      sendTimeoutMs:
        settings.sendTimeoutMs === undefined ? before.sendTimeoutMs : parsed.sendTimeoutMs,
    };
    this.#context.checkPolicy(next.policy);
    const ruleOptions = ruleOptionsOf(settings, this.#ruleOptions);
    const rules = parseClientRules(rulesOf(ruleOptions));
    const { learnedClients } = settings;
    const learned =
      learnedClients === undefined ? null : parseLearnedClientsOptions(learnedClients);
    // Nothing is refused from here on.
    this.#context.useSettings(next);
    this.#ruleOptions = ruleOptions;
    this.#context.clients.useRules(rules);
    if (learned !== null) this.#context.clients.learned.useOptions(learned);
    this.#listener.setOrphanDeadline();
  }

  override shutdown(options: ShutdownOptions = {}): Promise<ShutdownReport> {
    const report = super.shutdown(options);
    if (this.phase === "announcing") this.#listener.announce();
    return report;
  }

  detach(): void {
    this.#listener.release();
    this.#onDetach();
  }

  #connectionOf(response: ServerResponse): AttachedConnection | null {
    return this.#listener.connectionOf(response.req.socket);
  }
}
