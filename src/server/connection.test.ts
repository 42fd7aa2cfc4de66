import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Handler } from "./exchange.ts";
import { FakeServer, HeldHandler, postText, requestText, settled } from "./fake-server.ts";

// Goal: requests in, responses out, and one ending per connection whoever ends it. How: real
// connections over fake transports in virtual time; each test plays a peer and compares what it
// saw.

const GET = requestText();
const answer: Handler = (exchange) => exchange.respond(200, [], `hello ${exchange.target}`);

describe("dispatch", () => {
  it("one request: is answered in one write, and the connection persists", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(requestText("GET /a"));
    assert.equal(peer.transport.writes.length, 1);
    assert.match(peer.text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(peer.text, /\r\nConnection: keep-alive\r\nKeep-Alive: timeout=65\r\n/);
    assert.match(peer.text, /\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n/);
    assert.ok(peer.text.endsWith("\r\n\r\nhello /a"));
    assert.deepEqual(server.endings, []);
  });

  it("a request byte by byte: is answered once, with its last byte", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    for (const byte of GET.slice(0, -1)) peer.send(byte);
    assert.equal(peer.text, "");
    peer.send("\n");
    assert.deepEqual(peer.statuses, [200]);
  });

  it("requests one after the other: are all answered", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    for (let count = 0; count < 3; count++) peer.send(GET);
    assert.deepEqual(peer.statuses, [200, 200, 200]);
    assert.equal(server.context.readersInUse.size, 0);
  });

  it("Connection: close: is answered with it, then FIN", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(requestText("GET /", ["Connection: close"]));
    assert.match(peer.text, /\r\nConnection: close\r\n/);
    assert.ok(peer.transport.isFinSent);
    const ending = peer.finish();
    assert.deepEqual([ending.outcome.type, ending.reason], ["clean", "client-asked"]);
    assert.equal(ending.firstEnder, "local");
  });

  it("HTTP/1.0: closes, and persists if asked to", () => {
    const server = new FakeServer(answer);
    const once = server.connect();
    once.send(requestText("GET /", [], "1.0"));
    assert.equal(once.finish().reason, "client-asked");
    const persistent = server.connect();
    persistent.send(requestText("GET /", ["Connection: keep-alive"], "1.0"));
    assert.match(persistent.text, /\r\nConnection: keep-alive\r\n/);
    assert.equal(persistent.transport.isFinSent, false);
  });

  it("requestLimit: the last one is answered with close", () => {
    const server = new FakeServer(answer, { limits: { requestLimit: 2 } });
    const peer = server.connect();
    peer.send(GET + GET + GET);
    assert.deepEqual(peer.statuses, [200, 200]);
    assert.equal(peer.text.match(/Connection: close/g)?.length, 1);
    const ending = peer.finish();
    assert.deepEqual([ending.reason, ending.requestCount], ["request-limit", 2]);
    assert.equal(ending.discardedBytes, GET.length);
  });

  it("a request that cannot be parsed: is refused, and what follows is thrown away", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send("GET / HTTP/3.0\r\n\r\n");
    peer.send(GET);
    assert.deepEqual(peer.statuses, [505]);
    const ending = peer.finish();
    assert.deepEqual([ending.reason, ending.discardedBytes], ["peer-protocol-error", GET.length]);
    assert.deepEqual(
      server.records.map(({ status, isComplete }) => [status, isComplete]),
      [[505, true]],
    );
  });

  it("a bad request behind good ones: is refused after they are answered", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(`${GET}bad\r\n\r\n`);
    assert.equal(peer.text, "");
    held.last.respond(200, []);
    await settled();
    assert.deepEqual(peer.statuses, [200, 400]);
  });

  it("the limit of connections: 503, and FIN", () => {
    const server = new FakeServer(answer);
    const peer = server.connect({ refuse: true });
    peer.send(GET);
    assert.deepEqual(peer.statuses, [503]);
    const ending = peer.finish();
    assert.deepEqual([ending.reason, ending.discardedBytes], ["overload", GET.length]);
  });
});

