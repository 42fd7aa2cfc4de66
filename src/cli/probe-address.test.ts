import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { DiscoveryError } from "../probe/discovery.ts";
import { ConnectError } from "../probe/probe-port.ts";
import { isUsageError } from "./cli-error.ts";
import { atFirstAddress, parseProbeUrl, probeAddresses } from "./probe-address.ts";

// Goal: what is probed is what was named, and nothing on the Internet unasked. How: URLs as people
// type them, and addresses that exist in documents only (RFC 5737, RFC 3849).

describe("parseProbeUrl", () => {
  it("a URL: where to connect, and what to ask for", () => {
    assert.deepEqual(parseProbeUrl("https://[::1]:8443/a?b#c"), {
      text: "https://[::1]:8443/a?b",
      hostname: "::1",
      port: 8443,
      isTls: true,
      host: "[::1]:8443",
      path: "/a?b",
    });
  });

  it("without a port or a path: those of the scheme", () => {
    const { port, host, path } = parseProbeUrl("http://127.1");
    assert.deepEqual([port, host, path], [80, "127.0.0.1", "/"]);
    assert.equal(parseProbeUrl("https://localhost").port, 443);
  });

  const refusals: readonly (readonly [string, string])[] = [
    ["127.0.0.1:80", 'probe "127.0.0.1:80": expected an http or https URL, perhaps http://127.0.0'],
    ["localhost:80", 'probe "localhost:80": expected an http or https URL, perhaps http://localho'],
    ["ftp://127.0.0.1/", 'probe "ftp://127.0.0.1/": expected an http or https URL'],
    ["", 'probe "": expected an http or https URL'],
    [
      "http://me:secret@127.0.0.1/",
      "probe 127.0.0.1 as a user: expected a URL without a user name",
    ],
  ];
  it.each(refusals)('"%s": refused', (text, expected) => {
    assert.throws(
      () => parseProbeUrl(text),
      (error) => isUsageError(error) && error.message.startsWith(`Cannot ${expected}`),
    );
  });
});

describe("probeAddresses", () => {
  it.each(["192.0.2.1", "203.0.113.1", "2001:db8::1", "::ffff:203.0.113.1", "0.0.0.0", "::"])(
    "%s: refused, with exit code 2",
    async (address) => {
      await assert.rejects(probeAddresses(address, false), (error) => {
        assert.ok(isUsageError(error));
        assert.equal(error.exitCode, 2);
        return error.message.startsWith(`Refused to probe ${address}: it is neither`);
      });
    },
  );

  it("the same with leave: may be probed", async () => {
    assert.deepEqual(await probeAddresses("203.0.113.1", true), ["203.0.113.1"]);
  });

  it("this machine: all of its addresses, each once", async () => {
    assert.deepEqual(await probeAddresses("127.0.0.1", false), ["127.0.0.1"]);
    const addresses = await probeAddresses("localhost", false);
    assert.ok(addresses.includes("127.0.0.1") || addresses.includes("::1"), addresses.join());
    assert.equal(new Set(addresses).size, addresses.length);
  });

  it("several addresses, one of them elsewhere: refused, and that one is named", async () => {
    const resolve = () => Promise.resolve(["127.0.0.1", "203.0.113.1"]);
    await assert.rejects(
      probeAddresses("rebound.example", false, resolve),
      /^UsageError: Refused to probe rebound\.example, which is 203\.0\.113\.1: it is neither/,
    );
  });

  it("no such name: exit code 2, and why", async () => {
    const resolve = () => Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" }));
    await assert.rejects(probeAddresses("nobody.invalid", false, resolve), (error) => {
      assert.ok(isUsageError(error));
      assert.equal(error.message, "Cannot probe nobody.invalid: there is no such name");
      return error.exitCode === 2;
    });
  });
});

describe("atFirstAddress", () => {
  const refuse = (address: string) => new ConnectError("ECONNREFUSED", `${address} refuses`);

  it("nobody listens on ::1: the next one", async () => {
    const result = await atFirstAddress("http://localhost/", ["::1", "127.0.0.1"], (address) =>
      address === "::1" ? Promise.reject(refuse(address)) : Promise.resolve(address),
    );
    assert.equal(result, "127.0.0.1");
  });

  it("nobody listens anywhere: exit code 2, with all reasons", async () => {
    const attempt = (address: string) => Promise.reject(refuse(address));
    await assert.rejects(atFirstAddress("http://a/", ["::1", "127.0.0.1"], attempt), (error) => {
      assert.ok(isUsageError(error));
      assert.equal(error.message, "Cannot probe http://a/: ::1 refuses; 127.0.0.1 refuses");
      return error.exitCode === 2;
    });
  });

  it("no HTTP there: exit code 2, and no other address is tried", async () => {
    const tried: string[] = [];
    const attempt = (address: string) => {
      tried.push(address);
      return Promise.reject(new DiscoveryError("Cannot probe: GET / got \x1b[2J"));
    };
    await assert.rejects(atFirstAddress("http://a/", ["::1", "127.0.0.1"], attempt), (error) => {
      assert.ok(isUsageError(error));
      assert.equal(error.message, "Cannot probe: GET / got \ufffd[2J");
      return error.exitCode === 2;
    });
    assert.deepEqual(tried, ["::1"]);
  });

  it("a fault of our own: not taken for the server's", async () => {
    const attempt = () => Promise.reject(new TypeError("ours"));
    await assert.rejects(atFirstAddress("http://a/", ["::1"], attempt), TypeError);
  });
});
