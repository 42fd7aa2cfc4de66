import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Exchange, Handler } from "./exchange.ts";
import { FakeServer, HeldHandler, postText, requestText, settled } from "./fake-server.ts";
import { RequestBodyError } from "./request-body.ts";

// Goal: request bodies: who reads them, who throws them away, and when the peer has to wait. How:
// real connections over fake transports; bodies come in pieces, and handlers read when told to.

const EXPECT = ["Expect: 100-continue"];
const answer: Handler = (exchange) => exchange.respond(200, []);

async function readAll(exchange: Exchange): Promise<string> {
  let text = "";
  for (;;) {
    const piece = await exchange.body.read();
    if (piece === null) return text;
    text += Buffer.from(piece).toString("latin1");
  }
}

/** Reads everything, then answers with it. */
const echo: Handler = async (exchange) => exchange.respond(200, [], await readAll(exchange));

describe("a body that is read", () => {
  it("in pieces: reaches the handler whole", async () => {
    const server = new FakeServer(echo);
    const peer = server.connect();
    peer.send(postText(9, "one"));
    await settled();
    peer.send("two");
    peer.send("six");
    await settled();
    assert.ok(peer.text.endsWith("onetwosix"));
    assert.equal(peer.transport.isFinSent, false);
  });

  it("chunked, with trailers: reaches the handler whole, trailers apart", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(requestText("POST /", ["Transfer-Encoding: chunked"]));
    const text = readAll(held.last);
    peer.send("3\r\none\r\n3\r\ntwo\r\n0\r\nSum: 6\r\n\r\n");
    assert.equal(await text, "onetwo");
    assert.equal(held.last.body.trailers?.get("sum"), "6");
    assert.equal(held.last.fields.has("sum"), false);
  });

  it("with the next request behind it: the next is dispatched after the answer", async () => {
    const server = new FakeServer(echo);
    const peer = server.connect();
    peer.send(postText(3, "one") + postText(3, "two"));
    await settled();
    assert.deepEqual(peer.statuses, [200, 200]);
    assert.ok(peer.text.endsWith("two"));
  });

  it("more than the handler reads: stops the peer at the limit, and lets it go on", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { limits: { receiveBufferLimitBytes: 100 } });
    const peer = server.connect();
    peer.send(postText(300));
    peer.send("x".repeat(99));
    assert.equal(peer.transport.isPaused, false);
    peer.send("x");
    assert.ok(peer.transport.isPaused);
    peer.send("x".repeat(200));
    assert.equal((await held.last.body.read())?.byteLength, 99);
    assert.equal(peer.transport.isPaused, false);
    peer.transport.deliver();
    const rest = readAll(held.last);
    peer.transport.deliver();
    assert.equal((await rest).length, 201);
  });

  it("all of it before the handler asks: can be read after the response", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(postText(3, "one"));
    held.last.respond(200, []);
    assert.equal(await readAll(held.last), "one");
  });

  it("claimed before the response is streamed: can be read on", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(postText(6, "one"));
    held.last.body.claim();
    held.last.startResponse(200, [], null);
    const text = readAll(held.last);
    peer.send("two");
    assert.equal(await text, "onetwo");
    held.last.endResponse();
    assert.equal(peer.transport.isFinSent, false);
  });

  it("of a peer that is gone: rejects with the reason", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(postText(6, "one"));
    const { body } = held.last;
    assert.equal((await body.read())?.byteLength, 3);
    const read = body.read();
    peer.transport.peerReset();
    await assert.rejects(read, { code: "FINWAIT_BODY_BROKEN_OFF" });
    await assert.rejects(body.read(), { code: "FINWAIT_BODY_BROKEN_OFF" });
  });
});

