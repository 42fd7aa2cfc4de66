import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Handler } from "./exchange.ts";
import { type FakePeer, FakeServer, HeldHandler, postText, requestText } from "./fake-server.ts";

// Goal: every time-out ends what it watches, at its time and not before, and leaves no timer
// behind. How: virtual time, one millisecond short of each limit and then that millisecond.

const GET = requestText();
const CLOSE = requestText("GET /", ["Connection: close"]);
const answer: Handler = (exchange) => exchange.respond(200, [], "content");

/** Nothing has ended one millisecond before `limitMs`. */
function advanceTo(server: FakeServer, peer: FakePeer, limitMs: number): void {
  server.advance(limitMs - 1);
  assert.equal(peer.transport.isFinSent, false);
  assert.equal(peer.transport.release, null);
  server.advance(1);
}

describe("headerTimeoutMs", () => {
  it("nothing arrives after the accept: a silent close", () => {
    const server = new FakeServer(answer, { limits: { headerTimeoutMs: 1_000 } });
    const peer = server.connect();
    advanceTo(server, peer, 1_000);
    assert.equal(peer.text, "");
    assert.equal(peer.finish().reason, "idle-timeout");
    assert.equal(peer.hasTimers, false);
  });

  it("a header section that does not end: 408", () => {
    const server = new FakeServer(answer, { limits: { headerTimeoutMs: 1_000 } });
    const peer = server.connect();
    server.advance(500);
    peer.send("GET / HTTP/1.1\r\n");
    advanceTo(server, peer, 1_000);
    assert.deepEqual(peer.statuses, [408]);
    assert.match(peer.text, /Connection: close/);
    assert.equal(peer.finish().reason, "request-timeout");
  });

  it("a byte now and then: does not lengthen it", () => {
    const server = new FakeServer(answer, { limits: { headerTimeoutMs: 1_000 } });
    const peer = server.connect();
    peer.send("GET / HTTP/1.1\r\nA: ");
    for (let count = 0; count < 9; count++) {
      server.advance(100);
      peer.send("x");
    }
    assert.equal(peer.text, "");
    server.advance(100);
    assert.deepEqual(peer.statuses, [408]);
  });

  it("empty lines in place of a request: do not lengthen it", () => {
    const server = new FakeServer(answer, { limits: { headerTimeoutMs: 1_000 } });
    const peer = server.connect();
    for (let count = 0; count < 9; count++) {
      server.advance(100);
      peer.send("\r\n");
    }
    server.advance(100);
    assert.ok(peer.transport.isFinSent);
  });

  it("another idle time-out meanwhile: gives a slow header section no more time", () => {
    const server = new FakeServer(answer, { limits: { headerTimeoutMs: 1_000 } });
    const peer = server.connect();
    peer.send("GET / HTTP/1.1\r\n");
    server.advance(900);
    peer.connection.rearmIdle();
    server.advance(100);
    assert.deepEqual(peer.statuses, [408]);
  });

  it("half a request behind a complete response: its own time, then 408", () => {
    const server = new FakeServer(answer, { limits: { headerTimeoutMs: 1_000 } });
    const peer = server.connect();
    peer.send(`${GET}GET`);
    advanceTo(server, peer, 1_000);
    assert.deepEqual(peer.statuses, [200, 408]);
  });

  it("half a request behind a handler that takes its time: starts with the response", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { limits: { headerTimeoutMs: 1_000 } });
    const peer = server.connect();
    peer.send(`${GET}GET`);
    server.advance(5_000);
    held.last.respond(200, []);
    advanceTo(server, peer, 1_000);
    assert.deepEqual(peer.statuses, [200, 408]);
  });
});

