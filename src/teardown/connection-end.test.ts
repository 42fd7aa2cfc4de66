import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { ClosePolicy } from "../closing/policy.ts";
import {
  type FakePeer,
  FakeServer,
  type FakeServerOptions,
  requestText,
} from "../server/fake-server.ts";
import type { TcpFacts } from "../transport/tcp-facts.ts";

// Goal: how a socket is released, with and without the kernel's help, and what the budget does.
// How: fake connections whose last response is out; what the transport was asked for.

const POLICY: Partial<ClosePolicy> = {
  lingerIdleTimeoutMs: 1_000,
  lingerTotalTimeoutMs: 10_000,
  shortLingerTimeoutMs: 400,
  finWait2TimeoutMs: 8_000,
  unacknowledgedTimeoutMs: 6_000,
};
const WITHOUT_OPTIONS = { canSetDeadlines: false, orphanMs: 60_000 };

const FACTS: TcpFacts = {
  state: "fin-wait-1",
  isEverythingAcknowledged: false,
  isFinAcknowledged: false,
  acknowledgedBytes: 0,
  sentBytes: 100,
  notSentBytes: 0,
  unacknowledgedSegments: 1,
  roundTripMs: 20,
  retransmitTimeoutMs: 220,
};
const ACKNOWLEDGED: TcpFacts = {
  ...FACTS,
  state: "fin-wait-2",
  isEverythingAcknowledged: true,
  isFinAcknowledged: true,
};

function serverWith(
  close: Partial<ClosePolicy> = {},
  options: Omit<FakeServerOptions, "close"> = {},
): FakeServer {
  const handler: ConstructorParameters<typeof FakeServer>[0] = (exchange) => {
    exchange.respond(200, [], "x");
  };
  return new FakeServer(handler, { ...options, close: { ...POLICY, ...close } });
}

/** A connection whose last response and FIN are with the kernel. */
function lingering(server: FakeServer): FakePeer {
  const peer = server.connect();
  peer.send(requestText("GET /", ["Connection: close"]));
  peer.transport.flush();
  return peer;
}

describe("with socket options", () => {
  // TCP_LINGER2 overrides tcp_fin_timeout in both directions.
  it("a system that is tuned to less than what is left: its own time is not made longer", () => {
    const server = serverWith({}, { terms: { orphanMs: 3_000 } });
    const peer = lingering(server);
    server.advance(1_000);
    assert.deepEqual([peer.transport.release, peer.transport.releaseMs], ["close-within", 3_000]);
  });

  it("the end begins: bounds what may stay unacknowledged", () => {
    assert.equal(lingering(serverWith()).transport.unacknowledgedTimeoutMs, 6_000);
  });

  it("a bound of lingering: leaves to the kernel what is left of FIN-WAIT-2", () => {
    const server = serverWith();
    const peer = lingering(server);
    server.advance(1_000);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-idle-time" });
    assert.deepEqual([peer.transport.release, peer.transport.releaseMs], ["close-within", 7_000]);
  });

  it("a deadline shorter than lingering: ends it, and nothing is left", () => {
    const server = serverWith({ finWait2TimeoutMs: 500 });
    const peer = lingering(server);
    server.advance(500);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "fin-wait-2-time" });
    assert.deepEqual([peer.transport.release, peer.transport.releaseMs], ["close-within", 0]);
  });

  it("the peer's FIN: needs no deadline", () => {
    const peer = lingering(serverWith());
    peer.transport.peerEnd();
    assert.equal(peer.ending.outcome.type, "clean");
    assert.equal(peer.transport.release, "close");
  });

  it("the kernel's word at the end: is the delivery receipt", () => {
    const peer = lingering(serverWith());
    peer.transport.facts = { ...ACKNOWLEDGED, state: "closed" };
    peer.transport.peerEnd();
    assert.deepEqual(peer.ending.delivery, { isAcknowledged: true, evidence: "observed" });
    assert.deepEqual(peer.ending.peerEnd, { type: "fin", evidence: "observed" });
  });

  it("a FIN behind which the kernel holds an RST: is a reset, never clean", () => {
    const peer = lingering(serverWith());
    peer.transport.isResetPending = true;
    peer.transport.peerEnd();
    assert.equal(peer.ending.outcome.type, "reset-by-peer");
    assert.equal(peer.ending.peerEnd.type, "reset");
  });

  it("mode so-linger: closes with it once everything is with the kernel", () => {
    const handler = (exchange: { respond(status: number, fields: []): void }): void =>
      exchange.respond(200, []);
    const server = new FakeServer(handler, { close: { mode: "so-linger" } });
    const peer = lingering(server);
    const { release, releaseMs } = peer.transport;
    assert.deepEqual([release, releaseMs], ["close-with-so-linger", 2_000]);
    assert.equal(peer.transport.soLingerRestMs, 60_000);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "mode-so-linger" });
  });
});

