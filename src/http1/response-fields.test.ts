import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { LocalProtocolError } from "../base/error.ts";
import { type FieldLines, layOutFields, layOutTrailers } from "./response-fields.ts";

// Goal: no name or value that a handler gives can end its own line, or change the framing.
// How: what is laid out as text, and every character that must be refused, in each place.

const refuses = (code: string) => (error: unknown) =>
  error instanceof LocalProtocolError && error.code === code;
const INVALID = refuses("FINWAIT_FIELD_INVALID");
const RESERVED = refuses("FINWAIT_FIELD_RESERVED");
const NOTHING = { text: "", contentLength: null, wantsClose: false, hasDate: false };

describe("layOutFields", () => {
  it("no fields: nothing", () => {
    assert.deepEqual(layOutFields([]), NOTHING);
  });

  it("fields: one line each, in order, with their case", () => {
    const fields: FieldLines = [
      ["X-b", "1"],
      ["x-A", ""],
      ["X-b", "\u00e4\t2 "],
    ];
    const text = "X-b: 1\r\nx-A: \r\nX-b: \u00e4\t2 \r\n";
    assert.deepEqual(layOutFields(fields), { ...NOTHING, text });
  });

  for (const name of ["Date", "date", "DATE"]) {
    it(`${name}: sent, and noticed`, () => {
      const text = `${name}: x\r\n`;
      assert.deepEqual(layOutFields([[name, "x"]]), { ...NOTHING, text, hasDate: true });
    });
  }

  it("fields as long as a reserved one: sent", () => {
    for (const name of ["Vary", "Set-Cookie", "Content-Lengtg", "Transfer-Encodinf"]) {
      assert.deepEqual(layOutFields([[name, "x"]]), { ...NOTHING, text: `${name}: x\r\n` });
    }
  });

  for (const name of ["Content-Length", "content-length", "CONTENT-LENGTH"]) {
    it(`${name}: taken out, for the writer to announce`, () => {
      assert.deepEqual(layOutFields([[name, "12"]]), { ...NOTHING, contentLength: 12 });
      assert.deepEqual(layOutFields([[name, "0"]]), { ...NOTHING, contentLength: 0 });
    });
  }

  for (const value of [
    "",
    "x",
    "-1",
    "+1",
    "1.5",
    "1e3",
    "0x1",
    " 1",
    "1 ",
    "1, 1",
    "1".repeat(16),
  ]) {
    it(`Content-Length ${JSON.stringify(value)}: refused`, () => {
      assert.throws(() => layOutFields([["Content-Length", value]]), RESERVED);
    });
  }

  it("two Content-Lengths: refused, even if they are equal", () => {
    for (const second of ["5", "6"]) {
      const fields: FieldLines = [
        ["Content-Length", "5"],
        ["content-length", second],
      ];
      assert.throws(() => layOutFields(fields), RESERVED);
    }
  });

  for (const name of ["Transfer-Encoding", "transfer-encoding", "TRANSFER-ENCODING"]) {
    it(`${name}: refused`, () => {
      assert.throws(() => layOutFields([[name, "chunked"]]), RESERVED);
    });
  }

  it("Connection: only its close is heard, the rest is the server's to say", () => {
    assert.deepEqual(layOutFields([["Connection", "keep-alive"]]), NOTHING);
    assert.deepEqual(layOutFields([["Keep-Alive", "timeout=5"]]), NOTHING);
    for (const value of ["close", "Close", "x, close", "x,\tCLOSE ,y"]) {
      assert.deepEqual(layOutFields([["connection", value]]), { ...NOTHING, wantsClose: true });
    }
    const twice: FieldLines = [
      ["Connection", "close"],
      ["Connection", "keep-alive"],
    ];
    assert.deepEqual(layOutFields(twice), { ...NOTHING, wantsClose: true });
    assert.deepEqual(layOutFields([["Connection", "closed"]]), NOTHING);
  });
});

for (const [what, layOut] of [
  ["layOutFields", layOutFields],
  ["layOutTrailers", layOutTrailers],
] as const) {
  describe(`${what}: injection`, () => {
    for (const value of [
      "a\r\nSet-Cookie: b",
      "a\r\n\r\nbody",
      "a\n",
      "\r",
      "a\0",
      "\u007f",
      "\u001b[0m",
    ]) {
      it(`value ${JSON.stringify(value)}: refused`, () => {
        assert.throws(() => layOut([["X", value]]), INVALID);
      });
    }

    it("every character: refused if it is a control character, or needs more than one byte", () => {
      const codes = [...Array.from({ length: 0x180 }, (_, code) => code), 0x560d, 0x0a0a, 0xd83d];
      for (const code of codes) {
        const isFine = code === 9 || (code >= 0x20 && code !== 0x7f && code <= 0xff);
        const attempt = () => layOut([["X", `a${String.fromCharCode(code)}b`]]);
        if (isFine) attempt();
        else assert.throws(attempt, INVALID, `U+${code.toString(16)}`);
      }
    });

    it("every character in a name: refused if it is no token character", () => {
      const codes = [...Array.from({ length: 0x180 }, (_, code) => code), 0x560d, 0x0158];
      for (const code of codes) {
        const character = String.fromCharCode(code);
        const isFine = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/.test(character);
        const attempt = () => layOut([[`X${character}`, "a"]]);
        if (isFine) attempt();
        else assert.throws(attempt, INVALID, `U+${code.toString(16)}`);
      }
    });

    it("an empty name: refused", () => {
      assert.throws(() => layOut([["", "a"]]), INVALID);
    });

    it("the message: names the field and the character, and does not repeat the value", () => {
      assert.throws(
        () => layOut([["X-Token", "secret\n"]]),
        (error: unknown) => {
          assert.ok(error instanceof LocalProtocolError);
          assert.match(error.message, /"X-Token".*U\+000a at index 6$/);
          assert.doesNotMatch(error.message, /secret/);
          return true;
        },
      );
    });
  });
}

describe("layOutTrailers", () => {
  it("fields: one line each, and no empty line", () => {
    const text = layOutTrailers([
      ["Server-Timing", "a;dur=1"],
      ["X", "\u00ff"],
    ]);
    assert.equal(text, "Server-Timing: a;dur=1\r\nX: \u00ff\r\n");
    assert.equal(layOutTrailers([]), "");
  });

  for (const name of [
    "Connection",
    "Content-Length",
    "Host",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "transfer-encoding",
    "Upgrade",
  ]) {
    it(`${name}: refused, since it would change what is already sent`, () => {
      assert.throws(() => layOutTrailers([[name, "1"]]), RESERVED);
    });
  }
});
