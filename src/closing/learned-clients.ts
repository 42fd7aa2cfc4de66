import { familyPattern } from "./agent-family.ts";
import type { ClientRule } from "./client-rules.ts";
import type { LearnedClientsOptions } from "./learned-clients-options.ts";

// Which clients leave our FIN unanswered, by what this server has seen itself.
//
// Only ends that we began count. Whether an answer came in time is for the caller to say, who also
// gives the time. A client that stays silent may be broken or gone: the share over many decides.

/** Who is counted together: a family of agents (agent-family.ts) in a network (tcp/address.ts). */
export interface ClientSignature {
  readonly family: string;
  readonly prefix: string;
}

/** Counts are weighted by age, so they have fractions: two digits are kept. */
export interface LearnedClient extends ClientSignature {
  readonly answeredCount: number;
  readonly unansweredCount: number;
  readonly isBroken: boolean;
}

/** Most rules that are learned, the worst first: a list of rules has to hold others, too. */
export const LEARNED_RULE_LIMIT = 64;

interface Entry {
  readonly family: string;
  readonly prefix: string;
  answered: number;
  unanswered: number;
  countedAtMs: number;
  isBroken: boolean;
}

export class LearnedClients {
  #options: LearnedClientsOptions;
  /** The least recently counted first. */
  readonly #entries = new Map<string, Entry>();

  /** @param options As `parseLearnedClientsOptions` returns them. */
  constructor(options: LearnedClientsOptions) {
    this.#options = options;
  }

  get mode(): LearnedClientsOptions["mode"] {
    return this.#options.mode;
  }

  get options(): LearnedClientsOptions {
    return this.#options;
  }

  /** Other options from now on; what was learned stays. */
  useOptions(options: LearnedClientsOptions): void {
    this.#options = options;
    this.#forgetOldest();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** One connection that we ended, and whether the peer's FIN or RST came in time. */
  record(signature: ClientSignature, wasAnswered: boolean, nowMs: number): void {
    if (this.#options.mode === "off") return;
    const { family, prefix } = signature;
    const key = keyOf(family, prefix);
    const known = this.#entries.get(key);
    const entry: Entry = known === undefined ? newEntry(family, prefix, nowMs) : known;
    const weight = this.#weight(entry, nowMs);
    // Forgiven before the new close counts, so that it does not matter who asked in between.
    entry.isBroken = this.#isBroken(entry, nowMs);
    entry.answered = entry.answered * weight + (wasAnswered ? 1 : 0);
    entry.unanswered = entry.unanswered * weight + (wasAnswered ? 0 : 1);
    entry.countedAtMs = Math.max(entry.countedAtMs, nowMs);
    entry.isBroken = this.#isBroken(entry, nowMs);
    // A Map keeps the order of insertion.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#options.tableLimit) return;
      this.#entries.delete(oldest);
    }
  }

  /** `false` only in mode "enforce", for a signature that is judged broken. */
  mayPersist(family: string, prefix: string, nowMs: number): boolean {
    if (this.#options.mode !== "enforce") return true;
    const entry = this.#entries.get(keyOf(family, prefix));
    return entry === undefined || !this.#isBroken(entry, nowMs);
  }

  /** Every signature: first those judged broken, then by closes without an answer. */
  snapshot(nowMs: number): readonly LearnedClient[] {
    const rows = [...this.#entries.values()].map((entry) => {
      const weight = this.#weight(entry, nowMs);
      return {
        family: entry.family,
        prefix: entry.prefix,
        answeredCount: round(entry.answered * weight),
        unansweredCount: round(entry.unanswered * weight),
        isBroken: this.#isBroken(entry, nowMs),
      };
    });
    return rows.sort(
      (a, b) =>
        Number(b.isBroken) - Number(a.isBroken) ||
        b.unansweredCount - a.unansweredCount ||
        (keyOf(a.family, a.prefix) < keyOf(b.family, b.prefix) ? -1 : 1),
    );
  }

  /**
   * The families that are broken in all their networks together, as rules to keep: at most
   * {@link LEARNED_RULE_LIMIT}. A family that no pattern tells from the others is left out.
   *
   * @param found The date for the rules, for example `"2026-03"`.
   */
  asRules(nowMs: number, found: string): ClientRule[] {
    const sums = new Map<string, Entry>();
    for (const entry of this.#entries.values()) {
      const sum = sums.get(entry.family) ?? newEntry(entry.family, "", nowMs);
      const weight = this.#weight(entry, nowMs);
      sum.answered += entry.answered * weight;
      sum.unanswered += entry.unanswered * weight;
      sums.set(entry.family, sum);
    }
    return [...sums.values()]
      .filter((sum) => this.#isBroken(sum, nowMs))
      .sort((a, b) => b.unanswered - a.unanswered || (a.family < b.family ? -1 : 1))
      .flatMap(({ family }) => {
        const pattern = familyPattern(family);
        if (pattern === null) return [];
        const rule: ClientRule = {
          name: `learned-${family}`,
          pattern,
          effect: { persistence: "off" },
          source: "learned",
          found,
        };
        return [rule];
      })
      .slice(0, LEARNED_RULE_LIMIT);
  }

  /** What is left of a count of `entry`. A clock that goes back changes nothing. */
  #weight(entry: Entry, nowMs: number): number {
    return 2 ** (-Math.max(0, nowMs - entry.countedAtMs) / this.#options.halfLifeMs);
  }

  /** Two thresholds, so that a signature near one of them does not change with every close. */
  #isBroken(entry: Entry, nowMs: number): boolean {
    const { minimumSample, brokenPercent } = this.#options;
    const half = entry.isBroken ? 0.5 : 1;
    const total = entry.answered + entry.unanswered;
    // Rounded, because the first of 20 closes within a minute no longer weighs quite 1.
    if (Math.round(total * this.#weight(entry, nowMs)) < minimumSample * half) return false;
    return entry.unanswered * 100 >= brokenPercent * half * total;
  }
}

/** A prefix has no space. */
const keyOf = (family: string, prefix: string): string => `${prefix} ${family}`;

function newEntry(family: string, prefix: string, nowMs: number): Entry {
  return { family, prefix, answered: 0, unanswered: 0, countedAtMs: nowMs, isBroken: false };
}

const round = (count: number): number => Math.round(count * 100) / 100;
