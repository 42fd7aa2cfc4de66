import assert from "node:assert/strict";
import { describe, it } from "vitest";
import {
  contentOf,
  errorOf,
  latin1,
  newReader,
  readThreeWays,
} from "../../test/support/fake-peer.ts";

// Goal: the chunked coding of RFC 9112 §7.1 to the byte: sizes, extensions, the CRLF behind data.
// How: bodies through the reader, read three ways; every byte value at each kind of place.

const HEAD = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const LAST = "0\r\n\r\n";
/** For the tests of every byte: the head is cut often enough elsewhere. */
const AFTER_HEAD = { cutFrom: HEAD.length };
const INVALID = "400 FINWAIT_CHUNK_INVALID";
const EVERY_BYTE = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
const hex = (character: string) => `0x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;

describe("chunk size", () => {
  for (const [size, length] of [
    ["5", 5],
    ["a", 10],
    ["A", 10],
    ["1f", 31],
    ["1F", 31],
    ["005", 5],
    ["0000000000005", 5],
  ] as const) {
    it(`${size}: ${length} bytes`, () => {
      const data = "x".repeat(length);
      assert.equal(contentOf(`${HEAD}${size}\r\n${data}\r\n${LAST}`), data);
    });
  }

  for (const size of [
    "",
    "+5",
    "-5",
    "0x5",
    "0X5",
    "5h",
    "5_0",
    "5.0",
    "5,5",
    " 5",
    "\t5",
    "5 ",
    "5\t",
    "5 5",
    "g",
    "\u0000",
    "5\u0000",
    "5\u00a0",
    "\u00e4",
    "00000000000005",
    "ffffffffffffff",
    "10000000000000005",
    "fffffffffffffffb",
  ]) {
    it(`${JSON.stringify(size)}: ${INVALID}`, () => {
      assert.equal(errorOf(`${HEAD}${size}\r\nhello\r\n${LAST}`), INVALID);
    });
  }

  it("13 digits, more than bodyLimitBytes: 413, and nothing overflows", () => {
    const expected = "413 FINWAIT_BODY_TOO_LARGE";
    assert.equal(errorOf(`${HEAD}fffffffffffff\r\nhello`), expected);
    assert.equal(errorOf(`${HEAD}8000000000000\r\nhello`), expected);
    assert.equal(errorOf(`${HEAD}100000005\r\nhello`), expected);
  });

  it("each byte behind a size: digits go on, four begin something, others are refused", () => {
    for (const character of EVERY_BYTE) {
      const error = errorOf(`${HEAD}1${character}`, AFTER_HEAD);
      const isFine = /^[0-9a-fA-F;\r \t]$/.test(character);
      assert.equal(error, isFine ? null : INVALID, hex(character));
    }
  });

  it("every byte for the LF behind a size: only LF is accepted", () => {
    for (const character of EVERY_BYTE) {
      const expected = character === "\n" ? null : INVALID;
      assert.equal(errorOf(`${HEAD}1\r${character}`, AFTER_HEAD), expected, hex(character));
    }
  });
});

describe("chunk data", () => {
  it("several chunks: joined, whatever they hold", () => {
    const body = "3\r\n\r\n0\r\n1\r\n\0\r\n0a\r\n\r\n0\r\n\r\nxyz\r\n";
    assert.equal(contentOf(`${HEAD}${body}${LAST}`), "\r\n0\0\r\n0\r\n\r\nxyz");
  });

  it("nothing but the last chunk: no content", () => {
    assert.equal(contentOf(HEAD + LAST), "");
    assert.equal(contentOf(`${HEAD}000\r\n\r\n`), "");
  });

  for (const [what, body] of [
    ["data longer than its size", "5\r\nhello!\r\n"],
    ["data shorter than its size", "5\r\nhell\r\n0\r\n\r\n"],
    ["a bare LF behind data", "5\r\nhello\n0\r\n\r\n"],
    ["a bare CR behind data", "5\r\nhello\r0\r\n\r\n"],
    ["two CRLFs behind data", "5\r\nhello\r\n\r\n"],
    ["no CRLF behind data", "5\r\nhello0\r\n\r\n"],
    ["a bare LF behind a size", "5\nhello\r\n0\r\n\r\n"],
    ["a bare CR behind a size", "5\rhello\r\n0\r\n\r\n"],
    ["two CRs behind a size", "5\r\r\nhello\r\n"],
  ] as const) {
    it(`${what}: ${INVALID}`, () => {
      assert.equal(errorOf(HEAD + body), INVALID);
    });
  }

  it("every byte in both places behind data: only CR and LF are accepted", () => {
    for (const character of EVERY_BYTE) {
      const isCarriageReturn = character === "\r";
      const isLineFeed = character === "\n";
      assert.equal(
        errorOf(`${HEAD}1\r\nx${character}`, AFTER_HEAD),
        isCarriageReturn ? null : INVALID,
      );
      assert.equal(errorOf(`${HEAD}1\r\nx\r${character}`, AFTER_HEAD), isLineFeed ? null : INVALID);
    }
  });

  it("content of exactly bodyLimitBytes: accepted; one more: 413 before its data", () => {
    const limits = { bodyLimitBytes: 8 };
    assert.equal(contentOf(`${HEAD}5\r\nhello\r\n3\r\nxyz\r\n${LAST}`, { limits }), "helloxyz");
    const events = readThreeWays(`${HEAD}5\r\nhello\r\n4\r\nxyza\r\n${LAST}`, { limits });
    assert.deepEqual(events.slice(1), [
      { type: "body", text: "hello" },
      {
        type: "peer-protocol-error",
        code: "FINWAIT_BODY_TOO_LARGE",
        status: 413,
        acceptedBytes: HEAD.length + 13,
      },
    ]);
  });

  it("a second body on the same connection: its content is counted from zero", () => {
    const limits = { bodyLimitBytes: 5, chunkExtensionsLimitBytes: 3 };
    const request = `${HEAD}5;ab\r\nhello\r\n${LAST}`;
    assert.equal(errorOf(request.repeat(3), { limits }), null);
  });

  it("tiny chunks received at once: joined, so that a byte of content costs no event", () => {
    const reader = newReader();
    reader.receive(latin1(`${HEAD}${"1\r\nx\r\n".repeat(5_000)}${LAST}`));
    let eventCount = 0;
    while (reader.read() !== null) eventCount += 1;
    assert.ok(eventCount <= 8, `${eventCount} events`);
  });
});

describe("chunk extension", () => {
  for (const extension of [
    ";a",
    ";a=b",
    ";a=b;c=d",
    ";a;b;c",
    ';a=""',
    ';a="b c;d=e\t"',
    ';a="\\"\\\\"',
    ';a="\\\t"',
    ';a="\u00e4"',
    ';a="b";c',
    " ;a",
    "\t; a",
    "; a",
    ";a =b",
    ";a= b",
    ';a \t=\t "b" ; c',
    ";!#$%&'*+-.^_`|~=!#$%&'*+-.^_`|~",
  ]) {
    it(`${JSON.stringify(extension)}: read and thrown away`, () => {
      assert.equal(contentOf(`${HEAD}5${extension}\r\nhello\r\n0${extension}\r\n\r\n`), "hello");
    });
  }

  for (const extension of [
    ";",
    ";;",
    ";a;",
    ";=b",
    ";a=",
    ";a=;b",
    ";a==b",
    ";a=b=c",
    ";a b",
    ';a="b',
    ';a=b"',
    ';a="b"c',
    ';"a"=b',
    ';a="\u0000"',
    ';a="\u007f"',
    ';a="\\\u0000"',
    ";a=b c",
    ";a ",
    ";a=b ",
    ';a="b"\t',
    " ",
    " a",
    "\t",
    ";\u00e4",
    ";a=\u00e4",
    ";a,b",
    ";a:b",
    ";\u0000",
    ";a\u0000",
  ]) {
    it(`${JSON.stringify(extension)}: ${INVALID}`, () => {
      assert.equal(errorOf(`${HEAD}5${extension}\r\nhello\r\n${LAST}`), INVALID);
    });
  }

  for (const place of [";", "; ", ";a", ";a ", ";a=", ";a= ", ";a=b", ';a="', ';a="b', ';a="\\']) {
    it(`a line break inside ${JSON.stringify(place)}: refused, bare or not`, () => {
      for (const lineBreak of ["\n", "\rX", "\r\r\n"]) {
        assert.equal(errorOf(`${HEAD}5${place}${lineBreak}\r\nhello\r\n`), INVALID);
      }
    });
  }

  it("a quoted CRLF: refused, where others have taken it for the end of the line", () => {
    assert.equal(errorOf(`${HEAD}5;a="\r\n"\r\nhello\r\n${LAST}`), INVALID);
  });

  it("chunkExtensionsLimitBytes: counts all extensions of one body", () => {
    const limits = { chunkExtensionsLimitBytes: 10 };
    const body = (first: number, last: number) =>
      `${HEAD}1;${"a".repeat(first)}\r\nx\r\n0;${"b".repeat(last)}\r\n\r\n`;
    const expected = "413 FINWAIT_CHUNK_EXTENSIONS_TOO_LARGE";
    assert.equal(errorOf(body(4, 4), { limits }), null);
    assert.equal(errorOf(body(4, 5), { limits }), expected);
    assert.equal(errorOf(body(11, 1), { limits }), expected);
  });

  it("an endless extension: refused with the first byte beyond the limit", () => {
    const limits = { chunkExtensionsLimitBytes: 10 };
    const expected = "413 FINWAIT_CHUNK_EXTENSIONS_TOO_LARGE";
    assert.equal(errorOf(`${HEAD}1;${"a".repeat(10)}`, { limits }), null);
    assert.equal(errorOf(`${HEAD}1;${"a".repeat(11)}`, { limits }), expected);
    assert.equal(errorOf(`${HEAD}1${" ".repeat(12)}`, { limits }), expected);
  });
});
