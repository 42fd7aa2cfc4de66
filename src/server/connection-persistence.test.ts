import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { ClientEffect, ClientRule } from "../closing/client-rules.ts";
import type { Handler } from "./exchange.ts";
import { FakeServer, HeldHandler, postText, requestText } from "./fake-server.ts";
import { withClosePolicy } from "./with-close-policy.ts";

// Goal: why a connection persists or does not: settings, age, client rules, what was learned, and
// what a handler says about its end. How: fake connections; the response and the ending are
// compared.

const answer = (exchange: Parameters<HeldHandler["handle"]>[0]): void =>
  exchange.respond(200, [], "x");

const ruleWith = (effect: ClientEffect, methods?: readonly string[]): ClientRule => ({
  name: "odd",
  pattern: "^odd/",
  effect,
  source: "test",
  found: "2026",
  ...(methods === undefined ? {} : { methods }),
});

const fromOdd = (methodAndTarget = "GET /", fields: readonly string[] = []): string =>
  requestText(methodAndTarget, ["User-Agent: odd/1", ...fields]);

describe("persistence", () => {
  it("off: the next response says close, on again: it does not", () => {
    const server = new FakeServer(answer, { persistence: "off" });
    const peer = server.connect();
    peer.send(requestText());
    assert.match(peer.text, /Connection: close/);
    assert.equal(peer.finish().reason, "persistence-off");
    const { limits, policy } = server.context;
    server.context.useSettings({ limits, policy, persistence: "on" });
    const other = server.connect();
    other.send(requestText());
    assert.doesNotMatch(other.text, /Connection: close/);
  });

  it("a connection that is too old: ends with its next response", () => {
    const server = new FakeServer(answer, { limits: { connectionAgeLimitMs: 10_000 } });
    const peer = server.connect();
    peer.send(requestText());
    server.advance(9_999);
    peer.send(requestText());
    assert.doesNotMatch(peer.text, /Connection: close/);
    server.advance(1);
    peer.send(requestText());
    assert.match(peer.text, /Connection: close/);
    assert.equal(peer.finish().reason, "connection-age");
    assert.deepEqual(peer.statuses, [200, 200, 200]);
  });

  it("pressure that shortens the idle time: reaches connections that are idle already", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(requestText());
    server.advance(1_000);
    server.context.usePressure("shortest-idle");
    peer.connection.rearmIdle();
    server.advance(3_000);
    assert.equal(peer.finish().reason, "idle-timeout");
  });
});

describe("client rules", () => {
  it("persistence off: the response says close", () => {
    const server = new FakeServer(answer, { clientRules: [ruleWith({ persistence: "off" })] });
    const peer = server.connect();
    peer.send(fromOdd());
    assert.match(peer.text, /^HTTP\/1\.1 200 .*Connection: close/s);
    assert.equal(peer.finish().reason, "client-rule");
  });

  it("another agent, or none: persists", () => {
    const server = new FakeServer(answer, { clientRules: [ruleWith({ persistence: "off" })] });
    for (const text of [requestText(), requestText("GET /", ["User-Agent: even/1"])]) {
      const peer = server.connect();
      peer.send(text);
      assert.doesNotMatch(peer.text, /Connection: close/);
    }
  });

  it("behind a proxy: yields", () => {
    const server = new FakeServer(answer, { clientRules: [ruleWith({ persistence: "off" })] });
    const peer = server.connect();
    peer.send(fromOdd("GET /", ["Via: 1.1 proxy"]));
    assert.doesNotMatch(peer.text, /Connection: close/);
  });

  it("for POST only: a GET persists, and the POST behind it does not", () => {
    const server = new FakeServer(answer, {
      clientRules: [ruleWith({ persistence: "off" }, ["POST"])],
    });
    const peer = server.connect();
    peer.send(fromOdd());
    assert.doesNotMatch(peer.text, /Connection: close/);
    peer.send(postText(0, "", ["User-Agent: odd/1"]));
    assert.match(peer.text, /Connection: close/);
  });

  it("http10: status-line 1.0, no chunked coding, no 100, the end ends the content", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { clientRules: [ruleWith({ http10: true })] });
    const peer = server.connect();
    peer.send(fromOdd("POST /", ["Content-Length: 3", "Expect: 100-continue"]));
    assert.equal(held.last.version, "1.0");
    held.last.body.claim();
    held.last.startResponse(200, [], null);
    held.last.write(Buffer.from("abc"));
    held.last.endResponse();
    assert.match(peer.text, /^HTTP\/1\.0 200 OK\r\n/);
    assert.match(peer.text, /Connection: close\r\n\r\nabc$/);
    assert.doesNotMatch(peer.text, /chunked|100 Continue/i);
    assert.equal(peer.finish().reason, "client-rule");
  });

  it("short linger: the silent client is let go after the short time", () => {
    const server = new FakeServer(answer, {
      clientRules: [ruleWith({ shortLinger: true })],
      close: { shortLingerTimeoutMs: 300 },
    });
    const peer = server.connect();
    peer.send(fromOdd("GET /", ["Connection: close"]));
    peer.transport.flush();
    server.advance(300);
    assert.equal(peer.ending.outcome.type, "abandoned");
  });
});

