import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { TextFields } from "./request-head.ts";

// Goal: field lines looked up by name, joined, and listed as they came.
// How: validated text in, every question of the interface.

const of = (text: string) => new TextFields(text);

describe("TextFields", () => {
  it("no lines: has nothing", () => {
    const fields = of("");
    assert.deepEqual([...fields], []);
    assert.equal(fields.get("a"), undefined);
    assert.equal(fields.has("a"), false);
  });

  it("one line: found by its name in lower case", () => {
    const fields = of("X-Name: value\r\n");
    assert.equal(fields.get("x-name"), "value");
    assert.equal(fields.has("x-name"), true);
    assert.equal(fields.get("x-nam"), undefined);
    assert.deepEqual([...fields], [["X-Name", "value"]]);
  });

  it("an empty value: there, and empty", () => {
    assert.equal(of("A:\r\n").get("a"), "");
    assert.equal(of("A: \t\r\n").get("a"), "");
    assert.equal(of("A:\r\n").has("a"), true);
  });

  it("several lines of one name: joined in order by comma and space", () => {
    const fields = of("A: 1\r\nB: x\r\na: 2\r\nA:\r\n");
    assert.equal(fields.get("a"), "1, 2, ");
    assert.deepEqual([...fields].length, 4);
  });

  it("several Cookie lines: joined by semicolon (RFC 6265 §5.4)", () => {
    assert.equal(of("Cookie: a=1\r\ncookie: b=2\r\n").get("cookie"), "a=1; b=2");
  });

  it("whitespace: only SP and HTAB around the value are left out", () => {
    assert.equal(of("A:\t \u00a0b\u00a0 \t\r\n").get("a"), "\u00a0b\u00a0");
    assert.equal(of("A: b  c\r\n").get("a"), "b  c");
  });

  it("a colon in the value: part of it", () => {
    assert.equal(of("A: b:c\r\n").get("a"), "b:c");
    assert.equal(of("A::\r\n").get("a"), ":");
  });

  it("names of object members: ordinary names", () => {
    const fields = of("__proto__: 1\r\nconstructor: 2\r\n");
    assert.equal(fields.get("__proto__"), "1");
    assert.equal(fields.get("constructor"), "2");
    assert.equal(fields.get("tostring"), undefined);
    assert.equal(fields.has("hasownproperty"), false);
  });

  it("asked again and in another order: the same answers", () => {
    const fields = of("A: 1\r\nB: 2\r\n");
    assert.equal(fields.has("b"), true);
    assert.equal(fields.get("a"), "1");
    assert.deepEqual([...fields], [...fields]);
    assert.equal(fields.get("a"), "1");
  });
});