describe("pipelining", () => {
  it("many at once with synchronous answers: one write", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(Array.from({ length: 50 }, (_, index) => requestText(`GET /${index}`)).join(""));
    assert.equal(peer.transport.writes.length, 1);
    const targets = [...peer.text.matchAll(/hello \/(\d+)/g)].map(([, index]) => Number(index));
    assert.deepEqual(
      targets,
      Array.from({ length: 50 }, (_, index) => index),
    );
  });

  it("handlers that take their time: run one after the other, and answer in order", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(requestText("GET /1") + requestText("GET /2"));
    peer.send(requestText("GET /3"));
    for (const target of ["/1", "/2", "/3"]) {
      assert.equal(held.last.target, target);
      held.last.respond(200, [], target);
      await settled();
    }
    const contents = [...peer.text.matchAll(/\r\n\r\n(\/\d)/g)].map(([, target]) => target);
    assert.deepEqual(contents, ["/1", "/2", "/3"]);
    assert.equal(held.exchanges.length, 3);
  });

  it("pipelinedRequestLimit with a peer that reads: limits nothing but the batch", () => {
    const server = new FakeServer(answer, { limits: { pipelinedRequestLimit: 2 } });
    const peer = server.connect();
    peer.send(GET.repeat(5));
    assert.equal(peer.statuses.length, 5);
    assert.equal(peer.transport.writes.length, 3);
  });

  it("pipelinedRequestLimit with a peer that does not read: stops, and goes on with it", () => {
    const server = new FakeServer(answer, { limits: { pipelinedRequestLimit: 2 } });
    const peer = server.connect();
    peer.transport.roomBytes = 0;
    peer.send(GET.repeat(5));
    assert.equal(peer.statuses.length, 2);
    peer.transport.take(1);
    assert.equal(peer.statuses.length, 2);
    peer.transport.roomBytes = 0;
    peer.transport.take(peer.transport.unsentBytes);
    assert.equal(peer.statuses.length, 4);
    peer.transport.take();
    assert.equal(peer.statuses.length, 5);
  });

  it("responses larger than sendBufferLimitBytes to a peer that reads: do not stall", () => {
    const server = new FakeServer(answer, { limits: { sendBufferLimitBytes: 1 } });
    const peer = server.connect();
    peer.send(GET.repeat(5));
    assert.equal(peer.statuses.length, 5);
    assert.equal(server.context.readersInUse.size, 0);
  });

  it("requests without end behind a slow response: reading stops at the limit", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { limits: { receiveBufferLimitBytes: 100 } });
    const peer = server.connect();
    peer.send(GET);
    peer.send(GET.repeat(10));
    assert.ok(peer.transport.isPaused);
    held.last.respond(200, []);
    await settled();
    assert.equal(held.exchanges.length, 2);
    for (let count = 0; count < 8; count++) held.last.respond(200, []);
    assert.equal(peer.transport.isPaused, false);
    assert.deepEqual(server.violations, []);
  });
});

