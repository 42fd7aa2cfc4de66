import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { errorOf, headOf, readThreeWays } from "../../test/support/fake-peer.ts";

// Goal: RFC 9112 §2.2 and §3: what a request-line may be, to the byte, and what each breach is
// called. How: whole requests through the reader, read three ways; every byte value at every kind
// of place.

const HOST = "Host: example.com\r\n\r\n";
const INVALID = "400 FINWAIT_REQUEST_LINE_INVALID";
const BAD_TARGET = "400 FINWAIT_TARGET_INVALID";
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/;

const EVERY_BYTE = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
const name = (character: string) => `0x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;

describe("request-line", () => {
  it("GET / HTTP/1.1: gives method, target, form and version", () => {
    const head = headOf(`GET / HTTP/1.1\r\n${HOST}`);
    assert.equal(head.method, "GET");
    assert.equal(head.target, "/");
    assert.equal(head.targetForm, "origin");
    assert.equal(head.version, "1.1");
  });

  it("origin-form with query and odd but harmless characters: kept as it is", () => {
    const target = "/a/b;c=1?x=%20&y=[1]{2}|\\^\"<>`'~!$()*+,:@";
    assert.equal(headOf(`GET ${target} HTTP/1.1\r\n${HOST}`).target, target);
  });

  it("two slashes in front: origin-form, not an authority", () => {
    const head = headOf(`GET //evil.example/x HTTP/1.1\r\n${HOST}`);
    assert.equal(head.targetForm, "origin");
    assert.equal(head.authority, "example.com");
  });

  for (const method of [
    "GET",
    "HEAD",
    "POST",
    "DELETE",
    "QUERY",
    "get",
    "M-SEARCH",
    "!#$%&'*+-.^_`|~",
  ]) {
    it(`method ${method}: kept, with its case`, () => {
      assert.equal(headOf(`${method} / HTTP/1.1\r\n${HOST}`).method, method);
    });
  }

  for (const prefix of ["GE", "GETS", "GEX", "G"]) {
    it(`method ${prefix}: not taken for GET`, () => {
      assert.equal(headOf(`${prefix} / HTTP/1.1\r\n${HOST}`).method, prefix);
    });
  }

  it("every byte inside the method: accepted if it is a token character", () => {
    for (const character of EVERY_BYTE) {
      const error = errorOf(`G${character}T / HTTP/1.1\r\n${HOST}`);
      // A space ends the method, and then the target is "T".
      const expected = TOKEN.test(character) ? null : INVALID;
      assert.equal(error, expected, name(character));
    }
  });

  it("every byte inside the target: accepted if it is visible ASCII and not #", () => {
    for (const character of EVERY_BYTE) {
      const error = errorOf(`GET /a${character}b HTTP/1.1\r\n${HOST}`);
      if (/^[!-~]$/.test(character) && character !== "#")
        assert.equal(error, null, name(character));
      else assert.match(String(error), /^400 /, name(character));
    }
  });

  it("every byte in each place of the version: only HTTP/1.0 to HTTP/1.9 are accepted", () => {
    const line = "GET / HTTP/1.1\r\n";
    for (let at = "GET / ".length; at < line.length; at++) {
      for (const character of EVERY_BYTE) {
        const changed = line.slice(0, at) + character + line.slice(at + 1);
        const error = errorOf(changed, { cutFrom: at });
        const isMinor = at === "GET / HTTP/1.".length && /^[0-9]$/.test(character);
        const isMajor = at === "GET / HTTP/".length && /^[02-9]$/.test(character);
        const expected = isMajor ? "505 FINWAIT_VERSION_UNSUPPORTED" : INVALID;
        const isSame = changed === line;
        assert.equal(error, isSame || isMinor ? null : expected, `${at}: ${name(character)}`);
      }
    }
  });

  const broken: readonly (readonly [what: string, line: string, error: string])[] = [
    ["no target", "GET HTTP/1.1\r\n", INVALID],
    ["nothing between two spaces", "GET  HTTP/1.1\r\n", INVALID],
    ["two spaces before the target", "GET  / HTTP/1.1\r\n", INVALID],
    ["two spaces before the version", "GET /  HTTP/1.1\r\n", INVALID],
    ["a tab before the target", "GET\t/ HTTP/1.1\r\n", INVALID],
    ["a tab before the version", "GET /\tHTTP/1.1\r\n", BAD_TARGET],
    ["a space behind the version", "GET / HTTP/1.1 \r\n", INVALID],
    ["a space in front", " GET / HTTP/1.1\r\n", INVALID],
    ["a second word in the target", "GET /a b HTTP/1.1\r\n", INVALID],
    ["HTTP/0.9", "GET /\r\n", INVALID],
    ["HTTP/0.9 written out", "GET / HTTP/0.9\r\n", "505 FINWAIT_VERSION_UNSUPPORTED"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n", "505 FINWAIT_VERSION_UNSUPPORTED"],
    ["two digits of the minor version", "GET / HTTP/1.10\r\n", INVALID],
    ["two digits of the major version", "GET / HTTP/11.1\r\n", INVALID],
    ["no minor version", "GET / HTTP/1\r\n", INVALID],
    ["a version in lower case", "GET / http/1.1\r\n", INVALID],
    ["another protocol", "GET / ICE/1.1\r\n", INVALID],
    ["a bare LF", "GET / HTTP/1.1\n", INVALID],
    ["a bare CR", "GET / HTTP/1.1\rX\n", INVALID],
    ["two CRs", "GET / HTTP/1.1\r\r\n", INVALID],
    ["NUL in the method", "G\0T / HTTP/1.1\r\n", INVALID],
    ["NUL in the target", "GET /\0 HTTP/1.1\r\n", BAD_TARGET],
    ["a fragment", "GET /a#b HTTP/1.1\r\n", BAD_TARGET],
    ["obs-text in the target", "GET /\u00e4 HTTP/1.1\r\n", BAD_TARGET],
    ["a TLS hello", "\x16\x03\x01\x02\x00\x01\x00", INVALID],
    ["a relative path", "GET index.html HTTP/1.1\r\n", BAD_TARGET],
    ["an authority without CONNECT", "GET example.com:80 HTTP/1.1\r\n", BAD_TARGET],
    ["another scheme", "GET ftp://example.com/ HTTP/1.1\r\n", BAD_TARGET],
    ["no authority", "GET http:/// HTTP/1.1\r\n", BAD_TARGET],
    ["a port without host", "GET http://:80/ HTTP/1.1\r\n", BAD_TARGET],
    ["userinfo", "GET http://user@example.com/ HTTP/1.1\r\n", BAD_TARGET],
    ["userinfo behind a port", "GET http://a.example:80@b.example/ HTTP/1.1\r\n", BAD_TARGET],
    ["a backslash in the authority", "GET http://a\\@b/ HTTP/1.1\r\n", BAD_TARGET],
    ["asterisk-form without OPTIONS", "GET * HTTP/1.1\r\n", BAD_TARGET],
    ["asterisk and more", "OPTIONS *x HTTP/1.1\r\n", BAD_TARGET],
    ["authority-form", "CONNECT example.com:443 HTTP/1.1\r\n", "501 FINWAIT_CONNECT_REFUSED"],
    ["CONNECT with origin-form", "CONNECT / HTTP/1.1\r\n", "501 FINWAIT_CONNECT_REFUSED"],
  ];
  for (const [what, line, error] of broken) {
    it(`${what}: ${error}`, () => {
      assert.equal(errorOf(line + HOST), error);
    });
  }

  it("connect in lower case: another method, with a form of its own to break", () => {
    assert.equal(errorOf(`connect example.com:443 HTTP/1.1\r\n${HOST}`), BAD_TARGET);
  });
});

