import { type ClosePolicy, type ConnectionClosePolicy, DEFAULT_CLOSE_POLICY } from "./policy.ts";

// Checks close policies: once for a server, and once for each set of overrides of a route or
// response.
//
// Everything past this file may rely on ranges, and on fields that do not contradict each other.

/** What a route or a response may change of its server's policy. */
export type CloseOverrides = Partial<ConnectionClosePolicy>;

/** Time-outs beyond a day are no bounds any more, and overflow 32-bit timers. */
const TIMEOUT_LIMIT_MS = 86_400_000;

/** The largest count of seconds that SO_LINGER keeps without overflow in jiffies, with room. */
const SO_LINGER_LIMIT_MS = 3_600_000;

/** The least and the most of each number. */
const RANGES: { readonly [K in NumberField]: readonly [least: number, most: number] } = {
  lingerIdleTimeoutMs: [0, TIMEOUT_LIMIT_MS],
  lingerTotalTimeoutMs: [0, TIMEOUT_LIMIT_MS],
  lingerLimitBytes: [0, Number.MAX_SAFE_INTEGER],
  lingerMinRateBytesPerSecond: [0, Number.MAX_SAFE_INTEGER],
  shortLingerTimeoutMs: [0, TIMEOUT_LIMIT_MS],
  finWait2TimeoutMs: [1, TIMEOUT_LIMIT_MS],
  unacknowledgedTimeoutMs: [1, TIMEOUT_LIMIT_MS],
  soLingerTimeoutMs: [0, SO_LINGER_LIMIT_MS],
  discardLimitBytes: [0, Number.MAX_SAFE_INTEGER],
  discardTimeoutMs: [0, TIMEOUT_LIMIT_MS],
  lingerConnectionLimit: [0, 1_000_000],
  lingerConnectionLimitPerAddress: [0, 1_000_000],
  lingerPressurePercent: [0, 100],
  lingerTurnLimitBytes: [65_536, Number.MAX_SAFE_INTEGER],
};

type ChoiceField = "mode" | "onLingerExhausted" | "releaseWhen";
type NumberField = Exclude<keyof ClosePolicy, ChoiceField>;

const CHOICES: { readonly [K in ChoiceField]: readonly ClosePolicy[K][] } = {
  mode: ["lingering", "so-linger", "off"],
  onLingerExhausted: ["close", "reset"],
  releaseWhen: ["peer-closed", "acknowledged"],
};

/** Fields of the server as a whole: they mean nothing for one connection. */
const SERVER_FIELDS: ReadonlySet<string> = new Set([
  "lingerConnectionLimit",
  "lingerConnectionLimitPerAddress",
  "lingerPressurePercent",
  "lingerTurnLimitBytes",
]);

/** Fields that only lingering reads, so that giving them with another mode is a mistake. */
const LINGER_FIELDS: readonly (keyof ClosePolicy)[] = [
  "lingerIdleTimeoutMs",
  "lingerTotalTimeoutMs",
  "lingerLimitBytes",
  "lingerMinRateBytesPerSecond",
  "shortLingerTimeoutMs",
  "onLingerExhausted",
  "releaseWhen",
];

/**
 * Completes a partial policy and freezes it.
 *
 * @throws {TypeError} It is no object.
 * @throws {RangeError} A name is unknown, a value is out of range, or two values contradict each
 * other. The message names the field, the value and what is allowed.
 */
export function parseClosePolicy(overrides: Partial<ClosePolicy> = {}): ClosePolicy {
  return complete(DEFAULT_CLOSE_POLICY, overrides);
}

const OVERRIDDEN = new WeakMap<ClosePolicy, WeakMap<CloseOverrides, ClosePolicy>>();

/**
 * `base` with `overrides`. The same two objects give the same result at once, so a handler that
 * keeps its overrides in a constant pays for the check only once; they must not change afterwards.
 *
 * @throws {TypeError} As {@link parseClosePolicy}.
 * @throws {RangeError} As {@link parseClosePolicy}, or a field belongs to the server as a whole.
 */