describe("the peer's FIN", () => {
  it("on an idle connection: is answered with ours", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(GET);
    server.advance(5);
    peer.transport.peerEnd();
    assert.ok(peer.transport.isFinSent);
    peer.transport.flush();
    assert.deepEqual(
      [peer.ending.outcome.type, peer.ending.reason, peer.ending.firstEnder],
      ["clean", "peer-ended", "peer"],
    );
    assert.equal(server.context.readersInUse.size, 0);
  });

  it("before anything: closes without a word", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.transport.peerEnd();
    assert.equal(peer.text, "");
    peer.transport.flush();
    assert.deepEqual([peer.ending.reason, peer.ending.requestCount], ["peer-ended", 0]);
  });

  it("within a header section: 400, and close", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send("GET / HTT");
    peer.transport.peerEnd();
    assert.deepEqual(peer.statuses, [400]);
    peer.transport.flush();
    assert.deepEqual([peer.ending.outcome.type, peer.ending.firstEnder], ["clean", "peer"]);
  });

  it("behind the request, while the handler runs: a full answer, with close", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(GET);
    peer.transport.peerEnd();
    assert.equal(held.last.isAborted, false);
    await settled();
    held.last.respond(200, [], "whole");
    assert.match(peer.text, /Connection: close\r\n/);
    assert.ok(peer.text.endsWith("whole"));
    peer.transport.flush();
    assert.deepEqual([peer.ending.outcome.type, peer.ending.reason], ["clean", "peer-ended"]);
  });

  it("behind two pipelined requests: both are answered, the last with close", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(GET + GET);
    peer.transport.peerEnd();
    held.last.respond(200, []);
    assert.doesNotMatch(peer.text, /Connection: close/);
    held.last.respond(200, []);
    assert.deepEqual(peer.statuses, [200, 200]);
    assert.match(peer.text, /Connection: close/);
    peer.transport.flush();
    assert.equal(peer.ending.reason, "peer-ended");
  });

  it("while a response that said keep-alive is streamed: close comes behind it", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(GET);
    held.last.startResponse(200, [], 4);
    peer.transport.peerEnd();
    assert.equal(peer.transport.isFinSent, false);
    held.last.write(Buffer.from("done"));
    held.last.endResponse();
    assert.ok(peer.transport.isFinSent);
    peer.transport.flush();
    assert.deepEqual([peer.ending.outcome.type, peer.ending.reason], ["clean", "peer-ended"]);
  });

  it("half of a request behind a good one: the good one is answered, then 400", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(`${GET}GET /`);
    peer.transport.peerEnd();
    held.last.respond(200, []);
    assert.deepEqual(peer.statuses, [200, 400]);
  });

  it("while lingering in the millisecond of our FIN: we still ended first", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(requestText("GET /", ["Connection: close"]));
    peer.transport.flush();
    peer.transport.peerEnd();
    assert.equal(peer.ending.firstEnder, "local");
    assert.deepEqual(peer.ending.delivery, { isAcknowledged: true, evidence: "inferred" });
    assert.deepEqual(peer.ending.leftIn, { state: "time-wait", evidence: "inferred" });
  });
});

describe("the peer's RST", () => {
  const ways: readonly (readonly [
    string,
    (server: FakeServer) => ReturnType<FakeServer["connect"]>,
  ])[] = [
    ["on an idle connection", (server) => server.connect()],
    [
      "within a header section",
      (server) => {
        const peer = server.connect();
        peer.send("GET");
        return peer;
      },
    ],
    [
      "within a body",
      (server) => {
        const peer = server.connect();
        peer.send(postText(10, "12345"));
        return peer;
      },
    ],
    [
      "while the handler runs",
      (server) => {
        const peer = server.connect();
        peer.send(GET);
        return peer;
      },
    ],
    [
      "while a refusal is flushed",
      (server) => {
        const peer = server.connect();
        peer.send("bad\r\n\r\n");
        return peer;
      },
    ],
    [
      "while lingering",
      (server) => {
        const peer = server.connect();
        peer.send("bad\r\n\r\n");
        peer.transport.flush();
        return peer;
      },
    ],
  ];
  for (const [where, play] of ways) {
    it(`${where}: releases everything at once, with one ending`, () => {
      const server = new FakeServer(() => {});
      const peer = play(server);
      peer.transport.peerReset();
      peer.transport.peerReset();
      assert.equal(peer.ending.outcome.type, "reset-by-peer");
      assert.deepEqual([peer.ending.peerEnd.type, peer.ending.leftIn.state], ["reset", "closed"]);
      assert.equal(peer.transport.release, "close");
      assert.equal(peer.hasTimers, false);
      assert.equal(server.context.readersInUse.size, 0);
      peer.transport.released();
      assert.equal(peer.releasedCount, 1);
      assert.equal(peer.endings.length, 1);
    });
  }

  it("while the handler runs: the exchange is aborted, and answers go nowhere", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(GET);
    const reasons: string[] = [];
    held.last.onAbort((reason) => reasons.push(reason));
    peer.transport.peerReset();
    assert.ok(held.last.isAborted);
    assert.deepEqual(reasons, ["peer-gone"]);
    held.last.respond(200, []);
    held.last.abortResponse("content-failed");
    assert.deepEqual([peer.text, reasons.length, server.errors.length], ["", 1, 0]);
    assert.deepEqual(
      server.records.map(({ status, isComplete }) => [status, isComplete]),
      [[0, false]],
    );
  });
});

