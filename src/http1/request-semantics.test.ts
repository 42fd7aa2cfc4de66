import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { errorOf, headOf } from "../../test/support/fake-peer.ts";

// Goal: what field lines mean for host, framing, persistence and expectation, and every defence
// against request smuggling. How: tables of field lines, through the reader, read three ways.

const GET = "GET / HTTP/1.1\r\n";
const OLD = "GET / HTTP/1.0\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\n";

describe("Host", () => {
  const HOST_INVALID = "400 FINWAIT_HOST_INVALID";

  for (const host of [
    "a",
    "a.example",
    "a.example:8080",
    "a.example:",
    "A-b_c~d.example",
    "127.0.0.1:80",
    "[::1]",
    "[2001:db8::1]:443",
    "%41.example",
    "a,b;c=d!$&'()*+",
    "xn--bcher-kva.example",
  ]) {
    it(`${host}: is the authority`, () => {
      assert.equal(headOf(`${GET}Host: ${host}\r\n\r\n`).authority, host);
    });
  }

  it("no value: accepted, as for a target without authority", () => {
    assert.equal(headOf(`${GET}Host:\r\n\r\n`).authority, "");
    assert.equal(headOf(`${GET}Host: \t\r\n\r\n`).authority, "");
  });

  for (const spelling of ["host", "HOST", "hOsT"]) {
    it(`${spelling}: is Host`, () => {
      assert.equal(headOf(`${GET}${spelling}: a\r\n\r\n`).authority, "a");
    });
  }

  for (const [what, lines] of [
    ["no Host in HTTP/1.1", ""],
    ["two equal Hosts", "Host: a\r\nHost: a\r\n"],
    ["two Hosts, the second in capitals", "Host: a\r\nHOST: b\r\n"],
    ["an empty and a full Host", "Host:\r\nHost: a\r\n"],
    ["whitespace inside", "Host: a b\r\n"],
    ["a list with a space", "Host: a, b\r\n"],
    ["a path", "Host: a/b\r\n"],
    ["a query", "Host: a?b\r\n"],
    ["a fragment", "Host: a#b\r\n"],
    ["userinfo", "Host: user@a\r\n"],
    ["a scheme", "Host: http://a\r\n"],
    ["a backslash", "Host: a\\b\r\n"],
    ["quotes", 'Host: "a"\r\n'],
    ["markup", "Host: <b>\r\n"],
    ["obs-text", "Host: \u00e4\r\n"],
    ["a no-break space behind", "Host: a\u00a0\r\n"],
    ["a port that is no number", "Host: a:b\r\n"],
    ["a port of six digits", "Host: a:123456\r\n"],
    ["a port with a sign", "Host: a:+80\r\n"],
    ["two ports", "Host: a:1:2\r\n"],
    ["an IPv6 address without brackets", "Host: ::1\r\n"],
    ["an open bracket", "Host: [::1\r\n"],
    ["something behind the bracket", "Host: [::1]a\r\n"],
    ["empty brackets", "Host: []\r\n"],
    ["a zone", "Host: [fe80::1%25eth0]\r\n"],
    ["another field of four letters", "Hos_: a\r\n"],
  ] as const) {
    it(`${what}: ${HOST_INVALID}`, () => {
      assert.equal(errorOf(`${GET}${lines}\r\n`), HOST_INVALID);
    });
  }

  it("HTTP/1.0 with two Hosts: refused as well", () => {
    assert.equal(errorOf(`${OLD}Host: a\r\nHost: b\r\n\r\n`), HOST_INVALID);
  });

  it("HTTP/1.0 with one Host: is the authority", () => {
    assert.equal(headOf(`${OLD}Host: a\r\n\r\n`).authority, "a");
  });
});

