import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { ageText, cell, ownerText, rateText, sizeText } from "./top-text.ts";

// Goal: small texts that are short and never say too much. How: the edges of each unit.

describe("ageText", () => {
  it("milliseconds: the largest whole unit", () => {
    const texts = [0, 999, 59_999, 60_000, 3_599_999, 3_600_000, 86_400_000, null].map(ageText);
    assert.deepEqual(texts, ["0s", "0s", "59s", "1m", "59m", "1h", "1d", "?"]);
  });
});

describe("sizeText", () => {
  it("bytes: at most five characters", () => {
    const bytes = [0, 999, 1_000, 1_024, 1_500, 10_240, 1_023_999, 4_294_967_295, null];
    const expected = ["0", "999", "1.0K", "1.0K", "1.5K", "10K", "1.0M", "4.0G", "?"];
    assert.deepEqual(bytes.map(sizeText), expected);
  });
});

describe("rateText", () => {
  it("rates: the digits that matter", () => {
    assert.deepEqual([0, 0.254, 1, 99.94, 150.4].map(rateText), [
      "0.0",
      "0.25",
      "1.0",
      "99.9",
      "150",
    ]);
  });
});

describe("ownerText", () => {
  it("every kind of owner: is a word", () => {
    assert.equal(ownerText({ type: "process", pid: 7, command: "node" }), "node/7");
    const types = ["orphaned", "accept-queue", "unknown", "not-looked-up"] as const;
    assert.deepEqual(
      types.map((type) => ownerText({ type })),
      ["(orphaned)", "(accept queue)", "(unknown)", "(not looked up)"],
    );
  });
});

describe("cell", () => {
  it("any text and width: exactly that width, and marked where it is cut", () => {
    assert.equal(cell("abc", 5), "abc  ");
    assert.equal(cell("abc", 5, "right"), "  abc");
    assert.equal(cell("abcdef", 5), "abcd~");
    assert.equal(cell("abc", 1), "~");
    assert.equal(cell("abc", 0), "");
  });
});