describe("request target", () => {
  it("OPTIONS *: asterisk-form, with the authority of Host", () => {
    const head = headOf(`OPTIONS * HTTP/1.1\r\n${HOST}`);
    assert.equal(head.targetForm, "asterisk");
    assert.equal(head.authority, "example.com");
  });

  const absolute: readonly (readonly [target: string, authority: string])[] = [
    ["http://other.example/x", "other.example"],
    ["https://other.example:8443/x?y", "other.example:8443"],
    ["HTTP://other.example", "other.example"],
    ["http://other.example?q", "other.example"],
    ["http://[::1]:80/", "[::1]:80"],
    ["http://other.example:/", "other.example:"],
  ];
  for (const [target, authority] of absolute) {
    it(`${target}: absolute-form, and its authority wins over Host`, () => {
      const head = headOf(`GET ${target} HTTP/1.1\r\n${HOST}`);
      assert.equal(head.targetForm, "absolute");
      assert.equal(head.target, target);
      assert.equal(head.authority, authority);
    });
  }

  it("absolute-form without Host: still 400, as RFC 9112 §3.2 demands", () => {
    assert.equal(errorOf("GET http://a.example/ HTTP/1.1\r\n\r\n"), "400 FINWAIT_HOST_INVALID");
  });
});

describe("HTTP-version", () => {
  it("HTTP/1.0: version 1.0, not persistent, Host not required", () => {
    const head = headOf("GET / HTTP/1.0\r\n\r\n");
    assert.equal(head.version, "1.0");
    assert.equal(head.isPersistent, false);
    assert.equal(head.authority, "");
  });

  it("HTTP/1.7: understood as 1.1, persistence included", () => {
    const head = headOf(`GET / HTTP/1.7\r\n${HOST}`);
    assert.equal(head.version, "1.1");
    assert.equal(head.isPersistent, true);
  });
});

