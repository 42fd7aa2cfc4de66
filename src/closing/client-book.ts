import { latin1Bytes, latin1Text } from "../base/latin1.ts";
import { addressPrefix } from "../tcp/address.ts";
import type { ClosingBound, Ending } from "../tcp/ending.ts";
import { agentFamily } from "./agent-family.ts";
import { AGENT_LIMIT } from "./agent-matcher.ts";
import type { ClientEffect, ClientRules, ClientVerdict } from "./client-rules.ts";
import type { LearnedClients } from "./learned-clients.ts";

// What a server knows of its clients: who they say they are, which rule concerns them, and whether
// clients like them answer our FIN.
//
// Agents repeat, so what is found out about one is shared by all its connections.

/** What a User-Agent says, shared by every connection that says it. */
export interface ClientIdentity {
  /** The first product, for example `curl/8.5.0`; `null` without a User-Agent. */
  readonly product: string | null;
  readonly family: string;
  /** `null`: no rule concerns this client. */
  readonly verdict: ClientVerdict | null;
}

export const UNKNOWN_CLIENT: ClientIdentity = Object.freeze({
  product: null,
  family: agentFamily(null),
  verdict: null,
});

/**
 * Agents remembered, about 0.6 KB each. Most requests come from few agents: two generations of this
 * many keep what is in use, without a list to maintain.
 */
export const REMEMBERED_LIMIT = 512;
const PRODUCT_LIMIT = 80;

/** Bounds that a silent peer reaches: it has not answered our FIN in time. */
const SILENCE_BOUNDS: ReadonlySet<ClosingBound> = new Set([
  "linger-idle-time",
  "linger-total-time",
  "fin-wait-2-time",
  "unacknowledged-time",
]);

export class ClientBook {
  readonly learned: LearnedClients;
  #rules: ClientRules;
  #recent = new Map<string, ClientIdentity>();
  #earlier = new Map<string, ClientIdentity>();

  constructor(rules: ClientRules, learned: LearnedClients) {
    this.#rules = rules;
    this.learned = learned;
  }

  get rules(): ClientRules {
    return this.#rules;
  }

  /** Other rules from now on. Connections that have begun keep the verdicts they have. */
  useRules(rules: ClientRules): void {
    this.#rules = rules;
    this.#recent.clear();
    this.#earlier.clear();
  }

  identify(userAgent: string | undefined): ClientIdentity {
    if (userAgent === undefined) return UNKNOWN_CLIENT;
    const known = this.#recent.get(userAgent);
    if (known !== undefined) return known;
    // A slice would keep the whole header section in memory for as long as it is remembered.
    const agent = ownText(userAgent);
    const identity = this.#earlier.get(agent) ?? this.#identityOf(agent);
    // What lies behind the limit would make endless agents of one.
    if (agent.length <= AGENT_LIMIT) this.#remember(agent, identity);
    return identity;
  }

  #identityOf(agent: string): ClientIdentity {
    return {
      product: productOf(agent),
      family: agentFamily(agent),
      verdict: this.#rules.concerning(agent),
    };
  }

  #remember(agent: string, identity: ClientIdentity): void {
    if (this.#recent.size >= REMEMBERED_LIMIT) {
      this.#earlier = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(agent, identity);
  }

  /** False only where what was learned is enforced, and clients like this one were silent. */
  mayPersist(client: ClientIdentity, address: string, nowMs: number): boolean {
    if (this.learned.mode !== "enforce") return true;
    return this.learned.mayPersist(client.family, addressPrefix(address), nowMs);
  }

  /** Learns from an end that began with our FIN, and had time to be answered. */
  record(client: ClientIdentity, ending: Ending, nowMs: number): void {
    if (this.learned.mode === "off" || client.product === null) return;
    const wasAnswered = answerOf(ending);
    if (wasAnswered === null) return;
    const prefix = addressPrefix(ending.peerAddress);
    this.learned.record({ family: client.family, prefix }, wasAnswered, nowMs);
  }
}

/**
 * What the rules do to one request; `null`: nothing. Behind a proxy (`Via`) the connection is the
 * proxy's, whatever the agent's faults are, as with Apache httpd's nokeepalive.
 */
export function effectOf(
  verdict: ClientVerdict,
  request: { readonly method: string; readonly fields: { has(name: string): boolean } },
): ClientEffect | null {
  const rule = verdict.decide(request.method);
  return rule === null || request.fields.has("via") ? null : rule.effect;
}

/** Was our FIN answered? `null`: it was not first, or nobody waited for an answer. */
function answerOf(ending: Ending): boolean | null {
  const { outcome, firstEnder, durations } = ending;
  if (firstEnder !== "local") return null;
  switch (outcome.type) {
    case "clean":
      return true;
    case "reset-by-peer":
      return durations.lingeringMs > 0 ? true : null;
    case "abandoned":
    case "reset-by-local":
      return outcome.bound !== null && SILENCE_BOUNDS.has(outcome.bound) ? false : null;
    default:
      return null;
  }
}

/** The first product of a User-Agent (RFC 9110 §10.1.5), bounded, as logs and tables use it. */
export function productOf(userAgent: string): string {
  const end = userAgent.search(/[ (]/);
  return ownText(userAgent.slice(0, Math.min(end < 0 ? userAgent.length : end, PRODUCT_LIMIT)));
}

function ownText(text: string): string {
  const bytes = latin1Bytes(text);
  return latin1Text(bytes, 0, bytes.byteLength);
}
