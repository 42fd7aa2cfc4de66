import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { type ClientRule, type ClientRules, parseClientRules, RULE_LIMIT } from "./client-rules.ts";

// Goal: a list is either refused with a sentence that names rule and field, or can be relied on.
// How: a table of wrong rules with the whole message; then who decides.

const RULE: ClientRule = {
  name: "a",
  pattern: "MSIE",
  effect: { persistence: "off" },
  source: "somebody",
  found: "1996",
};
const FIELDS = "name, pattern, ignoreCase, methods, effect, source, found";
const TEXT = "1 to 200 printable characters";
const METHODS = '1 to 16 methods in upper case, for example ["POST"]';
const FOUND = 'a date, for example "1996" or "2025-03", or "undated"';

/** Each row changes one field of the second rule; JavaScript callers may pass anything. */
const BAD: readonly (readonly [change: Record<string, unknown>, message: string])[] = [
  [{ agent: "x" }, `Cannot use "agent" in client rule 2 ("b"): expected one of ${FIELDS}`],
  [{ name: "" }, `Cannot use name "" in client rule 2: expected ${TEXT}`],
  [{ name: "x\n" }, `Cannot use name "x\\n" in client rule 2: expected ${TEXT}`],
  [{ name: 5 }, `Cannot use name 5 in client rule 2: expected ${TEXT}`],
  [
    { name: "a" },
    'Cannot use name "a" in client rule 2: expected another one, as client rule 1 has it',
  ],
  [{ pattern: 5 }, 'Cannot use pattern 5 in client rule 2 ("b"): expected a string'],
  [
    { pattern: "" },
    'Cannot use pattern "" in client rule 2 ("b"): expected at least one character; ' +
      ".* finds all clients",
  ],
  [
    { pattern: "MSIE (4" },
    'Cannot use pattern "MSIE (4" in client rule 2 ("b"): expected a ) for the (, at position 6',
  ],
  [{ ignoreCase: 1 }, 'Cannot use ignoreCase 1 in client rule 2 ("b"): expected true or false'],
  [{ methods: [] }, `Cannot use methods [] in client rule 2 ("b"): expected ${METHODS}`],
  [{ methods: "POST" }, `Cannot use methods "POST" in client rule 2 ("b"): expected ${METHODS}`],
  [
    { methods: ["post"] },
    `Cannot use methods ["post"] in client rule 2 ("b"): expected ${METHODS}`,
  ],
  [
    { effect: undefined },
    'Cannot use effect undefined in client rule 2 ("b"): expected an object, for example {}',
  ],
  [
    { effect: { nokeepalive: true } },
    'Cannot use "nokeepalive" in effect in client rule 2 ("b"): ' +
      "expected one of persistence, http10, shortLinger",
  ],
  [
    { effect: { persistence: "on" } },
    'Cannot use effect.persistence "on" in client rule 2 ("b"): expected "off", or nothing',
  ],
  [
    { effect: { http10: false } },
    'Cannot use effect.http10 false in client rule 2 ("b"): expected true, or nothing',
  ],
  [
    { source: " ".repeat(201) },
    `Cannot use source ${JSON.stringify(" ".repeat(201))} in client rule 2 ("b"): expected ${TEXT}`,
  ],
  [
    { found: "last year" },
    `Cannot use found "last year" in client rule 2 ("b"): expected ${FOUND}`,
  ],
  [{ found: 1996 }, `Cannot use found 1996 in client rule 2 ("b"): expected ${FOUND}`],
];

describe("parseClientRules", () => {
  for (const [change, message] of BAD) {
    it(`${JSON.stringify(change).slice(0, 60)}: is refused`, () => {
      const second = { ...RULE, name: "b", ...change } as ClientRule;
      assert.throws(() => parseClientRules([RULE, second]), { name: "RangeError", message });
    });
  }

  it("no array, no objects: are TypeErrors", () => {
    assert.throws(
      () => parseClientRules({} as ClientRule[]),
      new TypeError("Cannot use client rules {}: expected an array"),
    );
    assert.throws(
      // JavaScript callers have no types.
      () => parseClientRules([RULE, null as unknown as ClientRule]),
      new TypeError("Cannot use client rule 2 null: expected an object"),
    );
  });

  it("more rules than the limit: are refused", () => {
    const rules = Array.from({ length: RULE_LIMIT + 1 }, (_, i) => ({ ...RULE, name: `${i}` }));
    assert.equal(parseClientRules(rules.slice(1)).rules.length, RULE_LIMIT);
    assert.throws(() => parseClientRules(rules), {
      message: `Cannot use ${RULE_LIMIT + 1} client rules: expected at most ${RULE_LIMIT}`,
    });
  });

  it("patterns that are too large together: are refused", () => {
    const large = (name: string) => ({ ...RULE, name, pattern: "((a{99}){99})" });
    assert.throws(() => parseClientRules([large("a")]), {
      message:
        'Cannot use pattern "((a{99}){99})" in the client rules: expected at most 2048 states in ' +
        "all patterns together, and up to here they need 9802",
    });
  });

  it("a list: is copied and frozen, without what is undefined", () => {
    const rule = { ...RULE, methods: ["POST"], effect: { http10: true, persistence: undefined } };
    // The types forbid the undefined field.
    const { rules } = parseClientRules([rule as unknown as ClientRule]);
    rule.methods.push("GET");
    assert.deepEqual(rules, [{ ...RULE, methods: ["POST"], effect: { http10: true } }]);
    for (const each of [rules, rules[0], rules[0]?.methods, rules[0]?.effect]) {
      assert.ok(Object.isFrozen(each));
    }
  });
});

const decided = (rules: ClientRules, agent: string, method: string): string | null =>
  rules.concerning(agent)?.decide(method)?.name ?? null;

describe("concerning", () => {
  const rules = parseClientRules([
    { ...RULE, name: "good", pattern: "^Old/1\\.1$", effect: {} },
    { ...RULE, name: "old-post", pattern: "Old", methods: ["POST", "PUT"] },
    { ...RULE, name: "old-1", pattern: "old/1", ignoreCase: true },
    { ...RULE, name: "silent", pattern: "^$" },
  ]);

  it("no pattern is found: null", () => {
    assert.equal(rules.concerning("curl/8.5.0"), null);
  });

  it("several are found: the first decides, an exception too", () => {
    assert.equal(decided(rules, "Old/1.1", "POST"), "good");
    assert.equal(decided(rules, "Old/1.2", "POST"), "old-post");
  });

  it("a rule for other methods: the next one decides, or none", () => {
    assert.equal(decided(rules, "Old/1.2", "GET"), "old-1");
    assert.equal(decided(rules, "Old/1.2", "post"), "old-1");
    assert.equal(decided(rules, "Old/2", "GET"), null);
    assert.notEqual(rules.concerning("Old/2"), null);
  });

  it("no User-Agent: is the empty string", () => {
    assert.equal(decided(rules, "", "GET"), "silent");
  });

  it("no rules: null for everybody", () => {
    assert.equal(parseClientRules([]).concerning("Mozilla/3.01"), null);
  });
});
