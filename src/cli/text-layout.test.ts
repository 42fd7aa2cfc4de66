import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { cell, labelledText, paintFor, TEXT_COLUMNS, wrapText } from "./text-layout.ts";

// Goal: text fits 80 columns, and color is only where it is wanted. Method: tables.

describe("wrapText", () => {
  it("text that fits exactly: one line; one letter more: two", () => {
    const text = `${"a".repeat(37)} ${"b".repeat(40)}`;
    assert.deepEqual(wrapText(text, 2), [`  ${text}`]);
    assert.equal(wrapText(text, 2)[0]?.length, TEXT_COLUMNS);
    assert.deepEqual(wrapText(`${text}b`, 2), [`  ${"a".repeat(37)}`, `  ${"b".repeat(41)}`]);
  });

  it("a word that fits nowhere: stays whole, on a line of its own", () => {
    const word = "x".repeat(100);
    assert.deepEqual(wrapText(`a ${word} b`, 0), ["a", word, "b"]);
  });

  it("nothing: one empty line", () => {
    assert.deepEqual(wrapText("", 0), [""]);
  });
});

describe("labelledText", () => {
  it("further lines: stand below the text, not below the label", () => {
    const [first, second] = labelledText("Why:", "word ".repeat(20).trim(), 4);
    assert.match(first ?? "", /^ {4}Why: word/);
    assert.match(second ?? "", /^ {9}word/);
  });
});

describe("cell", () => {
  it.each([
    ["ab", 4, "ab  "],
    ["abcd", 4, "abcd"],
    ["abcde", 4, "a..."],
  ])("%j in %i columns: %j", (text, width, wanted) => {
    assert.equal(cell(text, width), wanted);
  });
});

describe("paintFor", () => {
  it.each([
    ["a terminal", true, {}, true],
    ["a pipe", false, {}, false],
    ["NO_COLOR", true, { NO_COLOR: "1" }, false],
    ["an empty NO_COLOR, which counts as none", true, { NO_COLOR: "" }, true],
    ["a dumb terminal", true, { TERM: "dumb" }, false],
  ])("%s: color is wanted or not", (_, isTerminal, environment, isColored) => {
    const paint = paintFor({ isTerminal, environment });
    assert.equal(paint.red("x") !== "x", isColored);
  });
});
