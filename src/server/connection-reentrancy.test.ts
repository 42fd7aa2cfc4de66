import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Exchange } from "./exchange.ts";
import { FakeServer, HeldHandler, postText, requestText, settled } from "./fake-server.ts";

// Goal: application code that runs in the middle of a step cannot break the connection. How:
// handlers and listeners that answer, read, abort and close at odd moments, and exchanges kept for
// too long.

const GET = requestText();
const chunked = (text: string): string =>
  requestText("POST /", ["Transfer-Encoding: chunked"]) + text;

/** No violation, no reader left, no timer left. */
function assertReleased(server: FakeServer, peer: ReturnType<FakeServer["connect"]>): void {
  assert.deepEqual(server.violations, []);
  assert.equal(server.context.readersInUse.size, 0);
  assert.equal(peer.hasTimers, false);
}

describe("answers at odd moments", () => {
  it("in a microtask, with more requests pipelined: all in order", async () => {
    const server = new FakeServer((exchange) => {
      queueMicrotask(() => exchange.respond(200, [], exchange.target));
    });
    const peer = server.connect();
    peer.send(["/1", "/2", "/3"].map((target) => requestText(`GET ${target}`)).join(""));
    await settled();
    const contents = [...peer.text.matchAll(/\r\n\r\n(\/\d)/g)].map(([, target]) => target);
    assert.deepEqual(contents, ["/1", "/2", "/3"]);
  });

  it("some at once, some later, pipelined: all in order, in few writes", async () => {
    const server = new FakeServer((exchange) => {
      const answer = (): void => exchange.respond(200, [], exchange.target);
      if (exchange.target === "/2") queueMicrotask(answer);
      else answer();
    });
    const peer = server.connect();
    peer.send(["/1", "/2", "/3", "/4"].map((target) => requestText(`GET ${target}`)).join(""));
    await settled();
    const contents = [...peer.text.matchAll(/\r\n\r\n(\/\d)/g)].map(([, target]) => target);
    assert.deepEqual(contents, ["/1", "/2", "/3", "/4"]);
    assert.equal(peer.transport.writes.length, 3);
  });

  it("as soon as the read resolves, with the next request behind the body: both", async () => {
    const server = new FakeServer(async (exchange) => {
      await exchange.body.read();
      exchange.respond(200, []);
    });
    const peer = server.connect();
    peer.send(postText(3));
    peer.send(`abc${GET}`);
    await settled();
    assert.deepEqual(peer.statuses, [200, 200]);
  });

  it("a thousand synchronous answers with close asked in the middle: stop there", () => {
    const server = new FakeServer((exchange) => {
      if (exchange.target === "/500") exchange.closeAfterResponse();
      exchange.respond(200, []);
    });
    const peer = server.connect();
    for (let index = 0; index < 10; index++) {
      const targets = Array.from({ length: 100 }, (_, at) => index * 100 + at);
      peer.send(targets.map((target) => requestText(`GET /${target}`)).join(""));
    }
    assert.equal(peer.statuses.length, 501);
    peer.finish();
    assertReleased(server, peer);
  });
});

describe("exchanges kept for too long", () => {
  it("after a reset, with its reader on another connection: touches nothing there", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const first = server.connect();
    first.send(postText(10, "queued"));
    const stale = held.last;
    first.transport.peerReset();
    const second = server.connect();
    second.send(postText(5, "ab", []));
    assert.equal(Buffer.from((await stale.body.read()) ?? []).toString(), "queued");
    await assert.rejects(stale.body.read(), { code: "FINWAIT_BODY_BROKEN_OFF" });
    stale.respond(200, []);
    stale.abortResponse("handler-failed");
    stale.closeAfterResponse();
    assert.equal(second.text, "");
    second.send("cde");
    held.last.respond(200, []);
    assert.deepEqual(second.statuses, [200]);
    assert.deepEqual(server.violations, []);
  });

  it("after its response, during the next request: changes nothing of it", () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(GET);
    const stale = held.last;
    stale.respond(200, []);
    peer.send(GET);
    stale.closeAfterResponse();
    stale.abortResponse("content-failed");
    assert.throws(() => stale.endResponse());
    assert.deepEqual(peer.statuses, [200]);
    held.last.respond(200, []);
    assert.doesNotMatch(peer.text, /Connection: close/);
  });

  it("in the discard phase of its own request: a late read gets nothing of the body", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(postText(6, "one"));
    held.last.respond(200, []);
    const read = held.last.body.read();
    peer.send(`two${GET}`);
    await assert.rejects(read, { code: "FINWAIT_BODY_GIVEN_UP" });
    assert.equal(held.exchanges.length, 2);
  });
});