describe("a body that nobody reads", () => {
  it("already here: is thrown away, and the connection persists", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(postText(3, "one") + requestText());
    assert.deepEqual(peer.statuses, [200, 200]);
    assert.equal(peer.transport.isFinSent, false);
  });

  it("short: the response goes out first, the rest is thrown away, the next is answered", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(postText(6, "one"));
    assert.deepEqual(peer.statuses, [200]);
    assert.doesNotMatch(peer.text, /Connection: close/);
    peer.send(`two${requestText()}`);
    assert.deepEqual(peer.statuses, [200, 200]);
    peer.transport.peerEnd();
    peer.transport.flush();
    assert.equal(peer.ending.discardedBytes, 6);
  });

  it("larger than discardLimitBytes: Connection: close, then lingering", () => {
    const server = new FakeServer(answer, { close: { discardLimitBytes: 100 } });
    const peer = server.connect();
    peer.send(postText(101));
    assert.match(peer.text, /Connection: close/);
    assert.ok(peer.transport.isFinSent);
    peer.send("x".repeat(101));
    assert.deepEqual([peer.finish().reason, peer.ending.discardedBytes], ["body-unread", 101]);
    assert.equal(peer.ending.outcome.type, "clean");
  });

  it("as large as discardLimitBytes: persists", () => {
    const server = new FakeServer(answer, { close: { discardLimitBytes: 100 } });
    const peer = server.connect();
    peer.send(postText(100));
    peer.send("x".repeat(100));
    peer.send(requestText());
    assert.deepEqual(peer.statuses, [200, 200]);
  });

  it("of unknown length, which turns out too large: closes behind the response", () => {
    const server = new FakeServer(answer, { close: { discardLimitBytes: 10 } });
    const peer = server.connect();
    peer.send(requestText("POST /", ["Transfer-Encoding: chunked"]));
    assert.doesNotMatch(peer.text, /Connection: close/);
    peer.send("b\r\nhello world");
    assert.ok(peer.transport.isFinSent);
    assert.deepEqual([peer.finish().reason, peer.ending.discardedBytes], ["discard-exhausted", 11]);
  });

  it("too large while a long response is streamed: is read all the same, and closes after", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, {
      close: { discardLimitBytes: 10 },
      limits: { receiveBufferLimitBytes: 20 },
    });
    const peer = server.connect();
    peer.send(requestText("POST /", ["Transfer-Encoding: chunked"]));
    held.last.startResponse(200, [], null);
    for (let count = 0; count < 5; count++) peer.send(`a\r\n${"x".repeat(10)}\r\n`);
    assert.equal(peer.transport.isPaused, false);
    held.last.endResponse();
    assert.ok(peer.text.endsWith("0\r\n\r\n"));
    assert.deepEqual([peer.finish().reason, peer.ending.discardedBytes], ["discard-exhausted", 50]);
  });

  it("read in part before the response: the rest counts, and what was queued", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(postText(20, "12345"));
    await held.last.body.read();
    peer.send("67890");
    held.last.respond(200, []);
    peer.send("12345");
    peer.transport.peerReset();
    assert.equal(peer.ending.discardedBytes, 10);
  });

  it("endless during a response: reading stops at lingerLimitBytes, until it ends", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { close: { lingerLimitBytes: 30 } });
    const peer = server.connect();
    peer.send(postText(1_000));
    held.last.startResponse(200, [], null);
    for (let count = 0; count < 9; count++) peer.send("x".repeat(10));
    assert.ok(peer.transport.isPaused);
    held.last.endResponse();
    assert.equal(peer.transport.isPaused, false);
    assert.equal(peer.transport.isFinSent, false);
  });

  it("the discard phase with a response that the peer does not read yet: goes on reading", () => {
    const server = new FakeServer((exchange) => exchange.respond(200, [], "x".repeat(5_000)), {
      limits: { sendBufferLimitBytes: 1_000, receiveBufferLimitBytes: 100 },
    });
    const peer = server.connect();
    peer.transport.roomBytes = 0;
    peer.send(postText(500));
    for (let count = 0; count < 5; count++) peer.send("x".repeat(100));
    assert.equal(peer.transport.isPaused, false);
    // The body is complete, so its time cannot run out any more.
    server.advance(3_000);
    assert.equal(peer.transport.isFinSent, false);
    peer.send(requestText());
    assert.deepEqual(peer.statuses, [200]);
    peer.transport.take();
    assert.deepEqual(peer.statuses, [200, 200]);
    assert.equal(server.endings.length, 0);
  });

  it("the discard phase with broken framing: closes, and answers nothing more", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(requestText("POST /", ["Transfer-Encoding: chunked"]));
    peer.send("nonsense\r\n");
    assert.deepEqual(peer.statuses, [200]);
    assert.equal(peer.finish().reason, "peer-protocol-error");
  });

  it("the discard phase with the peer's FIN: is clean, and answers nothing more", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(postText(6, "one"));
    peer.transport.peerEnd();
    assert.deepEqual(peer.statuses, [200]);
    peer.transport.flush();
    assert.deepEqual([peer.ending.outcome.type, peer.ending.reason], ["clean", "peer-ended"]);
  });

  it("held back by us, with the peer's FIN behind it: is clean as well", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { limits: { receiveBufferLimitBytes: 1 } });
    const peer = server.connect();
    peer.send(requestText("POST /", ["Transfer-Encoding: chunked"]));
    peer.send("1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
    // A transport may have the FIN in hand when it is asked to pause.
    peer.connection.handlePeerEnd();
    held.last.respond(200, []);
    assert.ok(peer.transport.isFinSent);
    peer.transport.flush();
    assert.deepEqual([peer.ending.outcome.type, peer.ending.reason], ["clean", "peer-ended"]);
  });

  it("held back by us, then given up by the head of a streamed response: is read on", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { limits: { receiveBufferLimitBytes: 100 } });
    const peer = server.connect();
    peer.send(postText(1_000));
    peer.send("x".repeat(200));
    assert.ok(peer.transport.isPaused);
    // The peer may send all of it before it reads the response.
    held.last.startResponse(200, [], 5);
    assert.equal(peer.transport.isPaused, false);
    peer.send("x".repeat(800));
    held.last.write(new Uint8Array(5));
    held.last.endResponse();
    assert.equal(peer.transport.isFinSent, false);
  });

  it("read after it was given up: rejects, and says so", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(postText(6, "one"));
    held.last.startResponse(200, [], null);
    await assert.rejects(held.last.body.read(), { code: "FINWAIT_BODY_GIVEN_UP" });
  });

  it("claimed, with a whole response: is given up, and close is said if it is long", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { close: { discardLimitBytes: 100 } });
    const peer = server.connect();
    peer.send(postText(1_000));
    held.last.body.claim();
    held.last.respond(401, []);
    assert.match(peer.text, /Connection: close/);
  });
});