describe("releaseWhen acknowledged", () => {
  it("our FIN is acknowledged: released at the next look, and no longer held", () => {
    const server = serverWith({ releaseWhen: "acknowledged" });
    const peer = lingering(server);
    peer.transport.facts = FACTS;
    server.advance(30);
    assert.equal(peer.transport.release, null);
    peer.transport.facts = ACKNOWLEDGED;
    server.advance(40);
    assert.deepEqual(peer.ending.outcome, { type: "acknowledged" });
    assert.deepEqual(peer.ending.leftIn, { state: "fin-wait-2", evidence: "observed" });
    assert.equal(peer.hasTimers, false);
  });

  it("never acknowledged: looked at ever more rarely, until a bound ends it", () => {
    const server = serverWith({ releaseWhen: "acknowledged", lingerIdleTimeoutMs: 7_000 });
    const peer = lingering(server);
    let looks = 0;
    peer.transport.tcpFacts = () => {
      looks += 1;
      return FACTS;
    };
    server.advance(6_999);
    assert.ok(looks >= 10 && looks <= 16, `${looks} looks`);
    server.advance(1);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-idle-time" });
  });

  it("peer-closed: the kernel is not asked before the end", () => {
    const server = serverWith();
    const peer = lingering(server);
    peer.transport.facts = ACKNOWLEDGED;
    server.advance(999);
    assert.equal(peer.transport.release, null);
  });
});

describe("without socket options", () => {
  it("a silent peer: is held to the shorter deadline, then reset", () => {
    const server = serverWith({}, { terms: WITHOUT_OPTIONS });
    const peer = lingering(server);
    server.advance(5_999);
    assert.equal(peer.transport.release, null);
    server.advance(1);
    assert.equal(peer.transport.release, "reset");
    const { outcome, durations } = peer.ending;
    assert.deepEqual(outcome, { type: "reset-by-local", bound: "unacknowledged-time" });
    assert.deepEqual([durations.lingeringMs, durations.heldMs], [1_000, 5_000]);
    assert.equal(peer.hasTimers, false);
  });

  it("a FIN while it is held: is clean after all", () => {
    const server = serverWith({}, { terms: WITHOUT_OPTIONS });
    const peer = lingering(server);
    server.advance(3_000);
    peer.transport.peerEnd();
    assert.equal(peer.ending.outcome.type, "clean");
    assert.deepEqual(peer.ending.delivery, { isAcknowledged: true, evidence: "inferred" });
  });

  it("a kernel that is quicker than the deadline: gets it at once", () => {
    const server = serverWith({}, { terms: { ...WITHOUT_OPTIONS, orphanMs: 7_000 } });
    const peer = lingering(server);
    server.advance(1_000);
    assert.equal(peer.transport.release, "close");
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-idle-time" });
  });

  it("the server shuts down: lets go of what it holds", () => {
    const server = serverWith({}, { terms: WITHOUT_OPTIONS });
    const peer = lingering(server);
    server.advance(2_000);
    server.shutDown();
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "shutdown-deadline" });
    assert.equal(peer.transport.release, "close");
  });
});

describe("held", () => {
  it("the total time of lingering: does not end it, only its own deadline does", () => {
    const close = { lingerTotalTimeoutMs: 3_000 };
    const server = serverWith(close, { terms: WITHOUT_OPTIONS });
    const peer = lingering(server);
    server.advance(5_999);
    assert.equal(peer.transport.release, null);
    server.advance(1);
    const bound = "unacknowledged-time";
    assert.deepEqual(peer.ending.outcome, { type: "reset-by-local", bound });
    assert.equal(peer.ending.durations.lingeringMs, 1_000);
  });
});

describe("held from the very FIN on", () => {
  it("more than the bound of bytes was thrown away before it: its own deadline ends it", () => {
    const server = serverWith({ lingerLimitBytes: 10 }, { terms: WITHOUT_OPTIONS });
    const peer = server.connect();
    peer.send(requestText("GET /", ["Connection: close"]));
    peer.send("x".repeat(11));
    peer.transport.flush();
    assert.equal(peer.transport.release, null);
    server.advance(5_999);
    assert.equal(peer.transport.release, null);
    server.advance(1);
    const bound = "unacknowledged-time";
    assert.deepEqual(peer.ending.outcome, { type: "reset-by-local", bound });
    assert.equal(peer.hasTimers, false);
    assert.equal(server.context.budget.counts.lingeringNowCount, 0);
  });
});

