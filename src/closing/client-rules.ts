import { AgentMatcher, type MatcherPattern } from "./agent-matcher.ts";
import { isAgentPatternError, parseAgentPattern } from "./agent-pattern.ts";

// What is done for clients that are known to break persistent connections, as Apache's BrowserMatch
// does it. Knows strings only: the caller says what the agent and the method of a request are.
//
// Rules yield behind a proxy. The connection of a request with a Via field is the proxy's, whose
// persistence is in order whatever the agent is, so the caller does not ask about such a request.

/** What a rule does. Empty: nothing, the client is known to be good. */
export interface ClientEffect {
  /** `"off"`: every response ends its connection. Apache's `nokeepalive`. */
  readonly persistence?: "off";
  /**
   * The request is treated as HTTP/1.0: no chunked coding, no 100 (Continue), no persistence.
   * Apache's `downgrade-1.0` and `force-response-1.0`.
   */
  readonly http10?: true;
  /** Lingering is short, as it is after errors. */
  readonly shortLinger?: true;
}

/** One finding about a client. Every value is checked once, by {@link parseClientRules}. */
export interface ClientRule {
  /** Stable and unique within the list, for example `"mozilla-3.01-sunos"`. */
  readonly name: string;
  /** What is looked for in the User-Agent: a regular expression without backtracking. */
  readonly pattern: string;
  /** @default false */
  readonly ignoreCase?: boolean;
  /** The methods that it is for, in upper case. Absent: all. */
  readonly methods?: readonly string[];
  readonly effect: ClientEffect;
  /** Where the finding comes from. */
  readonly source: string;
  /** When it was found: `"1996"`, `"2025-03"`, `"2025-03-14"`, or `"undated"`. */
  readonly found: string;
}

/** Most rules in one list. Apache's own configuration has 5 of this kind, ours has 15. */
export const RULE_LIMIT = 256;
/** Longest name and source, in characters: they stand in tables and logs. */
const TEXT_LIMIT = 200;
const METHOD_LIMIT = 16;

/** What the rules say of one agent, for any method. */
export class ClientVerdict {
  readonly #rules: readonly ClientRule[];

  constructor(rules: readonly ClientRule[]) {
    this.#rules = rules;
  }

  /** The first rule in the list's order that is for `method` decides. `null`: none is. */
  decide(method: string): ClientRule | null {
    for (const rule of this.#rules) {
      if (rule.methods === undefined || rule.methods.includes(method)) return rule;
    }
    return null;
  }
}

/** A list of rules that can be asked. Made by {@link parseClientRules}. */
export class ClientRules {
  /** Frozen copies, in the order in which they decide. */
  readonly rules: readonly ClientRule[];
  readonly #matcher: AgentMatcher<ClientVerdict | null>;

  constructor(rules: readonly ClientRule[], patterns: readonly MatcherPattern[]) {
    this.rules = rules;
    this.#matcher = new AgentMatcher(patterns, (found) => {
      return found.length === 0
        ? null
        : new ClientVerdict(rules.filter((_, i) => found.includes(i)));
    });
  }

  /**
   * `null`: no rule's pattern is found in `agent`, which is the normal case. An absent User-Agent
   * is the empty string. Who asks for the same agents again remembers the answers: client-book.ts.
   */
  concerning(agent: string): ClientVerdict | null {
    return this.#matcher.match(agent);
  }
}

/**
 * Checks and compiles a list. The rules are copied: later changes to the arguments have no effect.
 *
 * @throws {TypeError} The list is no array, or one of the rules no object.
 * @throws {RangeError} A name is unknown or used twice, a value is not allowed, or all the patterns
 * together are too large.
 */
export function parseClientRules(rules: readonly ClientRule[]): ClientRules {
  if (!Array.isArray(rules)) {
    throw new TypeError(`Cannot use client rules ${show(rules)}: expected an array`);
  }
  if (rules.length > RULE_LIMIT) {
    throw new RangeError(`Cannot use ${rules.length} client rules: expected at most ${RULE_LIMIT}`);
  }
  const names = new Map<string, number>();
  const parsed = rules.map((rule: unknown, index) => {
    const copy = parseRule(rule, index);
    const first = names.get(copy.name);
    if (first !== undefined) {
      throw new RangeError(
        `Cannot use name ${show(copy.name)} in client rule ${index + 1}: ` +
          `expected another one, as client rule ${first + 1} has it`,
      );
    }
    names.set(copy.name, index);
    return copy;
  });
  const patterns = parsed.map(({ pattern, ignoreCase }, index) => {
    const where = place(parsed, index);
    const tree = inRule(where, () =>
      parseAgentPattern(pattern, { ignoreCase: ignoreCase ?? false }),
    );
    return { text: pattern, tree };
  });
  const frozen = Object.freeze(parsed);
  return inRule("the client rules", () => new ClientRules(frozen, patterns));
}