describe("a body that breaks off", () => {
  it("by its framing, before a response: 400, and the read rejects", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(requestText("POST /", ["Transfer-Encoding: chunked"]));
    const reasons: string[] = [];
    held.last.onAbort((reason) => reasons.push(reason));
    const read = held.last.body.read();
    peer.send("nonsense\r\n");
    assert.deepEqual(peer.statuses, [400]);
    await assert.rejects(read, (error) => {
      assert.ok(error instanceof RequestBodyError);
      assert.equal(error.code, "FINWAIT_BODY_BROKEN_OFF");
      return true;
    });
    assert.deepEqual(reasons, ["request-failed"]);
    held.last.respond(200, []);
    assert.deepEqual(peer.statuses, [400]);
    assert.equal(peer.finish().reason, "peer-protocol-error");
    assert.deepEqual(
      server.records.map(({ status, isComplete }) => [status, isComplete]),
      [[400, true]],
    );
  });

  it("by its size, chunked: 413", () => {
    const server = new FakeServer(echo, { limits: { bodyLimitBytes: 4 } });
    const peer = server.connect();
    peer.send(requestText("POST /", ["Transfer-Encoding: chunked"]));
    peer.send("5\r\nhello\r\n");
    assert.deepEqual(peer.statuses, [413]);
  });

  it("by FIN, before a response: 400, and the handler has not failed", async () => {
    const server = new FakeServer(echo);
    const peer = server.connect();
    peer.send(postText(10, "one"));
    peer.transport.peerEnd();
    await settled();
    assert.deepEqual(peer.statuses, [400]);
    assert.deepEqual(server.errors, []);
  });

  it("while a response is streamed: the response is finished, then close", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(requestText("POST /", ["Transfer-Encoding: chunked"]));
    held.last.body.claim();
    held.last.startResponse(200, [], 4);
    const read = held.last.body.read();
    peer.send("nonsense\r\n");
    await assert.rejects(read, { code: "FINWAIT_BODY_BROKEN_OFF" });
    assert.equal(peer.transport.isFinSent, false);
    held.last.write(Buffer.from("done"));
    held.last.endResponse();
    assert.deepEqual(peer.statuses, [200]);
    assert.equal(peer.finish().reason, "peer-protocol-error");
  });
});

