import assert from "node:assert/strict";
import { createContext, Script } from "node:vm";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { AUTOMATON_LIMIT } from "./agent-automaton.ts";
import { AGENT_LIMIT, AgentMatcher, MEMBER_LIMIT, TABLE_LIMIT } from "./agent-matcher.ts";
import { isAgentPatternError, parseAgentPattern } from "./agent-pattern.ts";

// Goal: finds what a backtracking engine finds, in linear time and bounded memory. How: examples,
// random patterns against JavaScript's RegExp, and hostile ones whose steps are counted, not timed.

type Flags = { readonly ignoreCase?: boolean };

function matcherOf(patterns: readonly string[], flags: Flags = {}): AgentMatcher<string> {
  const parsed = patterns.map((text) => ({ text, tree: parseAgentPattern(text, flags) }));
  return new AgentMatcher(parsed, (found) => found.join());
}

const finds = (pattern: string, agent: string, flags: Flags = {}): boolean =>
  matcherOf([pattern], flags).match(agent) === "0";

const EXAMPLES: readonly (readonly [pattern: string, yes: string[], no: string[], Flags?])[] = [
  ["", ["", "a"], []],
  ["MSIE 4\\.0b2;", ["(x; MSIE 4.0b2; y)"], ["(x; MSIE 4x0b2; y)", "msie 4.0b2;"]],
  ["msie", ["MsIe"], ["msi"], { ignoreCase: true }],
  ["[^m]", ["x"], ["m", "M"], { ignoreCase: true }],
  ["[K-M]", ["l", "L"], ["j"], { ignoreCase: true }],
  ["é", ["é"], ["É"], { ignoreCase: true }],
  ["^a", ["ab"], ["ba", ""]],
  ["a$", ["ba"], ["ab", ""]],
  ["^$", [""], ["a"]],
  ["(^|;)x(;|$)", ["x", "a;x", "x;a"], ["ax", "xa"]],
  ["a.c", ["abc", "a\xffc"], ["ac"]],
  ["[a-c]x[^0-9]", ["bxa"], ["dxa", "ax1", "ax"]],
  ["[\\]-]", ["]", "-"], ["a"]],
  ["[-a]", ["-", "a"], ["b"]],
  ["[a-c-e]", ["b", "-", "e"], ["d"]],
  ["[\\d.]+$", ["1.2"], ["1.2b"]],
  ["\\d\\w\\s", ["1_ "], ["a_ ", "1- ", "1_-"]],
  ["\\D\\W\\S", ["a-x"], ["1-x", "aax", "a- "]],
  ["\\/\\.\\_\\-", ["/._-"], ["//._"]],
  ["ab*c", ["ac", "abbc"], ["adc"]],
  ["ab+c", ["abc", "abbc"], ["ac"]],
  ["ab?c", ["ac", "abc"], ["abbc"]],
  ["^a{2}$", ["aa"], ["a", "aaa"]],
  ["^a{2,}$", ["aa", "aaaa"], ["a"]],
  ["^a{1,2}$", ["a", "aa"], ["", "aaa"]],
  ["^a{0}$", [""], ["a"]],
  ["^(?:ab){2,3}?$", ["abab", "ababab"], ["ab", "abababab"]],
  ["a*?b", ["b", "aab"], ["a"]],
  ["^(ab|c|)d$", ["abd", "cd", "d"], ["ad"]],
  ["}]", ["}]"], ["}"]],
];

describe("match", () => {
  for (const [pattern, yes, no, flags] of EXAMPLES) {
    it(`${pattern || "nothing"}${flags === undefined ? "" : ", ignoring case"}: finds`, () => {
      for (const agent of yes) assert.ok(finds(pattern, agent, flags), JSON.stringify(agent));
      for (const agent of no) assert.ok(!finds(pattern, agent, flags), JSON.stringify(agent));
    });
  }

  it("several patterns: all that are found, in order", () => {
    const matcher = matcherOf(["c$", "a", "^b", "x"]);
    assert.equal(matcher.match("abc"), "0,1");
    assert.equal(matcher.match("ba"), "1,2");
    assert.equal(matcher.match("q"), "");
  });

  it("an agent met before: no new steps", () => {
    const matcher = matcherOf(["(MSIE|Opera) [0-9]+", "Safari/[0-9.]+$"]);
    const agent = "Mozilla/5.0 (Macintosh) Version/17.1 Safari/605.1.15";
    matcher.match(agent);
    const { stepCount } = matcher;
    assert.equal(matcher.match(agent), "1");
    assert.equal(matcher.stepCount, stepCount);
  });

  it("longer than the limit: only the first characters are looked at, and there is no end", () => {
    const matcher = matcherOf(["x", "a$", "^a"]);
    const full = "a".repeat(AGENT_LIMIT);
    assert.equal(matcher.match(full), "1,2");
    assert.equal(matcher.match(`${full}a`), "2");
    assert.equal(matcher.match(`${full}x`), "2");
    assert.equal(matcher.match(`${full.slice(1)}x`), "0,2");
  });

  it("characters above latin1: the low byte is read", () => {
    assert.equal(matcherOf(["^a$"]).match(String.fromCharCode(0x461)), "0");
  });
});

