import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findJsonError } from "./json-error.ts";

// Goal: JSON is never called broken, broken text always is, and the place is the one to look at.
// Method: texts with a known place, and random JSON with a character changed, against JSON.parse.

function sentence(text: string): string {
  const error = findJsonError(text);
  if (error === null) return "none";
  return `${error.line}:${error.column} ${error.expected}, not ${error.got}`;
}

describe("findJsonError", () => {
  it.each([
    ['{"a":1,\n "b":2,\n}', '3:1 a name in double quotes, not "}"'],
    ["{\n  // no\n}", '2:3 a name in double quotes or "}", not "/"'],
    ['{"a" 1}', '1:6 ":", not "1"'],
    ['{"a":}', '1:6 a value, not "}"'],
    ['{"a":1 "b":2}', '1:8 "," or a bracket that closes, not "\\""'],
    ["{'a':1}", '1:2 a name in double quotes or "}", not "\'"'],
    ['{"a":True}', '1:6 a value, not "True"'],
    ["[1,]", '1:4 a value, not "]"'],
    ["[1}", '1:3 "," or a bracket that closes, not "}"'],
    ["[01]", '1:3 "," or a bracket that closes, not "1"'],
    ['{"a":"x\ny"}', '1:6 a value, not "\\""'],
    ['{"a":1', '1:7 "," or a bracket that closes, not the end of the file'],
    ["", "1:1 a value, not the end of the file"],
    ["{} {}", '1:4 the end of the file, not "{"'],
    ['[{"a":[]}]', "none"],
  ])("%j: %s", (text, expected) => {
    expect(sentence(text)).toBe(expected);
  });

  it("a megabyte of open brackets: is broken at its end, and no stack is needed", () => {
    expect(findJsonError("[".repeat(1_000_000))?.column).toBe(1_000_001);
  });

  it("any text: is broken exactly if JSON.parse refuses it", () => {
    const place = fc.nat();
    const piece = fc.constantFrom("", ",", '"', "{", "}", "[", "]", ":", "0", "-", "\\", "\n", "e");
    const mutated = fc.tuple(fc.json(), place, piece).map(([text, at, what]) => {
      const offset = at % (text.length + 1);
      return text.slice(0, offset) + what + text.slice(offset + 1);
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.json()), (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
          isJson = false;
        }
        expect(findJsonError(text) === null).toBe(isJson);
      }),
      { numRuns: 3_000 },
    );
  });
});