const place = (rules: readonly ClientRule[], index: number): string =>
  `client rule ${index + 1} (${show(rules[index]?.name)})`;

function inRule<T>(where: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!isAgentPatternError(error)) throw error;
    const what = `Cannot use pattern ${error.quoted} in ${where}`;
    throw new RangeError(`${what}: expected ${error.expected}`, { cause: error });
  }
}

const RULE_FIELDS = ["name", "pattern", "ignoreCase", "methods", "effect", "source", "found"];
const EFFECTS: Readonly<Record<string, unknown>> = {
  persistence: "off",
  http10: true,
  shortLinger: true,
};

/** Copies and checks one rule. Its pattern is checked where it is compiled. */
function parseRule(value: unknown, index: number): ClientRule {
  if (!isRecord(value)) {
    throw new TypeError(`Cannot use client rule ${index + 1} ${show(value)}: expected an object`);
  }
  const { name, pattern, ignoreCase, methods, effect, source, found } = value;
  const known = isText(name) ? ` (${show(name)})` : "";
  const check = (field: string, isAllowed: boolean, expected: string): void => {
    if (isAllowed) return;
    const where = `client rule ${index + 1}${known}`;
    throw new RangeError(`Cannot use ${field} in ${where}: expected ${expected}`);
  };
  for (const key of Object.keys(value)) {
    check(show(key), RULE_FIELDS.includes(key), `one of ${RULE_FIELDS.join(", ")}`);
  }
  const text = `1 to ${TEXT_LIMIT} printable characters`;
  check(`name ${show(name)}`, isText(name), text);
  check(`pattern ${show(pattern)}`, typeof pattern === "string", "a string");
  check(`pattern ${show(pattern)}`, pattern !== "", "at least one character; .* finds all clients");
  const isSwitch = ignoreCase === undefined || typeof ignoreCase === "boolean";
  check(`ignoreCase ${show(ignoreCase)}`, isSwitch, "true or false");
  const method = `1 to ${METHOD_LIMIT} methods in upper case, for example ["POST"]`;
  check(`methods ${show(methods)}`, methods === undefined || isMethods(methods), method);
  check(`effect ${show(effect)}`, isRecord(effect), "an object, for example {}");
  for (const [key, each] of Object.entries(effect as object)) {
    const isEffect = Object.hasOwn(EFFECTS, key);
    check(`${show(key)} in effect`, isEffect, `one of ${Object.keys(EFFECTS).join(", ")}`);
    const isAllowed = each === undefined || each === EFFECTS[key];
    check(`effect.${key} ${show(each)}`, isAllowed, `${show(EFFECTS[key])}, or nothing`);
  }
  check(`source ${show(source)}`, isText(source), text);
  const isDate = typeof found === "string" && DATE.test(found);
  check(`found ${show(found)}`, isDate, 'a date, for example "1996" or "2025-03", or "undated"');
  // Every field has been checked above.
  return copyRule(value as unknown as ClientRule);
}

/** A checked rule without the fields that are there but undefined. */
function copyRule(rule: ClientRule): ClientRule {
  const { name, pattern, ignoreCase, methods, effect, source, found } = rule;
  return Object.freeze({
    name,
    pattern,
    ...(ignoreCase === undefined ? {} : { ignoreCase }),
    ...(methods === undefined ? {} : { methods: Object.freeze([...methods]) }),
    effect: Object.freeze({
      ...(effect.persistence === undefined ? {} : { persistence: effect.persistence }),
      ...(effect.http10 === undefined ? {} : { http10: effect.http10 }),
      ...(effect.shortLinger === undefined ? {} : { shortLinger: effect.shortLinger }),
    }),
    source,
    found,
  });
}

const DATE = /^(?:[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?|undated)$/;
const METHOD = /^[A-Z][A-Z-]{0,31}$/;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** No controls: the text is shown in terminals. */
const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length <= TEXT_LIMIT && /^[^\p{C}]+$/u.test(value);

const isMethods = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= METHOD_LIMIT &&
  value.every((method) => typeof method === "string" && METHOD.test(method));

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);
