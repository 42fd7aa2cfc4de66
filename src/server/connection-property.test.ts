import assert from "node:assert/strict";
import { array, assert as check, constantFrom, nat, property, record } from "fast-check";
import { describe, it } from "vitest";
import type { Exchange } from "./exchange.ts";
import { type FakePeer, FakeServer, postText, requestText, settled } from "./fake-server.ts";

// Goal: whatever happens in whatever order, a connection ends once and breaks no promise. How:
// random steps of peers, handlers, the network and the clock, on connections that share readers;
// invariants are checked after each step and at the end. A failure prints its seed and the steps.

/**
 * What a peer, the network, the clock or a handler does. `amount` and `which` are read as needed.
 */
const STEPS = [
  "get",
  "get-close",
  "get-upgrade",
  "post-whole",
  "post-part",
  "post-chunked",
  "post-expect",
  "bytes",
  "garbage",
  "half-head",
  "peer-end",
  "peer-reset",
  "network-failure",
  "jam",
  "take",
  "take-all",
  "flush",
  "deliver",
  "released",
  "time",
  "respond",
  "start",
  "write",
  "end",
  "abort",
  "close-after",
  "read",
  "claim",
  "upgrade",
  "stale",
  "shutdown",
  "end-now",
] as const;

interface Step {
  readonly what: (typeof STEPS)[number];
  readonly peer: number;
  readonly amount: number;
}

const stepsArbitrary = array(
  record({ what: constantFrom(...STEPS), peer: nat(2), amount: nat(999) }),
  { maxLength: 60, size: "max" },
);

const PEER_TEXTS: Readonly<Record<string, (amount: number) => string>> = {
  get: () => requestText(),
  "get-close": () => requestText("HEAD /", ["Connection: close"]),
  "get-upgrade": () => requestText("GET /", ["Connection: upgrade", "Upgrade: echo"]),
  "post-whole": (amount) => postText(amount, "b".repeat(amount)),
  "post-part": (amount) => postText(amount + 1, "b".repeat(amount >> 1)),
  "post-chunked": () => `${requestText("POST /", ["Transfer-Encoding: chunked"])}5\r\nhello\r\n`,
  "post-expect": (amount) => postText(amount + 1, "", ["Expect: 100-continue"]),
  bytes: (amount) => "b".repeat(amount),
  garbage: () => "\u0000\r\n",
  "half-head": () => "GET / HTTP/1.1\r\nHo",
};

/** A server with three peers, and every exchange that any of them has begun. */
class World {
  readonly exchanges: Exchange[] = [];
  readonly server: FakeServer;
  readonly peers: readonly FakePeer[];

  constructor() {
    this.server = new FakeServer((exchange) => void this.exchanges.push(exchange), {
      limits: {
        receiveBufferLimitBytes: 64,
        sendBufferLimitBytes: 200,
        pipelinedRequestLimit: 3,
        headerTimeoutMs: 500,
        sendTimeoutMs: 700,
        bodyRateWindowMs: 600,
        bodyLimitBytes: 10_000,
      },
      close: { discardLimitBytes: 300, lingerLimitBytes: 2_000, discardTimeoutMs: 400 },
    });
    this.peers = [this.server.connect(), this.server.connect(), this.server.connect()];
  }

  play(step: Step): void {
    const peer = this.peers[step.peer];
    assert.ok(peer !== undefined);
    if (!this.#playPeer(peer, step)) this.#playHandler(peer, step);
    this.#checkPeer(peer);
  }

  #playPeer({ transport, connection }: FakePeer, { what, amount }: Step): boolean {
    const text = PEER_TEXTS[what];
    if (text !== undefined) {
      transport.peerData(text(amount));
      return true;
    }
    const acts: Readonly<Record<string, () => void>> = {
      "peer-end": () => transport.peerEnd(),
      "peer-reset": () => transport.peerReset(),
      "network-failure": () => transport.networkFailure("ETIMEDOUT"),
      jam: () => {
        transport.roomBytes = amount >> 3;
      },
      take: () => transport.take(amount),
      "take-all": () => transport.take(),
      flush: () => transport.flush(),
      deliver: () => transport.deliver(),
      released: () => {
        if (transport.release !== null || amount < 20) transport.released();
      },
      time: () => this.server.advance(amount),
      shutdown: () => {
        if (amount < 50) this.server.shutDown();
      },
      "end-now": () => connection.endNow("shutdown-deadline"),
    };
    acts[what]?.();
    return Object.hasOwn(acts, what);
  }