describe("other ends", () => {
  it("network failure: keeps the code, and knows nothing else", () => {
    const server = new FakeServer(() => {});
    const peer = server.connect();
    peer.send(GET);
    peer.transport.networkFailure("ETIMEDOUT");
    assert.deepEqual(peer.ending.outcome, { type: "network-failed", code: "ETIMEDOUT" });
    assert.equal(peer.ending.firstEnder, null);
    assert.deepEqual(peer.ending.leftIn, { state: "closed", evidence: "unknown" });
  });

  it("a socket that the runtime gives up by itself: has its ending", () => {
    const server = new FakeServer(() => {});
    const peer = server.connect();
    peer.transport.released();
    assert.deepEqual(peer.ending.outcome, { type: "network-failed", code: "RELEASED" });
    assert.equal(peer.releasedCount, 1);
  });

  it("mode off: closes behind the response, whatever the peer still sends", () => {
    const server = new FakeServer(answer, { close: { mode: "off" } });
    const peer = server.connect();
    peer.send(requestText("GET /", ["Connection: close"]));
    assert.equal(peer.transport.release, null);
    peer.transport.flush();
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "mode-off" });
    assert.equal(peer.transport.release, "close-within");
  });

  it("bytes without end while lingering: are cut at the limit", () => {
    const server = new FakeServer(answer, { close: { lingerLimitBytes: 1_000 } });
    const peer = server.connect();
    peer.send(requestText("GET /", ["Connection: close"]));
    peer.transport.flush();
    for (let count = 0; count < 11; count++) peer.send("x".repeat(100));
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-bytes" });
    assert.equal(peer.ending.discardedBytes, 1_100);
  });

  it("bytes without end while the response is flushed: reading stops at the limit", () => {
    const server = new FakeServer(answer, { close: { lingerLimitBytes: 1_000 } });
    const peer = server.connect();
    peer.transport.roomBytes = 0;
    peer.send(requestText("GET /", ["Connection: close"]));
    for (let count = 0; count < 20; count++) peer.send("x".repeat(100));
    assert.ok(peer.transport.isPaused);
    assert.deepEqual(server.endings, []);
    peer.transport.flush();
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-bytes" });
    assert.equal(peer.ending.unsentBytes, 0);
  });

  it("onLingerExhausted reset: sends RST, and says so", () => {
    const close = { lingerLimitBytes: 10, onLingerExhausted: "reset" } as const;
    const server = new FakeServer(answer, { close });
    const peer = server.connect();
    peer.send(requestText("GET /", ["Connection: close"]));
    peer.transport.flush();
    peer.send("x".repeat(11));
    assert.deepEqual(peer.ending.outcome, { type: "reset-by-local", bound: "linger-bytes" });
    assert.equal(peer.transport.release, "reset");
  });

  it("the ending: counts what came and went, and names the client", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    const request = requestText("GET /", ["Connection: close", "User-Agent: curl/8.5.0 (x)"]);
    server.advance(100);
    peer.send(request);
    server.advance(10);
    peer.transport.flush();
    server.advance(1);
    peer.send("rest");
    peer.transport.peerEnd();
    assert.deepEqual(peer.ending, {
      connectionId: 1,
      peerAddress: "192.0.2.1",
      peerPort: 50_001,
      isTls: false,
      openedAtMs: Date.UTC(2026, 0, 1),
      outcome: { type: "clean" },
      reason: "client-asked",
      firstEnder: "local",
      peerEnd: { type: "fin", evidence: "inferred" },
      delivery: { isAcknowledged: true, evidence: "inferred" },
      leftIn: { state: "time-wait", evidence: "inferred" },
      requestCount: 1,
      receivedBytes: request.length + 4,
      sentBytes: peer.text.length,
      discardedBytes: 4,
      unsentBytes: 0,
      durations: { openMs: 100, flushingMs: 10, lingeringMs: 1, heldMs: 0 },
      client: "curl/8.5.0",
    });
  });
});