describe("listeners that act", () => {
  /** What a listener may think of. */
  const acts: readonly (readonly [string, (exchange: Exchange) => void])[] = [
    ["respond", (exchange) => exchange.respond(200, [])],
    ["abort again", (exchange) => exchange.abortResponse("content-failed")],
    ["end", (exchange) => exchange.endResponse()],
    ["write", (exchange) => exchange.write(new Uint8Array(5))],
    ["close", (exchange) => exchange.closeAfterResponse()],
    ["read", (exchange) => void exchange.body.read().catch(() => {})],
    ["claim", (exchange) => exchange.body.claim()],
  ];

  for (const [what, act] of acts) {
    it(`${what} when the peer resets: sends nothing, and one ending`, () => {
      const held = new HeldHandler();
      const server = new FakeServer(held.handle);
      const peer = server.connect();
      peer.send(postText(10, "abc"));
      held.last.onAbort(() => act(held.last));
      peer.transport.peerReset();
      assert.equal(peer.text, "");
      assert.equal(peer.ending.outcome.type, "reset-by-peer");
      assertReleased(server, peer);
    });

    it(`${what} when the request breaks off, with queued bytes: one answer, none behind it`, () => {
      const held = new HeldHandler();
      const server = new FakeServer(held.handle);
      const peer = server.connect();
      peer.send(chunked("3\r\nabc\r\n"));
      held.last.onAbort(() => act(held.last));
      peer.send(`nonsense\r\n${GET}`);
      assert.deepEqual(peer.statuses, [400]);
      peer.finish();
      assertReleased(server, peer);
    });

    it(`${what} when the body is too slow, with a request behind it: 408 alone`, () => {
      const held = new HeldHandler();
      const limits = { receiveBufferLimitBytes: 4, bodyMinRateBytesPerSecond: 1_000 };
      const server = new FakeServer(held.handle, { limits });
      const peer = server.connect();
      peer.send(postText(10, "abc"));
      held.last.onAbort(() => act(held.last));
      server.advance(20_000);
      assert.deepEqual(peer.statuses, [408]);
      peer.send(`defghij${GET}`);
      peer.finish();
      assert.equal(held.exchanges.length, 1);
      assertReleased(server, peer);
    });

    it(`${what} when the handler gives up a response: is cut all the same`, () => {
      const held = new HeldHandler();
      const server = new FakeServer(held.handle);
      const peer = server.connect();
      peer.send(chunked("3\r\nabc\r\n"));
      held.last.body.claim();
      held.last.startResponse(200, [], 100);
      held.last.onAbort(() => act(held.last));
      held.last.abortResponse("content-failed");
      peer.send("nonsense\r\n");
      assert.deepEqual(peer.statuses, [200]);
      assert.equal(peer.finish().reason, "response-incomplete");
      assertReleased(server, peer);
    });
  }
});

describe("the body and the response at once", () => {
  it("a body error found while the response is aborted: no second response", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { limits: { receiveBufferLimitBytes: 3 } });
    const peer = server.connect();
    peer.send(chunked("3\r\nabc\r\nnonsense\r\n"));
    held.last.body.claim();
    held.last.startResponse(200, [], 100);
    held.last.onAbort(() => void held.last.body.read().catch(() => {}));
    held.last.abortResponse("content-failed");
    await settled();
    assert.deepEqual(peer.statuses, [200]);
  });

  it("a read that finds the error behind queued bytes: 400, inside the call", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { limits: { receiveBufferLimitBytes: 3 } });
    const peer = server.connect();
    peer.send(chunked("3\r\nabc\r\nnonsense\r\n"));
    assert.equal((await held.last.body.read())?.byteLength, 3);
    assert.deepEqual(peer.statuses, [400]);
    await assert.rejects(held.last.body.read(), { code: "FINWAIT_BODY_BROKEN_OFF" });
  });

  it("a response in the step that ends the body: one more dispatch", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle, { limits: { receiveBufferLimitBytes: 3 } });
    const peer = server.connect();
    peer.send(postText(6, `abcdef${GET}`));
    await held.last.body.read();
    held.last.respond(200, []);
    assert.equal(held.exchanges.length, 2);
    held.last.respond(200, []);
    assert.deepEqual(peer.statuses, [200, 200]);
  });

  it("two reads at once: the second is refused, the first goes on", async () => {
    const held = new HeldHandler();
    const server = new FakeServer(held.handle);
    const peer = server.connect();
    peer.send(postText(3));
    const first = held.last.body.read();
    await assert.rejects(held.last.body.read(), TypeError);
    peer.send("abc");
    assert.equal((await first)?.byteLength, 3);
  });
});