describe("keepAliveTimeoutMs", () => {
  const limits = { keepAliveTimeoutMs: 3_000, keepAliveTimeoutMarginMs: 500 };

  it("an idle connection: is advertised less than it gets, and ends without a word", () => {
    const server = new FakeServer(answer, { limits });
    const peer = server.connect();
    peer.send(GET);
    assert.match(peer.text, /Keep-Alive: timeout=3\r\n/);
    advanceTo(server, peer, 3_500);
    assert.deepEqual(peer.statuses, [200]);
    assert.equal(peer.finish().reason, "idle-timeout");
  });

  it("each request: starts it anew", () => {
    const server = new FakeServer(answer, { limits });
    const peer = server.connect();
    for (let count = 0; count < 3; count++) {
      peer.send(GET);
      server.advance(3_499);
    }
    assert.equal(peer.transport.isFinSent, false);
    server.advance(1);
    assert.ok(peer.transport.isFinSent);
  });

  it("a request that crosses our FIN: is absorbed, not reset", () => {
    const server = new FakeServer(answer, { limits });
    const peer = server.connect();
    peer.send(GET);
    server.advance(3_500);
    peer.transport.flush();
    peer.send(GET);
    peer.transport.peerEnd();
    assert.deepEqual(peer.ending.outcome, { type: "clean" });
    assert.deepEqual([peer.ending.discardedBytes, peer.statuses.length], [GET.length, 1]);
  });

  it("a response that takes longer to be read: the peer is not idle before it has all", () => {
    const server = new FakeServer(answer, { limits: { ...limits, sendTimeoutMs: 10_000 } });
    const peer = server.connect();
    peer.transport.roomBytes = 0;
    peer.send(GET);
    server.advance(9_000);
    peer.transport.take();
    assert.equal(peer.transport.isFinSent, false);
    advanceTo(server, peer, 3_500);
  });

  it("a handler that takes longer: is not idle", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { limits });
    const peer = server.connect();
    peer.send(GET);
    server.advance(100_000);
    held.last.respond(200, []);
    assert.deepEqual(peer.statuses, [200]);
  });

  it("below one second: is kept, and not advertised", () => {
    const server = new FakeServer(answer, {
      limits: { keepAliveTimeoutMs: 999, keepAliveTimeoutMarginMs: 0 },
    });
    const peer = server.connect();
    peer.send(GET);
    assert.doesNotMatch(peer.text, /Keep-Alive/i);
    advanceTo(server, peer, 999);
  });
});

describe("bodyMinRateBytesPerSecond", () => {
  const limits = { bodyMinRateBytesPerSecond: 100, bodyRateWindowMs: 2_000 };
  const reading: Handler = async ({ body }) => {
    while ((await body.read()) !== null);
  };

  it("silence within a body: 408 after one window", async () => {
    const server = new FakeServer(reading, { limits });
    const peer = server.connect();
    peer.send(postText(1_000, "x"));
    advanceTo(server, peer, 2_000);
    assert.deepEqual(peer.statuses, [408]);
    assert.equal(peer.finish().reason, "request-timeout");
  });

  it("just fast enough in each window: goes on", () => {
    const server = new FakeServer(reading, { limits });
    const peer = server.connect();
    peer.send(postText(1_000));
    for (let count = 0; count < 4; count++) {
      server.advance(1_000);
      peer.send("x".repeat(200));
      server.advance(1_000);
    }
    assert.deepEqual(peer.statuses, []);
    server.advance(2_000);
    assert.deepEqual(peer.statuses, [408]);
  });

  it("a handler that does not read: is not the peer's fault", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, {
      limits: { ...limits, receiveBufferLimitBytes: 10 },
    });
    const peer = server.connect();
    peer.send(postText(100, "x".repeat(10)));
    assert.ok(peer.transport.isPaused);
    server.advance(60_000);
    assert.deepEqual(peer.statuses, []);
    const read = held.last.body.read();
    assert.equal((await read)?.byteLength, 10);
    advanceTo(server, peer, 2_000);
    assert.deepEqual(peer.statuses, [408]);
  });

  it("a client that waits for 100: is waited for", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { limits });
    const peer = server.connect();
    peer.send(postText(10, "", ["Expect: 100-continue"]));
    server.advance(60_000);
    assert.deepEqual(peer.statuses, []);
    held.last.body.read().catch(() => {});
    advanceTo(server, peer, 2_000);
    assert.deepEqual(peer.statuses, [100, 408]);
  });

  it("slow while the response is streamed: no 408, and close behind the response", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { limits });
    const peer = server.connect();
    peer.send(postText(10));
    held.last.startResponse(200, [], null);
    server.advance(10_000);
    assert.equal(peer.transport.isFinSent, false);
    held.last.endResponse();
    assert.deepEqual(peer.statuses, [200]);
    assert.equal(peer.finish().reason, "request-timeout");
  });

  it("0: is off", () => {
    const server = new FakeServer(reading, { limits: { bodyMinRateBytesPerSecond: 0 } });
    const peer = server.connect();
    peer.send(postText(10));
    server.advance(86_400_000);
    assert.deepEqual(peer.statuses, []);
  });
});