describe("empty lines before the request-line", () => {
  it("one CRLF: skipped", () => {
    assert.equal(headOf(`\r\nGET / HTTP/1.1\r\n${HOST}`).target, "/");
  });

  it("one CRLF behind a body: skipped, and again before each further request", () => {
    const request = `POST / HTTP/1.1\r\nContent-Length: 1\r\n${HOST}x\r\n`;
    const types = readThreeWays(request.repeat(3), { fin: true }).map(({ type }) => type);
    const each = ["request-head", "body", "message-end"];
    assert.deepEqual(types, [...each, ...each, ...each, "peer-ended"]);
  });

  for (const [what, prefix] of [
    ["two CRLFs", "\r\n\r\n"],
    ["a bare LF", "\n"],
    ["a bare CR", "\r"],
    ["two CRs", "\r\r\n"],
    ["a space and CRLF", " \r\n"],
    ["NUL", "\0"],
  ] as const) {
    it(`${what}: ${INVALID}`, () => {
      assert.equal(errorOf(`${prefix}GET / HTTP/1.1\r\n${HOST}`), INVALID);
    });
  }

  it("an empty line: counts towards the head limit however it was cut", () => {
    const request = `\r\nGET / HTTP/1.1\r\n${HOST}`;
    const limits = { headLimitBytes: request.length - 1 };
    assert.equal(errorOf(request, { limits }), "431 FINWAIT_HEAD_TOO_LARGE");
    assert.equal(errorOf(request, { limits: { headLimitBytes: request.length } }), null);
  });
});

describe("requestLineLimitBytes", () => {
  const line = (bytes: number) => `GET /${"a".repeat(bytes - 14)} HTTP/1.1`;
  const limits = { requestLineLimitBytes: 40 };

  it("a line of exactly the limit: accepted", () => {
    assert.equal(line(40).length, 40);
    assert.equal(errorOf(`${line(40)}\r\n${HOST}`, { limits }), null);
  });

  for (const bytes of [41, 42, 48, 49, 50, 51, 60]) {
    it(`a line of ${bytes} with a limit of 40: 414`, () => {
      const expected = "414 FINWAIT_TARGET_TOO_LONG";
      assert.equal(errorOf(`${line(bytes)}\r\n${HOST}`, { limits }), expected);
    });
  }

  it("an endless target: refused as soon as the limit is passed, long before its end", () => {
    const events = readThreeWays(`GET /${"a".repeat(36)}`, { limits });
    assert.deepEqual(
      events.map(({ type }) => type),
      ["peer-protocol-error"],
    );
  });

  it("a target up to the limit and no more: waits", () => {
    assert.deepEqual(readThreeWays(`GET /${"a".repeat(35)}`, { limits }), []);
  });

  it("a method of 32 bytes: accepted; one of 33: 501", () => {
    assert.equal(errorOf(`${"M".repeat(32)} / HTTP/1.1\r\n${HOST}`), null);
    const expected = "501 FINWAIT_METHOD_TOO_LONG";
    assert.equal(errorOf(`${"M".repeat(33)} / HTTP/1.1\r\n${HOST}`), expected);
    assert.equal(errorOf("M".repeat(33)), expected);
    assert.equal(errorOf("M".repeat(32)), null);
  });
});