  /** Application code may throw at itself; what it must not do is break the connection. */
  #playHandler(peer: FakePeer, { what, amount }: Step): void {
    const own = this.exchanges.filter(({ connection }) => connection.id === peer.id);
    const exchange = what === "stale" ? own[amount % Math.max(1, own.length)] : own.at(-1);
    if (exchange === undefined) return;
    const acts: Readonly<Record<string, () => void>> = {
      respond: () => exchange.respond(amount < 100 ? 304 : 200, [], "x".repeat(amount)),
      start: () => exchange.startResponse(200, [], amount < 500 ? null : 100),
      write: () => exchange.write(new Uint8Array(amount >> 2)),
      end: () => exchange.endResponse(),
      abort: () => exchange.abortResponse("content-failed"),
      "close-after": () => exchange.closeAfterResponse(),
      read: () => void exchange.body.read().catch(() => {}),
      claim: () => exchange.body.claim(),
      upgrade: () => exchange.upgrade([["Upgrade", "echo"]]),
      stale: () => exchange.abortResponse("handler-failed"),
    };
    try {
      acts[what]?.();
    } catch (error) {
      assert.equal((error as Error).name, "LocalProtocolError", String(error));
    }
  }

  #checkPeer(peer: FakePeer): void {
    assert.deepEqual(this.server.violations, []);
    assert.ok(peer.endings.length <= 1, "more than one ending");
    const finalCount = peer.statuses.filter((status) => status >= 200).length;
    const own = this.exchanges.filter(({ connection }) => connection.id === peer.id).length;
    // One final response for each request, and one refusal that closes.
    assert.ok(finalCount <= own + 1, `${finalCount} responses to ${own} requests`);
    if (peer.endings.length === 0) return;
    assert.ok(peer.transport.release !== null, "ended and not released");
    assert.equal(peer.hasTimers, false, "ended with a timer");
  }

  /** Lets everything end: handlers give up, the network takes all, and time passes. */
  finish(): void {
    for (const exchange of [...this.exchanges]) exchange.abortResponse("handler-failed");
    for (let round = 0; round < 8; round++) {
      for (const { transport } of this.peers) {
        transport.deliver();
        transport.flush();
      }
      for (const exchange of [...this.exchanges]) exchange.abortResponse("handler-failed");
      this.server.advance(100_000);
    }
    for (const peer of this.peers) {
      this.#checkPeer(peer);
      assert.equal(peer.endings.length, 1, `connection ${peer.id} has no ending`);
      peer.transport.released();
      assert.equal(peer.releasedCount, 1);
    }
    assert.equal(this.server.context.readersInUse.size, 0, "a reader leaked");
  }
}

describe("Connection", () => {
  it("random steps of everybody: one ending each, and no promise broken", () => {
    const holds = property(stepsArbitrary, (steps) => {
      const world = new World();
      for (const step of steps) world.play(step);
      world.finish();
    });
    check(holds, { numRuns: 1_500 });
  });

  it("random steps, handlers that answer by themselves: no request stalls", async () => {
    const texts = array(
      record({ pieces: array(nat(40), { maxLength: 6 }), count: nat(6), isLate: nat(1) }),
      { maxLength: 6 },
    );
    const holds = property(texts, (bursts) => {
      const server = new FakeServer((exchange) => exchange.respond(200, [], exchange.target), {
        limits: { sendBufferLimitBytes: 50, pipelinedRequestLimit: 2, receiveBufferLimitBytes: 30 },
      });
      const peer = server.connect();
      let requestCount = 0;
      for (const { pieces, count, isLate } of bursts) {
        const text = Array.from({ length: count }, () => postText(7, "seven..")).join("");
        requestCount += count;
        if (isLate === 1) peer.transport.roomBytes = 20;
        let start = 0;
        for (const piece of pieces) {
          peer.send(text.slice(start, start + piece));
          start += piece;
        }
        peer.send(text.slice(start));
        for (let round = 0; round < 50; round++) {
          peer.transport.take();
          peer.transport.deliver();
        }
        assert.equal(peer.statuses.length, requestCount);
      }
      assert.equal(server.context.readersInUse.size, 0);
      assert.deepEqual(server.violations, []);
    });
    check(holds, { numRuns: 300 });
    await settled();
  });
});