const quantifier = fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "*?");
/** Patterns over a small alphabet, so that there is something to find. */
const { pattern: randomPattern } = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { maxDepth: 4 },
    { weight: 6, arbitrary: fc.constantFrom("a", "b", "B", ".", "[ab]", "[^a]", "[a-c]", "\\.") },
    { weight: 1, arbitrary: fc.constantFrom("\\d", "\\W", "[\\w.]", "\\s", "[^\\d]", "") },
    { weight: 3, arbitrary: tie("pattern").map((inner) => `(${inner})`) },
    { weight: 1, arbitrary: tie("pattern").map((inner) => `(?:${inner})`) },
  ),
  pattern: fc
    .array(
      fc.oneof(
        { weight: 8, arbitrary: fc.tuple(tie("atom"), quantifier).map(([a, q]) => a && a + q) },
        { weight: 1, arbitrary: fc.constantFrom("^", "$", "|") },
      ),
      { maxLength: 4 },
    )
    .map((parts) => parts.join("")),
}));
const randomAgent = fc.string({ unit: fc.constantFrom(..."abABc.1 "), maxLength: 10 });

/** RegExp backtracks; what takes it this long is, as a rule, a matter of minutes. */
const REFERENCE_TIMEOUT_MS = 1_000;
const reference = createContext({ pattern: "", flags: "", agents: [""] });
const askReference = new Script(
  "(() => { const e = new RegExp(pattern, flags); return agents.map((a) => e.test(a)); })()",
);

/** What RegExp finds in each agent; `null`: it does not say in time, and is no reference then. */
function referenceAnswers(
  pattern: string,
  flags: string,
  agents: readonly string[],
): readonly boolean[] | null {
  Object.assign(reference, { pattern, flags, agents });
  try {
    return askReference.runInContext(reference, { timeout: REFERENCE_TIMEOUT_MS }) as boolean[];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return null;
    throw error;
  }
}

describe("random patterns", () => {
  it("each alone: finds what RegExp finds, with and without case", () => {
    const check = fc.property(
      randomPattern,
      fc.array(randomAgent, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      (pattern, agents, ignoreCase) => {
        const matcher = matcherOf([pattern], { ignoreCase });
        const found = agents.map((agent) => matcher.match(agent) === "0");
        const expected = referenceAnswers(pattern, ignoreCase ? "is" : "s", agents);
        fc.pre(expected !== null);
        assert.deepEqual(found, [...(expected ?? [])]);
      },
    );
    fc.assert(check, { numRuns: 2_000 });
  });

  it("several at once: each finds what it finds alone", () => {
    const check = fc.property(
      fc.array(randomPattern, { maxLength: 5 }),
      fc.array(randomAgent, { minLength: 1, maxLength: 6 }),
      (patterns, agents) => {
        const matcher = matcherOf(patterns);
        const found = agents.map((agent) => matcher.match(agent));
        const alone = patterns.map((pattern) => referenceAnswers(pattern, "s", agents));
        fc.pre(!alone.includes(null));
        const expected = agents.map((_, agentIndex) =>
          alone.flatMap((answers, index) => (answers?.[agentIndex] ? [index] : [])).join(),
        );
        assert.deepEqual(found, expected);
      },
    );
    fc.assert(check, { numRuns: 500 });
  });
});

describe("hostile patterns and agents", () => {
  const agent = "a".repeat(AGENT_LIMIT);

  for (const pattern of ["(a*)*b", "(a|a)*b", "(.*)*x", "(a+)+$b", "(a|aa)+b"]) {
    it(`${pattern}, ${AGENT_LIMIT} times a: a few steps in all`, () => {
      const matcher = matcherOf([pattern]);
      assert.equal(matcher.match(agent), "");
      // Backtracking takes 2 to the power of 512. Here the same few states come again and again.
      assert.ok(matcher.stepCount < 100, `${matcher.stepCount} steps`);
    });
  }

  it("a table that is of no use: linear steps, a bounded table, the right verdict", () => {
    // Each of the last 12 characters matters, which makes 2^12 states of the table.
    const matcher = matcherOf(["(a|b)*a(a|b){12}c"]);
    let random = 1;
    let characters = 0;
    // Many short agents, so that a wrong entry of the table shows before it is forgotten.
    for (let round = 0; round < 3_000; round++) {
      let text = "";
      for (let length = 14 + (round % 20); length > 0; length--) {
        random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
        text += random > 1_073_741_824 ? "a" : "b";
      }
      characters += text.length + 1;
      assert.equal(matcher.match(`${text}c`), text.at(-13) === "a" ? "0" : "");
      assert.ok(matcher.tableSize <= TABLE_LIMIT);
    }
    const stateCount = 33;
    assert.ok(matcher.stepCount > characters, "the table was of use");
    assert.ok(matcher.stepCount < 3 * stateCount * characters, `${matcher.stepCount} steps`);
  });

  it("states of the table with very many members: the members are bounded, too", () => {
    // About 1 000 members each, so that 128 of them reach the limit.
    const matcher = matcherOf([".{0,255}.{0,255}.{0,255}.{0,255}x"]);
    assert.equal(matcher.match(agent), "");
    assert.equal(matcher.match(`${"b".repeat(AGENT_LIMIT - 1)}x`), "0");
    assert.ok(matcher.tableSize <= MEMBER_LIMIT / 500, `${matcher.tableSize}`);
  });

  it("more states than the limit: is refused before they are built", () => {
    const large = "((a{255}){255}){255}";
    assert.throws(() => matcherOf(["a", large]), {
      message:
        `Cannot use the pattern "${large}": expected at most ${AUTOMATON_LIMIT} states in all ` +
        `patterns together, and up to here they need ${2 + 255 ** 3 + 1}`,
    });
  });

  it("exactly as many states as the limit: are built", () => {
    const text = `${"a{128}".repeat(15)}b{127}`;
    assert.equal(15 * 128 + 127 + 1, AUTOMATON_LIMIT);
    assert.equal(matcherOf([text]).match(agent), "");
    assert.throws(() => matcherOf([`${text}c`]), isAgentPatternError);
  });
});