describe("discardTimeoutMs", () => {
  it("an unread body that does not come: close, and never 408 behind a complete response", () => {
    const server = new FakeServer(answer, { close: { discardTimeoutMs: 700 } });
    const peer = server.connect();
    peer.send(postText(10, "x"));
    advanceTo(server, peer, 700);
    assert.deepEqual(peer.statuses, [200]);
    assert.equal(peer.finish().reason, "discard-exhausted");
  });

  it("bytes meanwhile: do not lengthen it", () => {
    const server = new FakeServer(answer, { close: { discardTimeoutMs: 700 } });
    const peer = server.connect();
    peer.send(postText(10));
    server.advance(600);
    peer.send("x");
    server.advance(100);
    assert.ok(peer.transport.isFinSent);
  });

  it("the body comes in time: its timer ends nothing later", () => {
    const server = new FakeServer(answer, { close: { discardTimeoutMs: 700 } });
    const peer = server.connect();
    peer.send(postText(3));
    server.advance(600);
    peer.send("abc");
    server.advance(10_000);
    peer.send(GET);
    assert.deepEqual(peer.statuses, [200, 200]);
  });
});

describe("sendTimeoutMs", () => {
  const limits = { sendTimeoutMs: 1_000 };
  const large: Handler = (exchange) => exchange.respond(200, [], "x".repeat(100_000));

  it("no progress at all: gives the connection up, with what was not sent", () => {
    const server = new FakeServer(large, { limits });
    const peer = server.connect();
    peer.transport.roomBytes = 0;
    peer.send(GET);
    advanceTo(server, peer, 1_000);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "send-timeout" });
    assert.equal(peer.ending.reason, "send-timeout");
    assert.equal(peer.ending.unsentBytes, peer.ending.sentBytes);
    assert.equal(peer.hasTimers, false);
  });

  it("some progress in each period: goes on", () => {
    const server = new FakeServer(large, { limits });
    const peer = server.connect();
    peer.transport.roomBytes = 0;
    peer.send(GET);
    for (let count = 0; count < 20; count++) {
      server.advance(900);
      peer.transport.take(10);
    }
    assert.equal(peer.transport.release, null);
    server.advance(2_000);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "send-timeout" });
  });

  it("a stall while our FIN waits behind the response: the same", () => {
    const server = new FakeServer(large, { limits });
    const peer = server.connect();
    peer.transport.roomBytes = 0;
    peer.send(CLOSE);
    server.advance(999);
    assert.equal(peer.transport.release, null);
    server.advance(1);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "send-timeout" });
    assert.equal(peer.ending.reason, "client-asked");
  });

  it("a stall while a handler streams: the handler hears that the peer is gone", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { limits: { ...limits, sendBufferLimitBytes: 10 } });
    const peer = server.connect();
    peer.transport.roomBytes = 0;
    peer.send(GET);
    held.last.startResponse(200, [], null);
    assert.equal(held.last.write(Buffer.alloc(100)), false);
    const writable = held.last.whenWritable();
    const reasons: string[] = [];
    held.last.onAbort((reason) => reasons.push(reason));
    server.advance(1_000);
    await writable;
    assert.deepEqual(reasons, ["peer-gone"]);
  });

  it("everything read in time: ends nothing later", () => {
    const server = new FakeServer(large, { limits });
    const peer = server.connect();
    peer.transport.roomBytes = 0;
    peer.send(GET);
    server.advance(999);
    peer.transport.take();
    server.advance(5_000);
    assert.equal(peer.transport.release, null);
  });
});