describe("Content-Length", () => {
  const INVALID = "400 FINWAIT_CONTENT_LENGTH_INVALID";

  for (const [value, framing] of [
    ["5", 5],
    [" \t5\t ", 5],
    ["0", "none"],
    ["000", "none"],
    ["0005", 5],
    ["1073741824", 1_073_741_824],
  ] as const) {
    it(`${JSON.stringify(value)}: framing ${framing}`, () => {
      assert.equal(headOf(`${POST}Content-Length:${value}\r\n\r\n`).framing, framing);
    });
  }

  for (const value of [
    "",
    "+5",
    "-5",
    "5.0",
    "5e0",
    "0x5",
    "0b1",
    "5_0",
    "5 0",
    "5,5",
    "5, 5",
    "5,",
    ",5",
    "5;q=1",
    '"5"',
    "five",
    "5\u00a0",
    "\u00b2",
    "\u00e4",
    "Infinity",
    "NaN",
  ]) {
    it(`${JSON.stringify(value)}: ${INVALID}`, () => {
      assert.equal(errorOf(`${POST}Content-Length: ${value}\r\n\r\n`), INVALID);
    });
  }

  it("two equal lines: refused, where RFC 9112 §6.3 would permit a repair", () => {
    const lines = "Content-Length: 5\r\nContent-Length: 5\r\n";
    assert.equal(errorOf(`${POST}${lines}\r\nhello`), INVALID);
  });

  it("two different lines: refused, in either order and case", () => {
    assert.equal(errorOf(`${POST}Content-Length: 5\r\ncontent-length: 6\r\n\r\n`), INVALID);
    assert.equal(errorOf(`${POST}CONTENT-LENGTH: 0\r\nContent-Length: 6\r\n\r\n`), INVALID);
    assert.equal(errorOf(`${POST}Content-Length:\r\nContent-Length: 6\r\n\r\n`), INVALID);
  });

  it("a name that differs by one character: another field, without a meaning", () => {
    for (const name of ["Content_Length", "Content-Lengtg", "XContent-Length", "Content-Length1"]) {
      assert.equal(headOf(`${POST}${name}: 5\r\n\r\n`).framing, "none", name);
    }
  });

  it("more than bodyLimitBytes: 413 before any of it, to the byte", () => {
    const limits = { bodyLimitBytes: 10 };
    const request = (length: string) => `${POST}Content-Length: ${length}\r\n\r\n`;
    assert.equal(errorOf(request("10"), { limits }), null);
    assert.equal(errorOf(request("11"), { limits }), "413 FINWAIT_BODY_TOO_LARGE");
    assert.equal(errorOf(request("9".repeat(400))), "413 FINWAIT_BODY_TOO_LARGE");
    assert.equal(errorOf(request("9007199254740993")), "413 FINWAIT_BODY_TOO_LARGE");
  });

  it("HTTP/1.0, POST or PUT without it: 411; with it or with another method: accepted", () => {
    assert.equal(errorOf("POST / HTTP/1.0\r\n\r\n"), "411 FINWAIT_LENGTH_REQUIRED");
    assert.equal(errorOf("PUT / HTTP/1.0\r\n\r\n"), "411 FINWAIT_LENGTH_REQUIRED");
    assert.equal(errorOf("POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n"), null);
    assert.equal(errorOf("DELETE / HTTP/1.0\r\n\r\n"), null);
    assert.equal(headOf(`${POST}\r\n`).framing, "none");
  });
});

