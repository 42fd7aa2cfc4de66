import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Handler } from "./exchange.ts";
import { FakeServer, HeldHandler, postText, requestText } from "./fake-server.ts";

// Goal: at shutdown nothing in flight is lost, nothing idle stays, and the deadline ends the rest.
// How: connections in each situation, then the two calls that the server makes to each of them.

const GET = requestText();
const answer: Handler = (exchange) => exchange.respond(200, []);

describe("beginShutdown", () => {
  it("an idle connection: FIN and a short linger", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(GET);
    server.shutDown();
    assert.ok(peer.transport.isFinSent);
    peer.transport.flush();
    server.advance(2_000);
    assert.equal(peer.ending.reason, "server-shutdown");
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-idle-time" });
  });

  it("a connection without a request: has half a second for the one that is on its way", () => {
    const server = new FakeServer(answer);
    const [silent, late] = [server.connect(), server.connect()];
    server.shutDown();
    server.advance(499);
    late.send(GET);
    assert.match(late.text, /^HTTP\/1\.1 200 .*Connection: close/s);
    assert.equal(silent.transport.isFinSent, false);
    server.advance(1);
    assert.equal(silent.finish().reason, "server-shutdown");
    assert.equal(late.finish().reason, "server-shutdown");
  });

  it("a request in flight: is answered with Connection: close", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(GET);
    server.shutDown();
    assert.equal(held.last.isAborted, false);
    held.last.respond(200, [], "whole");
    assert.match(peer.text, /Connection: close\r\n/);
    assert.ok(peer.text.endsWith("whole"));
    assert.equal(peer.finish().reason, "server-shutdown");
  });

  it("a response that has said keep-alive: is finished, then FIN", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(GET);
    held.last.startResponse(200, [], null);
    server.shutDown();
    held.last.endResponse();
    assert.ok(peer.text.endsWith("0\r\n\r\n"));
    assert.ok(peer.transport.isFinSent);
    assert.equal(peer.finish().reason, "server-shutdown");
  });

  it("pipelined requests behind the one in flight: are thrown away unanswered", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(GET + GET);
    server.shutDown();
    held.last.respond(200, []);
    assert.equal(held.exchanges.length, 1);
    assert.deepEqual(peer.statuses, [200]);
    assert.equal(peer.finish().discardedBytes, GET.length);
  });

  it("half a request: is waited for, and answered with close", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(GET.slice(0, 10));
    server.shutDown();
    assert.equal(peer.transport.isFinSent, false);
    peer.send(GET.slice(10));
    assert.match(peer.text, /Connection: close/);
    assert.equal(peer.finish().reason, "server-shutdown");
  });

  it("the discard phase: ends at once", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(postText(10, "x"));
    server.shutDown();
    assert.ok(peer.transport.isFinSent);
    assert.equal(peer.finish().reason, "server-shutdown");
  });

  it("a response in flight whose request body is discarded: ends behind it", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(postText(3));
    held.last.startResponse(200, [], 0);
    server.shutDown();
    held.last.endResponse();
    peer.send("abc");
    assert.equal(peer.finish().reason, "server-shutdown");
  });

  it("a response that the peer has not read yet: is not cut", () => {
    const server = new FakeServer((exchange) => exchange.respond(200, [], "x".repeat(1_000)));
    const peer = server.connect();
    peer.transport.roomBytes = 0;
    peer.send(GET);
    server.shutDown();
    assert.equal(peer.transport.release, null);
    peer.transport.flush();
    peer.transport.peerEnd();
    assert.deepEqual([peer.ending.outcome.type, peer.ending.unsentBytes], ["clean", 0]);
  });

  it("a connection that closes already: keeps its reason", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(requestText("GET /", ["Connection: close"]));
    server.shutDown();
    assert.equal(peer.finish().reason, "client-asked");
  });

  // Without socket options: the shutdown would last until its deadline.
  it("a lingering connection: is not held at its bound, but left to the kernel", () => {
    const server = new FakeServer(answer, { terms: { canSetDeadlines: false } });
    const peer = server.connect();
    peer.send(requestText("GET /", ["Connection: close"]));
    peer.transport.flush();
    server.shutDown();
    server.advance(5_000);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-idle-time" });
    assert.equal(peer.hasTimers, false);
  });

  it("a held connection: goes to the kernel at once", () => {
    const server = new FakeServer(answer, { terms: { canSetDeadlines: false } });
    const peer = server.connect();
    peer.send(requestText("GET /", ["Connection: close"]));
    peer.transport.flush();
    server.advance(5_000);
    assert.equal(peer.endings.length, 0);
    server.shutDown();
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "shutdown-deadline" });
  });

  it("a connection made during the shutdown: is ended in half a second", () => {
    const server = new FakeServer(answer);
    server.shutDown();
    const peer = server.connect();
    server.advance(500);
    assert.equal(peer.finish().reason, "server-shutdown");
    assert.equal(peer.hasTimers, false);
  });

  it("asked for by a handler, before it answers: its own answer says close", () => {
    const server = new FakeServer((exchange) => {
      server.shutDown();
      exchange.respond(200, []);
    });
    const peer = server.connect();
    peer.send(GET);
    assert.match(peer.text, /Connection: close/);
    assert.equal(peer.finish().reason, "server-shutdown");
  });
});

describe("endNow", () => {
  it("a handler that takes too long: is aborted for the shutdown", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(GET);
    const reasons: string[] = [];
    held.last.onAbort((reason) => reasons.push(reason));
    peer.connection.endNow("shutdown-deadline");
    assert.deepEqual(reasons, ["shutdown"]);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "shutdown-deadline" });
    assert.equal(peer.ending.reason, "server-shutdown");
    assert.equal(peer.transport.release, "close-within");
  });

  it("an idle connection: ends without FIN of its own", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.connection.endNow("overload");
    assert.equal(peer.ending.reason, "overload");
    assert.equal(peer.hasTimers, false);
  });

  it("a lingering connection: keeps the reason for which it lingers", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(requestText("GET /", ["Connection: close"]));
    peer.transport.flush();
    peer.connection.endNow("shutdown-deadline");
    assert.equal(peer.ending.reason, "client-asked");
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "shutdown-deadline" });
  });

  it("a connection that has ended: has one ending", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.transport.peerReset();
    peer.connection.endNow("shutdown-deadline");
    peer.connection.beginShutdown();
    assert.equal(peer.ending.outcome.type, "reset-by-peer");
    assert.deepEqual(server.violations, []);
  });
});