describe("learned clients", () => {
  it("enforce: three silent ones, and the fourth of their kind does not persist", () => {
    const server = new FakeServer(answer, {
      learnedClients: { mode: "enforce", minimumSample: 3 },
      limits: { keepAliveTimeoutMs: 1_000, keepAliveTimeoutMarginMs: 0 },
    });
    for (let count = 0; count < 3; count++) {
      const silent = server.connect();
      silent.send(fromOdd());
      assert.doesNotMatch(silent.text, /Connection: close/);
      server.advance(1_000);
      silent.transport.flush();
      server.advance(2_000);
      assert.equal(silent.ending.outcome.type, "abandoned");
    }
    const next = server.connect();
    next.send(fromOdd());
    assert.match(next.text, /Connection: close/);
    assert.equal(next.finish().reason, "learned-client");
    const other = server.connect();
    other.send(requestText("GET /", ["User-Agent: even/1"]));
    assert.doesNotMatch(other.text, /Connection: close/);
  });
});

describe("adjustClose", () => {
  it("a longer linger for one response: holds for it, and not for the next", () => {
    const overrides = { lingerIdleTimeoutMs: 9_000 };
    const server = new FakeServer((exchange) => {
      if (exchange.target === "/long") exchange.adjustClose(overrides);
      exchange.respond(200, []);
    });
    for (const [targets, idleMs] of [
      [["/", "/long"], 9_000],
      [["/long", "/"], 5_000],
    ] as const) {
      const peer = server.connect();
      peer.send(requestText(`GET ${targets[0]}`));
      peer.send(requestText(`GET ${targets[1]}`, ["Connection: close"]));
      peer.transport.flush();
      server.advance(idleMs - 1);
      assert.equal(peer.transport.release, null);
      server.advance(1);
      assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-idle-time" });
    }
  });

  it("a larger discard limit for one response: keeps the connection", () => {
    const server = new FakeServer((exchange) => {
      exchange.adjustClose({ discardLimitBytes: 1_000_000 });
      exchange.respond(413, []);
    });
    const peer = server.connect();
    peer.send(postText(900_000));
    assert.doesNotMatch(peer.text, /Connection: close/);
  });

  it("a bad value: is thrown where it was given, and the request gets 500", () => {
    const server = new FakeServer((exchange) => {
      exchange.adjustClose({ lingerIdleTimeoutMs: -1 });
    });
    const peer = server.connect();
    peer.send(requestText());
    assert.deepEqual(peer.statuses, [500]);
    assert.ok(server.errors[0] instanceof RangeError);
  });

  it("so-linger where it cannot be had: is refused", () => {
    const server = new FakeServer((exchange) => exchange.adjustClose({ mode: "so-linger" }), {
      terms: { canSetDeadlines: false },
    });
    const peer = server.connect();
    peer.send(requestText());
    assert.match(String(server.errors[0]), /would block the event loop/);
  });

  it("an idle close behind the response: is by the server's policy again", () => {
    const server = new FakeServer((exchange) => {
      exchange.adjustClose({ mode: "off" });
      exchange.respond(200, []);
    });
    const peer = server.connect();
    peer.send(requestText());
    server.advance(67_000);
    peer.transport.flush();
    assert.equal(peer.transport.release, null);
    assert.equal(peer.finish().reason, "idle-timeout");
  });

  it("twice, and behind a route's policy: the later fields are added to the earlier ones", () => {
    const handler: Handler = (exchange) => {
      exchange.adjustClose({ lingerTotalTimeoutMs: 20_000 });
      exchange.adjustClose({ onLingerExhausted: "reset" });
      exchange.respond(200, []);
    };
    const server = new FakeServer(withClosePolicy({ lingerIdleTimeoutMs: 300 }, handler));
    const peer = server.connect();
    peer.send(requestText("GET /", ["Connection: close"]));
    peer.transport.flush();
    server.advance(300);
    assert.deepEqual(peer.ending.outcome, { type: "reset-by-local", bound: "linger-idle-time" });
  });

  it("after the response: changes nothing", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(requestText("GET /", ["Connection: close"]));
    held.last.respond(200, []);
    held.last.adjustClose({ mode: "off" });
    peer.transport.flush();
    assert.equal(peer.transport.release, null);
  });
});

describe("withClosePolicy", () => {
  it("a bad field: is refused where the route is made, not at its first request", () => {
    const handler: Handler = (exchange) => exchange.respond(200, []);
    assert.throws(() => withClosePolicy({ lingerLimitBytes: -1 }, handler), RangeError);
    const ofServer = { lingerConnectionLimit: 1 } as object;
    assert.throws(() => withClosePolicy(ofServer, handler), /expected it in the server's policy/);
  });

  it("overrides that change afterwards: are those of the beginning", () => {
    const overrides: { lingerIdleTimeoutMs: number } = { lingerIdleTimeoutMs: 300 };
    const route = withClosePolicy(overrides, (exchange) => exchange.respond(200, []));
    overrides.lingerIdleTimeoutMs = -1;
    const server = new FakeServer(route);
    const peer = server.connect();
    peer.send(requestText("GET /", ["Connection: close"]));
    peer.transport.flush();
    server.advance(300);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-idle-time" });
  });
});

describe("resetConnection", () => {
  it("before the response: RST, for that reason, and the handler hears that it is over", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(requestText());
    held.last.resetConnection();
    assert.equal(peer.transport.release, "reset");
    assert.deepEqual(peer.ending.outcome, { type: "reset-by-local", bound: null });
    assert.equal(peer.ending.reason, "handler-asked");
    assert.equal(held.last.isAborted, true);
    assert.equal(peer.text, "");
  });

  it("after the response: does nothing, as the connection may be another request's", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(requestText());
    const [first] = held.exchanges;
    first?.respond(200, []);
    peer.send(requestText());
    first?.resetConnection();
    assert.equal(peer.transport.release, null);
  });
});
