import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { FakeExchange, type FakeExchangeOptions } from "./fetch-fake-exchange.ts";
import { requestUrl } from "./fetch-url.ts";

// Goal: `Request.url` for every target form and authority. How: the expected text is written out,
// and a property compares the shortcut for plain targets with the URL parser.

const urlOf = (options: FakeExchangeOptions): string => requestUrl(new FakeExchange(options));
const TLS = { protocol: "TLSv1.3", cipher: "x", serverName: null };

describe("requestUrl", () => {
  it("plain target: is appended to the origin", () => {
    assert.equal(urlOf({ target: "/a/b?c=d&e=%20" }), "http://a.example/a/b?c=d&e=%20");
  });

  it("TLS: the scheme is https", () => {
    assert.equal(urlOf({ connection: { tls: TLS } }), "https://a.example/");
  });

  it("the same authority with and without TLS: two origins", () => {
    assert.equal(urlOf({ authority: "b.example:443" }), "http://b.example:443/");
    const connection = { tls: TLS };
    assert.equal(urlOf({ authority: "b.example:443", connection }), "https://b.example/");
  });

  it("dot segments, plain or encoded: are resolved before a handler sees them", () => {
    assert.equal(urlOf({ target: "/a/../b" }), "http://a.example/b");
    assert.equal(urlOf({ target: "/a/%2e%2E/b" }), "http://a.example/b");
    assert.equal(urlOf({ target: "/a/.." }), "http://a.example/");
    assert.equal(urlOf({ target: "/a\\..\\b" }), "http://a.example/b");
    assert.equal(urlOf({ target: "/..?x" }), "http://a.example/?x");
  });

  it("two slashes at the start: stay a path", () => {
    assert.equal(urlOf({ target: "//evil.example/x" }), "http://a.example//evil.example/x");
  });

  it("upper case and default port: are normalized", () => {
    assert.equal(urlOf({ authority: "A.Example:80" }), "http://a.example/");
  });

  it("IPv6 authority: keeps its brackets", () => {
    assert.equal(urlOf({ authority: "[::1]:8080" }), "http://[::1]:8080/");
  });

  it("absolute-form: is used as it is", () => {
    const target = "https://c.example:444/x?y";
    assert.equal(urlOf({ target, targetForm: "absolute" }), target);
  });

  it("absolute-form with credentials: loses them", () => {
    const target = "http://user:secret@c.example/x";
    assert.equal(urlOf({ target, targetForm: "absolute" }), "http://c.example/x");
  });

  it("absolute-form that is no URL: the root of the authority", () => {
    assert.equal(urlOf({ target: "http://[", targetForm: "absolute" }), "http://a.example/");
  });

  it("asterisk-form: the origin with an empty path", () => {
    assert.equal(urlOf({ target: "*", targetForm: "asterisk" }), "http://a.example/");
  });

  for (const authority of ["", "a b", "a/b", "a\\b", "a?b", "a#b", "u@b", "a:99999", "[::g]"]) {
    it(`authority ${JSON.stringify(authority)}: the local endpoint takes its place`, () => {
      assert.equal(urlOf({ authority }), "http://192.0.2.9:8080/");
    });
  }

  it("no authority on an IPv6 socket with a zone: the address without the zone", () => {
    const connection = { local: { address: "fe80::1%eth0", port: 81 } };
    assert.equal(urlOf({ authority: "", connection }), "http://[fe80::1]:81/");
  });

  it("no authority and no local address: localhost", () => {
    const connection = { local: { address: "", port: 0 } };
    assert.equal(urlOf({ authority: "", connection }), "http://localhost/");
  });

  it("more authorities than are remembered: each keeps its own origin", () => {
    for (let round = 0; round < 2; round++) {
      for (let host = 0; host < 100; host++) {
        assert.equal(urlOf({ authority: `h${host}.example` }), `http://h${host}.example/`);
      }
    }
  });

  it("any target: is what the URL parser makes of it", () => {
    const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
    const likely = fc.constantFrom("/", ".", "..", "?", "%2e", "%", "\\", "a", "'", '"', "^", "{");
    const target = fc
      .array(fc.oneof(visible, likely), { maxLength: 12 })
      .map((parts) => `/${parts.join("")}`);
    fc.assert(
      fc.property(target, (text) => {
        assert.equal(urlOf({ target: text }), new URL(`http://a.example${text}`).href);
      }),
      { numRuns: 3_000 },
    );
  });
});