describe("Expect: 100-continue", () => {
  it("the handler reads: 100, then the body", async () => {
    const server = new FakeServer(echo);
    const peer = server.connect();
    peer.send(postText(3, "", EXPECT));
    assert.equal(peer.text, "HTTP/1.1 100 Continue\r\n\r\n");
    peer.send("one");
    await settled();
    assert.deepEqual(peer.statuses, [100, 200]);
  });

  it("the handler reads later: 100 is sent then", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(postText(3, "", EXPECT));
    assert.equal(peer.text, "");
    const text = readAll(held.last);
    assert.deepEqual(peer.statuses, [100]);
    peer.send("one");
    assert.equal(await text, "one");
    assert.deepEqual(peer.statuses, [100]);
  });

  it("the body comes without waiting: no 100", async () => {
    const server = new FakeServer(echo);
    const peer = server.connect();
    peer.send(postText(3, "one", EXPECT));
    await settled();
    assert.deepEqual(peer.statuses, [200]);
  });

  it("a final response without reading: no 100, and close", () => {
    const server = new FakeServer(answer);
    const peer = server.connect();
    peer.send(postText(3, "", EXPECT));
    assert.deepEqual(peer.statuses, [200]);
    assert.match(peer.text, /Connection: close/);
    assert.equal(peer.finish().reason, "expectation-unmet");
  });

  it("a final response, but the body is on its way already: persists", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(postText(3, "o", EXPECT));
    held.last.respond(200, []);
    peer.send(`ne${requestText()}`);
    assert.equal(held.exchanges.length, 2);
    assert.equal(peer.transport.isFinSent, false);
  });

  it("claimed, then a response is streamed: 100 goes first", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(postText(3, "", EXPECT));
    held.last.body.claim();
    held.last.startResponse(200, [], null);
    const text = readAll(held.last);
    assert.deepEqual(peer.statuses, [100, 200]);
    peer.send("one");
    assert.equal(await text, "one");
    held.last.endResponse();
    assert.equal(peer.transport.isFinSent, false);
  });

  it("a late read of the body before: asks nothing of the request after it", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(postText(3, "one") + postText(3, "", EXPECT));
    const first = held.last;
    first.respond(200, []);
    assert.equal(held.exchanges.length, 2);
    assert.equal(await readAll(first), "one");
    assert.deepEqual(peer.statuses, [200]);
    held.last.respond(403, []);
    assert.deepEqual(peer.statuses, [200, 403]);
  });

  it("HTTP/1.0: is no expectation", () => {
    const server = new FakeServer(echo);
    const peer = server.connect();
    peer.send(requestText("POST /", ["Content-Length: 3", ...EXPECT], "1.0"));
    assert.equal(peer.text, "");
  });
});
