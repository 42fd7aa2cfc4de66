import { isAgentPatternError, parseAgentPattern } from "../closing/agent-pattern.ts";
import type { ClientEffect, ClientRule } from "../closing/client-rules.ts";

// Apache's BrowserMatch and BrowserMatchNoCase as client rules. The caller reads httpd.conf: what
// comes here are the words of one directive, without their quotes.
//
// httpd applies every directive that matches, the later over the earlier. Here the first rule that
// matches decides, so the caller puts the rule of a later directive before that of an earlier one.

/** The variables of httpd that change how a connection goes on, and what they are here. */
const EFFECTS: ReadonlyMap<string, ClientEffect> = new Map<string, ClientEffect>([
  ["nokeepalive", { persistence: "off" }],
  ["downgrade-1.0", { http10: true }],
  ["force-response-1.0", { http10: true }],
]);

export type BrowserMatchResult =
  /** `ignored`: variables that say nothing about connections, or are not known. */
  { readonly rule: ClientRule; readonly ignored: readonly string[] } | { readonly problem: string };

/**
 * One directive. A variable that is unset (`!nokeepalive`) makes an exception, if nothing is set
 * beside it.
 *
 * @param args With the directive's name: `["BrowserMatch", "Mozilla/2", "nokeepalive"]`.
 * @param origin Where it stands, for example `httpd.conf:42`. It becomes the rule's name.
 */
export function browserMatchRule(args: readonly string[], origin: string): BrowserMatchResult {
  const [directive = "", pattern, ...variables] = args;
  const name = directive.toLowerCase();
  if (name !== "browsermatch" && name !== "browsermatchnocase") {
    return { problem: `Cannot use ${directive} as a client rule: expected BrowserMatch` };
  }
  if (pattern === undefined || variables.length === 0) {
    return { problem: `Cannot use ${directive}: expected a pattern and at least one variable` };
  }
  const ignoreCase = name === "browsermatchnocase";
  const problem = problemOf(pattern, ignoreCase);
  if (problem !== null) return { problem };
  const { effect, understoodCount, ignored } = effectOf(variables);
  if (understoodCount === 0) {
    const known = [...EFFECTS.keys()].join(", ");
    const given = ignored.join(", ");
    return { problem: `Cannot use ${given} for "${pattern}": not understood; expected ${known}` };
  }
  const rule: ClientRule = {
    name: origin,
    pattern,
    ...(ignoreCase ? { ignoreCase } : {}),
    effect,
    source: `${directive} in ${origin}`,
    found: "undated",
  };
  return { rule, ignored };
}

function problemOf(pattern: string, ignoreCase: boolean): string | null {
  if (pattern === "") return 'Cannot use the pattern "": expected at least one character';
  try {
    parseAgentPattern(pattern, { ignoreCase });
    return null;
  } catch (error) {
    if (isAgentPatternError(error)) return error.message;
    throw error;
  }
}

function effectOf(variables: readonly string[]): {
  effect: ClientEffect;
  understoodCount: number;
  ignored: string[];
} {
  let effect: ClientEffect = {};
  let understoodCount = 0;
  const ignored: string[] = [];
  for (const variable of variables) {
    const isUnset = variable.startsWith("!");
    // httpd looks only at whether these are set, so "nokeepalive=0" is nokeepalive.
    const [name = ""] = (isUnset ? variable.slice(1) : variable).split("=", 1);
    const known = EFFECTS.get(name);
    if (known === undefined) {
      ignored.push(variable);
      continue;
    }
    understoodCount++;
    if (isUnset) effect = without(effect, known);
    else effect = { ...effect, ...known };
  }
  return { effect, understoodCount, ignored };
}

const without = (effect: ClientEffect, unset: ClientEffect): ClientEffect =>
  Object.fromEntries(Object.entries(effect).filter(([key]) => !Object.hasOwn(unset, key)));