describe("linger budget", () => {
  it("one more than the limit: the oldest is released, with that as its bound", () => {
    const server = serverWith({ lingerConnectionLimit: 2, lingerPressurePercent: 100 });
    const peers = [lingering(server), lingering(server), lingering(server)];
    const releases = peers.map(({ transport }) => transport.release);
    assert.deepEqual(releases, ["close-within", null, null]);
    assert.deepEqual(peers[0]?.ending.outcome, { type: "abandoned", bound: "linger-budget" });
    assert.equal(server.context.budget.counts.lingeringNowCount, 2);
  });

  it("no room even for the new one: it is gone, and no timer is left behind", () => {
    const server = serverWith({ lingerConnectionLimit: 0 });
    const peer = lingering(server);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "linger-budget" });
    assert.equal(peer.hasTimers, false);
    assert.equal(server.context.budget.counts.lingeringNowCount, 0);
  });

  it("above the mark: an older one that has had the time of a short linger goes, too", () => {
    const server = serverWith({ lingerConnectionLimit: 4, lingerPressurePercent: 25 });
    const old = lingering(server);
    server.advance(399);
    lingering(server);
    assert.equal(old.transport.release, null);
    server.advance(1);
    lingering(server);
    assert.deepEqual(old.ending.outcome, { type: "abandoned", bound: "linger-total-time" });
  });

  it("an end of any kind: leaves the budget", () => {
    const server = serverWith();
    lingering(server).transport.peerEnd();
    lingering(server).transport.peerReset();
    lingering(server);
    server.advance(1_000);
    assert.equal(server.context.budget.counts.lingeringNowCount, 0);
  });

  it("above the pressure mark: lingers shortly, and goes with the acknowledgment", () => {
    const server = serverWith({ lingerPressurePercent: 0 });
    const [silent, acknowledging] = [lingering(server), lingering(server)];
    acknowledging.transport.facts = ACKNOWLEDGED;
    server.advance(5);
    assert.equal(acknowledging.ending.outcome.type, "acknowledged");
    assert.equal(silent.transport.release, null);
    server.advance(395);
    assert.equal(silent.ending.outcome.type, "abandoned");
  });

  it("above the mark: an older one that the peer has acknowledged goes at once", () => {
    const limits = { lingerConnectionLimit: 4, lingerPressurePercent: 25 };
    const server = serverWith(limits);
    const old = lingering(server);
    old.transport.facts = ACKNOWLEDGED;
    assert.equal(old.transport.release, null);
    lingering(server);
    assert.equal(old.ending.outcome.type, "acknowledged");
  });

  it("more bytes than a turn's share: stops reading until the next turn", () => {
    const server = serverWith({ lingerTurnLimitBytes: 65_536 });
    const [busy, other] = [lingering(server), lingering(server)];
    busy.send(new Uint8Array(65_536));
    assert.equal(busy.transport.isPaused, false);
    busy.send(new Uint8Array(1));
    assert.equal(busy.transport.isPaused, true);
    other.send(new Uint8Array(1));
    assert.equal(other.transport.isPaused, true);
    server.advance(1);
    // The share is for one read.
    assert.deepEqual([busy.transport.isPaused, other.transport.isPaused], [false, true]);
    server.advance(1);
    assert.deepEqual([busy.transport.isPaused, other.transport.isPaused], [false, false]);
    assert.deepEqual(server.violations, []);
  });
});

describe("what the kernel acknowledges", () => {
  it("a slow reader behind a large send buffer: is no stalled one", () => {
    const server = new FakeServer((exchange) => exchange.respond(200, [], "x".repeat(100)), {
      limits: { sendTimeoutMs: 1_000 },
    });
    const peer = server.connect();
    peer.transport.roomBytes = 10;
    peer.transport.facts = { ...FACTS, acknowledgedBytes: 1 };
    peer.send(requestText());
    server.advance(900);
    peer.transport.facts = { ...FACTS, acknowledgedBytes: 2 };
    server.advance(1_000);
    assert.equal(peer.transport.release, null);
    server.advance(1_000);
    assert.deepEqual(peer.ending.outcome, { type: "abandoned", bound: "send-timeout" });
  });
});
