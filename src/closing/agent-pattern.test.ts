import assert from "node:assert/strict";
import { describe, it } from "vitest";
import {
  isAgentPatternError,
  PATTERN_LIMIT,
  parseAgentPattern,
  REPEAT_LIMIT,
} from "./agent-pattern.ts";

// Goal: what is not in the subset is refused with a sentence that names the place. How: a table of
// wrong patterns with the whole message. What right patterns find is in agent-matcher.test.ts.

const BAD: readonly (readonly [pattern: string, expected: string])[] = [
  ["(ab", "a ) for the (, at position 1"],
  ["a(b(c)", "a ) for the (, at position 2"],
  ["ab)", "( before the ), at position 3"],
  ["*a", "something to repeat before the *, at position 1"],
  ["a|+", "something to repeat before the +, at position 3"],
  ["(?a)", "( or (?:, as look-around, names and flags are not known, at position 1"],
  ["a(?=b)", "( or (?:, as look-around, names and flags are not known, at position 2"],
  ["(?i)msie", "( or (?:, as look-around, names and flags are not known, at position 1"],
  ["^*", "something to repeat, and no anchor, at position 2"],
  ["a$+", "something to repeat, and no anchor, at position 3"],
  ["a**", "one quantifier, and a group around what has two, at position 3"],
  ["a++", "one quantifier, and a group around what has two, at position 3"],
  ["a*??", "one quantifier, and a group around what has two, at position 4"],
  ["{2}", "something to repeat before the {, or \\{ for the character, at position 1"],
  ["a{", "{n}, {n,} or {n,m}, or \\{ for the character, at position 2"],
  ["a{,3}", "{n}, {n,} or {n,m}, or \\{ for the character, at position 2"],
  ["a{1,x}", "{n}, {n,} or {n,m}, or \\{ for the character, at position 2"],
  ["a{2,1}", "at least 2 as the second number of {2,1}, at position 2"],
  ["a{256}", "numbers up to 255 in {n,m}, and not 256, at position 2"],
  ["a[bc", "a ] for the [, at position 2"],
  ["[", "a ] for the [, at position 1"],
  ["[a-", "a ] for the [, at position 1"],
  ["[]a]", "a character before the ], or \\], at position 2"],
  ["[^]", "a character before the ], or \\], at position 3"],
  ["[z-a]", "a range from the lower character to the higher, at position 2"],
  ["[a-\\d]", "single characters at both ends of the range, at position 2"],
  ["[[:alpha:]]", "ranges such as a-z, and no [:name:], at position 2"],
  ["a\\", "a character behind the \\, at position 2"],
  ["\\bMSIE", "\\d, \\w, \\s, \\D, \\W or \\S, and not \\b, at position 1"],
  ["(a)\\1", "\\d, \\w, \\s, \\D, \\W or \\S, and not \\1, at position 4"],
  ["[\\b]", "\\d, \\w, \\s, \\D, \\W or \\S, and not \\b, at position 2"],
  ["a…", "characters up to U+00FF, as field values have, at position 2"],
  ["[…]", "characters up to U+00FF, as field values have, at position 2"],
];

describe("parseAgentPattern", () => {
  for (const [pattern, expected] of BAD) {
    it(`${pattern}: is refused`, () => {
      assert.throws(
        () => parseAgentPattern(pattern),
        (error) => {
          assert.ok(isAgentPatternError(error) && error instanceof RangeError);
          assert.equal(error.expected, expected);
          assert.equal(error.message, `Cannot use the pattern "${pattern}": expected ${expected}`);
          return true;
        },
      );
    });
  }

  it("no string: is a TypeError", () => {
    // JavaScript callers have no types.
    const parse = () => parseAgentPattern(/MSIE/ as unknown as string);
    assert.throws(parse, new TypeError("Cannot use the pattern /MSIE/: expected a string"));
  });

  it("longer than the limit: is refused, and the message stays short", () => {
    parseAgentPattern("a".repeat(PATTERN_LIMIT));
    const wanted = `expected at most ${PATTERN_LIMIT} characters, and it has ${PATTERN_LIMIT + 1}`;
    assert.throws(() => parseAgentPattern("a".repeat(PATTERN_LIMIT + 1)), {
      message: `Cannot use the pattern "${"a".repeat(40)}…": ${wanted}`,
    });
  });

  it("nested as deep as the limit allows: is read", () => {
    const depth = PATTERN_LIMIT / 2;
    parseAgentPattern("(".repeat(depth) + ")".repeat(depth));
  });

  it("the largest repetition: is read", () => {
    const tree = parseAgentPattern(`a{${REPEAT_LIMIT}}`);
    assert.equal(tree.type === "repeat" && tree.least, REPEAT_LIMIT);
  });
});
