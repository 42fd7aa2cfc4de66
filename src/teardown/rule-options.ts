import type { ClientRule } from "../closing/client-rules.ts";
import { withShippedRules } from "../closing/shipped-client-rules.ts";

// Which client rules are in force: one's own, with or without the shipped ones behind them.

/** Where the rules in force come from. */
export interface RuleOptions {
  readonly clientRules: readonly ClientRule[];
  readonly shippedClientRules: "on" | "off";
}

/**
 * @throws {RangeError} `shippedClientRules` is neither.
 * @throws {TypeError} `clientRules` are no array.
 */
export function ruleOptionsOf(
  { clientRules, shippedClientRules }: Partial<RuleOptions>,
  before: RuleOptions = { clientRules: [], shippedClientRules: "on" },
): RuleOptions {
  const shipped = shippedClientRules ?? before.shippedClientRules;
  if (shipped !== "on" && shipped !== "off") {
    const got = JSON.stringify(shipped);
    throw new RangeError(`Cannot use shippedClientRules ${got}: expected "on" or "off"`);
  }
  const own = clientRules ?? before.clientRules;
  if (!Array.isArray(own)) {
    throw new TypeError(
      `Cannot use clientRules ${JSON.stringify(own)}: expected an array of rules`,
    );
  }
  return { clientRules: own, shippedClientRules: shipped };
}

/** The rules in force: one's own first, so that they can make exceptions of the shipped ones. */
export function rulesOf({ clientRules, shippedClientRules }: RuleOptions): readonly ClientRule[] {
  return shippedClientRules === "on" ? withShippedRules(clientRules) : clientRules;
}

/** @throws {RangeError} `persistence` is neither. */
export function parsePersistence(persistence: unknown = "on"): "on" | "off" {
  if (persistence === "on" || persistence === "off") return persistence;
  const got = JSON.stringify(persistence);
  throw new RangeError(`Cannot use persistence ${got}: expected "on" or "off"`);
}

/** @throws {RangeError} `socketOptions` is neither. */
export function parseSocketOptions(socketOptions: unknown = "auto"): "auto" | "off" {
  if (socketOptions === "auto" || socketOptions === "off") return socketOptions;
  const got = JSON.stringify(socketOptions);
  throw new RangeError(`Cannot use socketOptions ${got}: expected "auto" or "off"`);
}

/**
 * A name that is wrong, or that needs a restart, is not passed over in silence.
 *
 * @throws {RangeError} One of the names in `changes` is not `known`.
 */
export function checkNames(action: string, changes: object, known: readonly string[]): void {
  const wrong = Object.keys(changes).find((name) => !known.includes(name));
  if (wrong === undefined) return;
  throw new RangeError(`Cannot ${action} "${wrong}": expected one of ${known.join(", ")}`);
}