describe("lingering", () => {
  const close = {
    lingerIdleTimeoutMs: 1_000,
    lingerTotalTimeoutMs: 2_500,
    shortLingerTimeoutMs: 400,
    lingerMinRateBytesPerSecond: 0,
  };

  it("silence: ends after the idle time", () => {
    const server = new FakeServer(answer, { close });
    const peer = server.connect();
    peer.send(CLOSE);
    server.advance(300);
    peer.transport.flush();
    server.advance(999);
    assert.equal(peer.transport.release, null);
    server.advance(1);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-idle-time" });
    assert.deepEqual(peer.ending.durations, {
      openMs: 0,
      flushingMs: 300,
      lingeringMs: 1_000,
      heldMs: 0,
    });
    assert.deepEqual(peer.ending.leftIn, { state: "fin-wait-1", evidence: "unknown" });
    assert.equal(peer.hasTimers, false);
  });

  it("bytes: restart the idle time, never the total", () => {
    const server = new FakeServer(answer, { close });
    const peer = server.connect();
    peer.send(CLOSE);
    peer.transport.flush();
    for (let count = 0; count < 3; count++) {
      server.advance(800);
      peer.send("x");
    }
    server.advance(99);
    assert.equal(peer.transport.release, null);
    server.advance(1);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-total-time" });
  });

  it("a dripping peer: is cut by its rate", () => {
    const server = new FakeServer(answer, {
      close: { ...close, lingerMinRateBytesPerSecond: 500 },
    });
    const peer = server.connect();
    peer.send(CLOSE);
    peer.transport.flush();
    server.advance(800);
    peer.send("x");
    server.advance(800);
    peer.send("x");
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-rate" });
  });

  it("after an idle time-out: is short", () => {
    const server = new FakeServer(answer, { close, limits: { headerTimeoutMs: 50 } });
    const peer = server.connect();
    server.advance(50);
    peer.transport.flush();
    server.advance(399);
    assert.equal(peer.transport.release, null);
    server.advance(1);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-idle-time" });
  });

  it("total and idle time of equal length: one ending", () => {
    const server = new FakeServer(answer, {
      close: { ...close, lingerIdleTimeoutMs: 700, lingerTotalTimeoutMs: 700 },
    });
    const peer = server.connect();
    peer.send(CLOSE);
    peer.transport.flush();
    server.advance(700);
    assert.equal(peer.endings.length, 1);
    assert.deepEqual(server.violations, []);
  });

  it("all time-outs 0: ends with the next tick", () => {
    const server = new FakeServer(answer, {
      close: { lingerIdleTimeoutMs: 0, lingerTotalTimeoutMs: 0, shortLingerTimeoutMs: 0 },
    });
    const peer = server.connect();
    peer.send(CLOSE);
    peer.transport.flush();
    assert.equal(peer.transport.release, null);
    server.advance(0);
    assert.equal(peer.ending.outcome.type, "abandoned");
  });
});

describe("many time-outs at once", () => {
  it("a hundred connections in one tick: each has its own ending", () => {
    const server = new FakeServer(answer, { limits: { headerTimeoutMs: 1_000 } });
    const peers = Array.from({ length: 100 }, () => server.connect());
    for (const peer of peers.slice(50)) peer.send("GET");
    server.advance(1_000);
    for (const peer of peers) peer.transport.flush();
    server.advance(2_000);
    assert.deepEqual(
      peers.map(({ ending }) => ending.reason),
      [...Array(50).fill("idle-timeout"), ...Array(50).fill("request-timeout")],
    );
    assert.deepEqual(server.violations, []);
    assert.equal(server.context.readersInUse.size, 0);
  });

  it("send and header time-outs in one tick: one ending", () => {
    const server = new FakeServer(answer, {
      limits: { headerTimeoutMs: 1_000, sendTimeoutMs: 1_000 },
    });
    const peer = server.connect();
    peer.transport.roomBytes = 0;
    peer.send(`${GET}GET`);
    server.advance(1_000);
    assert.equal(peer.endings.length, 1);
    assert.equal(peer.hasTimers, false);
  });
});