export function overrideClosePolicy(base: ClosePolicy, overrides: CloseOverrides): ClosePolicy {
  let known = OVERRIDDEN.get(base);
  if (known === undefined) {
    known = new WeakMap();
    OVERRIDDEN.set(base, known);
  }
  const before = known.get(overrides);
  if (before !== undefined) return before;
  for (const key of Object.keys(overrides)) {
    if (!SERVER_FIELDS.has(key)) continue;
    throw new RangeError(`Cannot use ${key} for one response: expected it in the server's policy`);
  }
  const policy = complete(base, overrides);
  known.set(overrides, policy);
  return policy;
}

function complete(base: ClosePolicy, overrides: Partial<ClosePolicy>): ClosePolicy {
  if (typeof overrides !== "object" || overrides === null || Array.isArray(overrides)) {
    throw new TypeError(`Cannot use a close policy: expected an object, got ${quote(overrides)}`);
  }
  const given = withoutUndefined(overrides);
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(DEFAULT_CLOSE_POLICY, key)) continue;
    const known = Object.keys(DEFAULT_CLOSE_POLICY).join(", ");
    throw new RangeError(`Cannot use "${key}" in a close policy: expected one of ${known}`);
  }
  const policy: ClosePolicy = { ...base, ...given };
  for (const [key, choices] of Object.entries(CHOICES)) {
    checkChoice(key, policy[key as ChoiceField], choices);
  }
  for (const [key, [least, most]] of Object.entries(RANGES)) {
    checkNumber(key, policy[key as NumberField], least, most);
  }
  checkModeFields(policy, given);
  checkContradictions(policy);
  return Object.freeze(policy);
}

/** A field that is given as undefined is not given: so optional parts of callers can be passed. */
function withoutUndefined(overrides: Partial<ClosePolicy>): Partial<ClosePolicy> {
  const entries = Object.entries(overrides).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<ClosePolicy>;
}

/**
 * SO_LINGER and lingering close are two answers to the same question, and with both the second
 * never runs: Apache httpd demanded "never both" as well.
 */
function checkModeFields(policy: ClosePolicy, given: Partial<ClosePolicy>): void {
  const { mode } = policy;
  if (mode === "so-linger") {
    const field = LINGER_FIELDS.find((name) => Object.hasOwn(given, name));
    if (field === undefined) return;
    throw new RangeError(
      `Cannot use ${field} ${quote(given[field])}: expected none with mode "so-linger", because ` +
        "SO_LINGER closes the socket, and nothing is left to linger on",
    );
  }
  if (!Object.hasOwn(given, "soLingerTimeoutMs")) return;
  throw new RangeError(
    `Cannot use soLingerTimeoutMs ${quote(given.soLingerTimeoutMs)}: ` +
      `expected mode "so-linger" with it, not ${quote(mode)}`,
  );
}

function checkContradictions(policy: ClosePolicy): void {
  if (policy.lingerTotalTimeoutMs < policy.lingerIdleTimeoutMs) {
    throw new RangeError(
      `Cannot use lingerTotalTimeoutMs ${policy.lingerTotalTimeoutMs}: ` +
        `expected at least lingerIdleTimeoutMs, which is ${policy.lingerIdleTimeoutMs}`,
    );
  }
  if (policy.soLingerTimeoutMs % 1_000 !== 0) {
    throw new RangeError(
      `Cannot use soLingerTimeoutMs ${policy.soLingerTimeoutMs}: expected whole seconds, ` +
        "for example 2000, because SO_LINGER counts in seconds",
    );
  }
}

function checkNumber(key: string, value: unknown, least: number, most: number): void {
  const isWhole = typeof value === "number" && Number.isSafeInteger(value);
  if (isWhole && value >= least && value <= most) return;
  throw new RangeError(
    `Cannot use ${key} ${quote(value)}: expected an integer from ${least} to ${most}`,
  );
}

function checkChoice(key: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  const expected = choices.map((choice) => JSON.stringify(choice)).join(" or ");
  throw new RangeError(`Cannot use ${key} ${quote(value)}: expected ${expected}`);
}

/** A value as messages show it: never an object's whole content, and never an exception. */
function quote(value: unknown): string {
  if (typeof value === "number" || value === undefined) return String(value);
  if (typeof value === "string") return JSON.stringify(value.slice(0, 80));
  if (value === null || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
}
