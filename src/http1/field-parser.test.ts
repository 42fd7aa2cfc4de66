import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { contentOf, errorOf, headOf, readThreeWays } from "../../test/support/fake-peer.ts";

// Goal: RFC 9112 §5: what a field line may be, to the byte, and where each limit lies exactly.
// How: whole requests through the reader, read three ways; every byte value in name and value.

const LINE = "GET / HTTP/1.1\r\nHost: a\r\n";
const INVALID = "400 FINWAIT_FIELD_LINE_INVALID";
const EVERY_BYTE = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
const hex = (character: string) => `0x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
const fieldsOf = (lines: string) => headOf(`${LINE}${lines}\r\n`).fields.slice(1);

describe("field line", () => {
  const good: readonly (readonly [what: string, line: string, name: string, value: string])[] = [
    ["no whitespace", "A:b", "A", "b"],
    ["one space", "A: b", "A", "b"],
    ["much whitespace around", "A: \t b \t ", "A", "b"],
    ["whitespace inside", "A: b \t c", "A", "b \t c"],
    ["no value", "A:", "A", ""],
    ["whitespace for a value", "A: \t ", "A", ""],
    ["colons in the value", "A: b:c: d", "A", "b:c: d"],
    ["obs-text", "A: \u00e4\u00ff\u0080", "A", "\u00e4\u00ff\u0080"],
    ["no-break spaces around", "A: \u00a0b\u00a0", "A", "\u00a0b\u00a0"],
    ["every token character", "!#$%&'*+-.^_`|~09azAZ: b", "!#$%&'*+-.^_`|~09azAZ", "b"],
    ["__proto__", "__proto__: b", "__proto__", "b"],
  ];
  for (const [what, line, name, value] of good) {
    it(`${what}: name and trimmed value`, () => {
      assert.deepEqual(fieldsOf(`${line}\r\n`), [[name, value]]);
    });
  }

  it("several lines: order, case and repetition are kept", () => {
    const fields = fieldsOf("b: 1\r\nA: 2\r\nB: 3\r\n");
    assert.deepEqual(fields, [
      ["b", "1"],
      ["A", "2"],
      ["B", "3"],
    ]);
  });

  const bad: readonly (readonly [what: string, lines: string, error: string])[] = [
    ["a space before the colon", "A : b\r\n", INVALID],
    ["a tab before the colon", "A\t: b\r\n", INVALID],
    ["no colon", "A\r\n", INVALID],
    ["no name", ": b\r\n", INVALID],
    ["a space in the name", "A B: c\r\n", INVALID],
    ["a fold with a space", "A: b\r\n c\r\n", "400 FINWAIT_OBS_FOLD"],
    ["a fold with a tab", "A: b\r\n\tc\r\n", "400 FINWAIT_OBS_FOLD"],
    ["a fold that looks like a field", "A: b\r\n Content-Length: 5\r\n", "400 FINWAIT_OBS_FOLD"],
    ["a fold of nothing", "A: b\r\n \r\n", "400 FINWAIT_OBS_FOLD"],
    ["a bare LF", "A: b\nC: d\r\n", INVALID],
    ["a bare CR", "A: b\rC: d\r\n", INVALID],
    ["two CRs", "A: b\r\r\n", INVALID],
    ["NUL in the value", "A: b\0c\r\n", INVALID],
    ["NUL in the name", "A\0: b\r\n", INVALID],
    ["a bare CR for an empty line", "A: b\r\n\rX", INVALID],
  ];
  for (const [what, lines, error] of bad) {
    it(`${what}: ${error}`, () => {
      assert.equal(errorOf(`${LINE}${lines}\r\n`), error);
    });
  }

  it("an LF for an empty line: refused, it ends nothing", () => {
    assert.equal(errorOf(`${LINE}\n`), INVALID);
  });

  it("whitespace before the first field line: refused, and not called a fold", () => {
    assert.equal(errorOf("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), INVALID);
  });

  it("every byte in a name: accepted if it is a token character", () => {
    for (const character of EVERY_BYTE) {
      const error = errorOf(`${LINE}A${character}B: c\r\n\r\n`);
      const isFine = /^[!#$%&'*+\-.^_`|~0-9A-Za-z:]$/.test(character);
      assert.equal(error, isFine ? null : INVALID, hex(character));
    }
  });

  it("every byte in a value: refused if it is a control byte other than HTAB", () => {
    for (const character of EVERY_BYTE) {
      const error = errorOf(`${LINE}A: b${character}c\r\n\r\n`);
      const code = character.charCodeAt(0);
      const isFine = code === 9 || (code >= 0x20 && code !== 0x7f);
      assert.equal(error, isFine ? null : INVALID, hex(character));
    }
  });
});

describe("fieldLineLimitBytes", () => {
  const limits = { fieldLineLimitBytes: 20 };
  const TOO_LONG = "431 FINWAIT_FIELD_LINE_TOO_LONG";

  it("a line of exactly the limit: accepted, by value and by name", () => {
    assert.equal(errorOf(`${LINE}A: ${"b".repeat(17)}\r\n\r\n`, { limits }), null);
    assert.equal(errorOf(`${LINE}${"A".repeat(19)}:\r\n\r\n`, { limits }), null);
  });

  it("a line one byte longer: 431, by value, by name and by whitespace", () => {
    assert.equal(errorOf(`${LINE}A: ${"b".repeat(18)}\r\n\r\n`, { limits }), TOO_LONG);
    assert.equal(errorOf(`${LINE}${"A".repeat(20)}:\r\n\r\n`, { limits }), TOO_LONG);
    assert.equal(errorOf(`${LINE}A:${" ".repeat(19)}\r\n\r\n`, { limits }), TOO_LONG);
  });

  it("an endless value: refused with the first byte beyond the limit", () => {
    assert.equal(errorOf(`${LINE}A: ${"b".repeat(17)}`, { limits }), null);
    assert.equal(errorOf(`${LINE}A: ${"b".repeat(18)}`, { limits }), TOO_LONG);
  });

  it("an endless name: refused with the first byte beyond the limit", () => {
    assert.equal(errorOf(`${LINE}${"A".repeat(20)}`, { limits }), null);
    assert.equal(errorOf(`${LINE}${"A".repeat(21)}`, { limits }), TOO_LONG);
  });
});

describe("fieldCountLimit", () => {
  const limits = { fieldCountLimit: 3 };

  it("exactly the limit: accepted", () => {
    assert.equal(errorOf(`${LINE}A: 1\r\nB: 2\r\n\r\n`, { limits }), null);
  });

  it("one more: 431, with the first byte of its name", () => {
    const lines = `${LINE}A: 1\r\nB: 2\r\n`;
    assert.equal(errorOf(`${lines}C`, { limits }), "431 FINWAIT_FIELDS_TOO_MANY");
    assert.equal(errorOf(`${lines}C: 3\r\n\r\n`, { limits }), "431 FINWAIT_FIELDS_TOO_MANY");
  });

  it("the default: 100 are accepted, 101 are not", () => {
    const lines = (count: number) => `${LINE}${"A:\r\n".repeat(count - 1)}\r\n`;
    const options = { cutFrom: lines(99).length - 2 };
    assert.equal(errorOf(lines(100), options), null);
    assert.equal(errorOf(lines(101), options), "431 FINWAIT_FIELDS_TOO_MANY");
  });
});

describe("headLimitBytes", () => {
  const TOO_LARGE = "431 FINWAIT_HEAD_TOO_LARGE";
  const request = `${LINE}A: bcd\r\n\r\n`;

  it("request-line and header section of exactly the limit: accepted", () => {
    assert.equal(errorOf(request, { limits: { headLimitBytes: request.length } }), null);
  });

  it("any limit below the size: 431, wherever it falls", () => {
    for (let headLimitBytes = 1; headLimitBytes < request.length; headLimitBytes++) {
      assert.equal(errorOf(request, { limits: { headLimitBytes } }), TOO_LARGE);
    }
  });

  it("an endless section: refused with the first byte beyond the limit", () => {
    const limits = { headLimitBytes: LINE.length + 6 };
    assert.equal(errorOf(`${LINE}A: bcd`, { limits }), null);
    assert.equal(errorOf(`${LINE}A: bcde`, { limits }), TOO_LARGE);
  });

  it("a second request: has the whole limit for itself", () => {
    const limits = { headLimitBytes: request.length };
    assert.equal(readThreeWays(request.repeat(3), { limits }).length, 6);
  });
});

describe("trailer section", () => {
  const CHUNKED = `${LINE}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n`;
  const trailersOf = (section: string) => {
    const last = readThreeWays(CHUNKED + section).at(-1);
    return last?.type === "message-end" ? last.trailers : last;
  };

  it("nothing but the empty line: no trailers", () => {
    assert.equal(trailersOf("\r\n"), null);
  });

  it("two lines: both are given, trimmed", () => {
    assert.deepEqual(trailersOf("A: 1 \r\nB:2\r\n\r\n"), [
      ["A", "1"],
      ["B", "2"],
    ]);
  });

  it("framing fields: rule nothing, and the next request starts behind the section", () => {
    const section = "Content-Length: 500\r\nTransfer-Encoding: gzip\r\nHost: b\r\n\r\n";
    const events = readThreeWays(`${CHUNKED}${section}${LINE}\r\n`, { fin: true });
    const types = events.map(({ type }) => type);
    const first = ["request-head", "body", "message-end"];
    assert.deepEqual(types, [...first, "request-head", "message-end", "peer-ended"]);
    assert.equal(contentOf(CHUNKED + section), "x");
  });

  for (const [what, section, error] of [
    ["a space before the colon", "A : b\r\n\r\n", INVALID],
    ["a fold", "A: b\r\n c\r\n\r\n", "400 FINWAIT_OBS_FOLD"],
    ["a bare LF", "A: b\n\r\n", INVALID],
    ["an LF for the empty line", "\n", INVALID],
    ["NUL", "A: \0\r\n\r\n", INVALID],
  ] as const) {
    it(`${what}: ${error}`, () => {
      assert.equal(errorOf(CHUNKED + section), error);
    });
  }

  it("limits: the same as for the header section, for itself", () => {
    const limits = { fieldCountLimit: 2, fieldLineLimitBytes: 30, headLimitBytes: 70 };
    const good = `A: ${"b".repeat(27)}\r\nB: ${"c".repeat(27)}\r\n\r\n`;
    assert.equal(good.length, 66);
    assert.equal(errorOf(CHUNKED + good, { limits }), null);
    const line = `A: ${"b".repeat(28)}\r\n\r\n`;
    assert.equal(errorOf(CHUNKED + line, { limits }), "431 FINWAIT_FIELD_LINE_TOO_LONG");
    const lines = "A:\r\nB:\r\nC:\r\n\r\n";
    assert.equal(errorOf(CHUNKED + lines, { limits }), "431 FINWAIT_FIELDS_TOO_MANY");
    const small = { headLimitBytes: 67 };
    const section = `A: ${"b".repeat(70)}\r\n\r\n`;
    assert.equal(errorOf(CHUNKED + section, { limits: small }), "431 FINWAIT_HEAD_TOO_LARGE");
  });
});