describe("Transfer-Encoding", () => {
  const AMBIGUOUS = "400 FINWAIT_FRAMING_AMBIGUOUS";
  const UNKNOWN = "501 FINWAIT_TRANSFER_CODING_UNKNOWN";

  for (const value of ["chunked", "Chunked", "CHUNKED", " \tchunked\t "]) {
    it(`${JSON.stringify(value)}: framing chunked`, () => {
      assert.equal(headOf(`${POST}Transfer-Encoding:${value}\r\n\r\n`).framing, "chunked");
    });
  }

  for (const [value, error] of [
    ["", AMBIGUOUS],
    [",", AMBIGUOUS],
    ["chunked,", AMBIGUOUS],
    [",chunked", AMBIGUOUS],
    ["chunked, chunked", AMBIGUOUS],
    ["chunked, gzip", AMBIGUOUS],
    ["chunked, identity", AMBIGUOUS],
    ["chunked, gzip, chunked", AMBIGUOUS],
    ["gzip", UNKNOWN],
    ["gzip, chunked", UNKNOWN],
    ["identity", UNKNOWN],
    ["identity, chunked", UNKNOWN],
    ["chunked;q=1", UNKNOWN],
    ["chunked; foo=bar", UNKNOWN],
    ["chunked;", UNKNOWN],
    ['"chunked"', UNKNOWN],
    ["'chunked'", UNKNOWN],
    ["xchunked", UNKNOWN],
    ["chunkedx", UNKNOWN],
    ["chunke", UNKNOWN],
    ["chun ked", UNKNOWN],
    ["x chunked", UNKNOWN],
    ["chunked x", UNKNOWN],
    ["\u00a0chunked", UNKNOWN],
    ["chunked\u00a0", UNKNOWN],
    ["gzip,\u00a0chunked", UNKNOWN],
    ["chunked\u0085", UNKNOWN],
  ] as const) {
    it(`${JSON.stringify(value)}: ${error}`, () => {
      assert.equal(errorOf(`${POST}Transfer-Encoding: ${value}\r\n\r\n0\r\n\r\n`), error);
    });
  }

  for (const [what, value] of [
    ["a vertical tab", "\u000bchunked"],
    ["a form feed", "chunked\u000c"],
    ["NUL", "chunked\0"],
    ["a bare CR", "\rchunked"],
    ["DEL", "chunked\u007f"],
  ] as const) {
    it(`${what} beside chunked: no field value at all`, () => {
      const expected = "400 FINWAIT_FIELD_LINE_INVALID";
      assert.equal(errorOf(`${POST}Transfer-Encoding: ${value}\r\n\r\n0\r\n\r\n`), expected);
    });
  }

  for (const [what, lines, error] of [
    ["chunked twice in two lines", ["chunked", "chunked"], AMBIGUOUS],
    ["chunked, then identity", ["chunked", "identity"], AMBIGUOUS],
    ["identity, then chunked", ["identity", "chunked"], UNKNOWN],
    ["nothing, then chunked", ["", "chunked"], AMBIGUOUS],
    ["chunked, then nothing", ["chunked", ""], AMBIGUOUS],
    ["gzip, then chunked", ["gzip", "chunked"], UNKNOWN],
  ] as const) {
    it(`${what}: ${error}`, () => {
      const text = lines.map((value) => `Transfer-Encoding: ${value}\r\n`).join("");
      assert.equal(errorOf(`${POST}${text}\r\n0\r\n\r\n`), error);
    });
  }

  it("with Content-Length, in either order, however broken: refused", () => {
    for (const length of ["5", "0", "", "x"]) {
      const line = `Content-Length: ${length}\r\n`;
      const chunked = "Transfer-Encoding: chunked\r\n";
      assert.equal(errorOf(`${POST}${line}${chunked}\r\n0\r\n\r\n`), AMBIGUOUS);
      assert.equal(errorOf(`${POST}${chunked}${line}\r\n0\r\n\r\n`), AMBIGUOUS);
      assert.equal(errorOf(`${POST}Transfer-Encoding: x\r\n${line}\r\n`), AMBIGUOUS);
    }
  });

  it("in HTTP/1.0: refused", () => {
    const lines = "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert.equal(errorOf(`POST / HTTP/1.0\r\n${lines}`), AMBIGUOUS);
    assert.equal(errorOf(`${OLD}${lines}`), AMBIGUOUS);
  });

  it("a name that differs by one character: another field, without a meaning", () => {
    for (const name of ["Transfer_Encoding", "Transfer-Encodinf", "Transfer-Encoding1"]) {
      assert.equal(headOf(`${POST}${name}: chunked\r\n\r\n`).framing, "none", name);
    }
  });

  it("GET and DELETE with a body: framed like any other", () => {
    assert.equal(headOf(`${GET}Host: a\r\nContent-Length: 3\r\n\r\nabc`).framing, 3);
    const chunked = "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert.equal(headOf(`DELETE / HTTP/1.1\r\n${chunked}`).framing, "chunked");
  });
});

