import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { refusalOf } from "./admin-access.ts";

// Goal: only requests that a program or a person on the machine would make are answered. How: the
// fields of requests as browsers, tunnels and attackers send them; the listener is at 127.0.0.1.

interface Asked {
  readonly method?: string;
  readonly authority?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly address?: string;
}

function statusOf(asked: Asked, allowedHosts: readonly string[] = []): number | null {
  const { method = "GET", authority = "127.0.0.1:9090", fields = {} } = asked;
  const refusal = refusalOf(
    {
      method,
      authority,
      fields: { get: (name) => fields[name] },
      connection: { local: { address: asked.address ?? "127.0.0.1" } },
    },
    allowedHosts,
  );
  return refusal?.status ?? null;
}

describe("refusalOf", () => {
  it.each([
    ["127.0.0.1:9090"],
    ["127.0.0.1"],
    ["localhost:9090"],
    ["LocalHost"],
    // An SSH tunnel from another port.
    ["localhost:18080"],
  ])("Host %s: is answered", (authority) => {
    assert.equal(statusOf({ authority }), null);
  });

  it.each([
    ["evil.example"],
    ["evil.example:9090"],
    ["127.0.0.1.evil.example"],
    ["localhost.evil.example:9090"],
    ["127.0.0.2:9090"],
    [""],
    ["[::1]:9090"],
    ["localhost:80:90"],
  ])("Host %s: is refused with 421", (authority) => {
    assert.equal(statusOf({ authority }), 421);
  });

  it("an allowed name, with and without a port: is answered", () => {
    assert.equal(statusOf({ authority: "status.example:9090" }, ["status.example"]), null);
    assert.equal(statusOf({ authority: "status.example" }, ["status.example"]), null);
  });

  it("IPv6, and IPv4 within IPv6: the address that was reached is known", () => {
    assert.equal(statusOf({ authority: "[::1]:9090", address: "::1" }), null);
    assert.equal(statusOf({ authority: "192.0.2.7:1", address: "::ffff:192.0.2.7" }), null);
  });

  it.each([
    ["http://127.0.0.1:9090", null],
    ["http://127.0.0.1:9091", 403],
    ["https://127.0.0.1:9090", 403],
    ["http://evil.example", 403],
    ["null", 403],
    ["", 403],
  ])("Origin %s: %s", (origin, status) => {
    assert.equal(statusOf({ fields: { origin } }), status);
  });

  it.each([
    ["none", "navigate", null],
    ["same-origin", "cors", null],
    ["cross-site", "navigate", null],
    ["cross-site", "no-cors", 403],
    ["same-site", "no-cors", 403],
    ["cross-site", "cors", 403],
  ])("Sec-Fetch-Site %s, mode %s: %s", (site, mode, status) => {
    const fields = { "sec-fetch-site": site, "sec-fetch-mode": mode };
    assert.equal(statusOf({ fields }), status);
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])("%s: 405", (method) => {
    assert.equal(statusOf({ method }), 405);
  });

  it("HEAD: is answered", () => {
    assert.equal(statusOf({ method: "HEAD" }), null);
  });
});