describe("Connection", () => {
  const isPersistent = (line: string, ...values: readonly string[]) => {
    const lines = values.map((value) => `Connection: ${value}\r\n`).join("");
    return headOf(`${line}Host: a\r\n${lines}\r\n`).isPersistent;
  };

  it("HTTP/1.1: persists unless close is among the options", () => {
    assert.equal(isPersistent(GET), true);
    assert.equal(isPersistent(GET, "keep-alive"), true);
    assert.equal(isPersistent(GET, "closed"), true);
    assert.equal(isPersistent(GET, "x-close, upgrade"), true);
    assert.equal(isPersistent(GET, ""), true);
    assert.equal(isPersistent(GET, "close"), false);
    assert.equal(isPersistent(GET, "CLOSE"), false);
    assert.equal(isPersistent(GET, "upgrade,\tclose ,x"), false);
    assert.equal(isPersistent(GET, "x", "close"), false);
    assert.equal(isPersistent(GET, "", "close"), false);
  });

  it("close and keep-alive together: close wins in either order", () => {
    assert.equal(isPersistent(GET, "close, keep-alive"), false);
    assert.equal(isPersistent(OLD, "keep-alive, close"), false);
    assert.equal(isPersistent(OLD, "close", "keep-alive"), false);
  });

  it("HTTP/1.0: persists only with keep-alive", () => {
    assert.equal(isPersistent(OLD), false);
    assert.equal(isPersistent(OLD, "Keep-Alive"), true);
    assert.equal(isPersistent(OLD, "x, keep-alive"), true);
    assert.equal(isPersistent(OLD, "keep-alivex"), false);
  });

  it("a no-break space beside an option: another option", () => {
    assert.equal(isPersistent(GET, "\u00a0close"), true);
    assert.equal(isPersistent(OLD, "keep-alive\u00a0"), false);
  });
});

describe("Upgrade", () => {
  const hasUpgrade = (line: string, lines: string) =>
    headOf(`${line}Host: a\r\n${lines}\r\n`).hasUpgrade;

  it("named by Connection: noticed, in either order", () => {
    assert.equal(hasUpgrade(GET, "Connection: Upgrade\r\nUpgrade: websocket\r\n"), true);
    assert.equal(hasUpgrade(GET, "Upgrade: h2c\r\nConnection: x, upgrade\r\n"), true);
  });

  it("only one of the two: not noticed", () => {
    assert.equal(hasUpgrade(GET, "Upgrade: websocket\r\n"), false);
    assert.equal(hasUpgrade(GET, "Connection: upgrade\r\n"), false);
    assert.equal(hasUpgrade(GET, "Connection: upgraded\r\nUpgrade: websocket\r\n"), false);
  });

  it("HTTP/1.0: ignored, as RFC 9110 §7.8 demands", () => {
    assert.equal(hasUpgrade(OLD, "Connection: upgrade\r\nUpgrade: websocket\r\n"), false);
  });
});

describe("Expect", () => {
  const BODY = "Content-Length: 5\r\n";
  const UNKNOWN = "417 FINWAIT_EXPECTATION_UNKNOWN";

  it("100-continue before a body: the client waits", () => {
    assert.equal(headOf(`${POST}${BODY}Expect: 100-continue\r\n\r\n`).expectsContinue, true);
    assert.equal(headOf(`${POST}${BODY}expect:100-Continue\r\n\r\n`).expectsContinue, true);
    const chunked = "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
    assert.equal(headOf(`${POST}${chunked}`).expectsContinue, true);
  });

  it("100-continue without a body: there is nothing to wait for", () => {
    assert.equal(headOf(`${POST}Expect: 100-continue\r\n\r\n`).expectsContinue, false);
    const empty = "Content-Length: 0\r\nExpect: 100-continue\r\n\r\n";
    assert.equal(headOf(`${POST}${empty}`).expectsContinue, false);
  });

  it("a list of the same, or with empty members: means the same (RFC 9110 §5.6.1)", () => {
    const twice = "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n";
    assert.equal(headOf(`${POST}${BODY}${twice}`).expectsContinue, true);
    assert.equal(headOf(`${POST}${BODY}Expect: , 100-continue ,\r\n\r\n`).expectsContinue, true);
    assert.equal(headOf(`${POST}${BODY}Expect:\r\n\r\n`).expectsContinue, false);
    assert.equal(headOf(`${POST}${BODY}Expect: ,\r\n\r\n`).expectsContinue, false);
  });

  for (const value of [
    "200-ok",
    "100-continue, x",
    "x, 100-continue",
    "100-continue; q=1",
    "100-continue=1",
    "100",
    "100-continue\u00a0",
  ]) {
    it(`${JSON.stringify(value)}: ${UNKNOWN}`, () => {
      assert.equal(errorOf(`${POST}${BODY}Expect: ${value}\r\n\r\n`), UNKNOWN);
    });
  }

  it("HTTP/1.0: ignored, whatever it says", () => {
    const lines = "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    assert.equal(headOf(`POST / HTTP/1.0\r\n${lines}`).expectsContinue, false);
    assert.equal(errorOf(`POST / HTTP/1.0\r\n${BODY}Expect: x\r\n\r\n`), null);
  });
});
