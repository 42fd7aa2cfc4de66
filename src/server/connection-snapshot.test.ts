import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { countPhases, selectConnections } from "../teardown/connection-snapshot.ts";
import type { Connection } from "./connection.ts";
import { type FakePeer, FakeServer, HeldHandler, postText, requestText } from "./fake-server.ts";

// Goal: every phase is told as it is at that moment, and the selection is ordered and bounded.
// How: fake connections are brought into each phase by what their peers and handlers do.

const CLOSE = requestText("GET /?secret", ["Connection: close", "User-Agent: curl/8.5.0 (x)"]);
const WITHOUT_OPTIONS = { canSetDeadlines: false, orphanMs: 60_000 };

function scene(): { server: FakeServer; handler: HeldHandler } {
  const handler = new HeldHandler();
  const close = { lingerIdleTimeoutMs: 1_000, lingerTotalTimeoutMs: 5_000 };
  const server = new FakeServer(handler.handle, { close, terms: WITHOUT_OPTIONS });
  return { server, handler };
}

/** A connection whose last response and FIN are with the kernel. */
function lingering({ server, handler }: ReturnType<typeof scene>): FakePeer {
  const peer = server.connect();
  peer.send(CLOSE);
  handler.last.respond(200, [], "bye");
  peer.transport.flush();
  return peer;
}

const connectionsOf = (...peers: FakePeer[]): ReadonlySet<Connection> =>
  new Set(peers.map(({ connection }) => connection));

describe("phase", () => {
  it("accepted, between requests: idle", () => {
    const { server, handler } = scene();
    const peer = server.connect();
    assert.equal(peer.connection.phase, "idle");
    peer.send(requestText());
    handler.last.respond(200, [], "x");
    assert.equal(peer.connection.phase, "idle");
  });

  it("a part of a head, then a part of a body: reading", () => {
    const { server } = scene();
    const peer = server.connect();
    peer.send("GET / HT");
    assert.equal(peer.connection.phase, "reading");
    const upload = server.connect();
    upload.send(postText(10, "12345"));
    assert.equal(upload.connection.phase, "reading");
  });

  it("a whole request, then a response that waits for the peer: responding", () => {
    const { server, handler } = scene();
    const peer = server.connect();
    peer.transport.roomBytes = 0;
    peer.send(requestText());
    assert.equal(peer.connection.phase, "responding");
    handler.last.respond(200, [], "x");
    assert.equal(peer.connection.phase, "responding");
  });

  it("a response before the end of a short body: discarding, then idle", () => {
    const { server, handler } = scene();
    const peer = server.connect();
    peer.send(postText(10, "12345"));
    handler.last.respond(413, [], "no");
    assert.equal(peer.connection.phase, "discarding");
    peer.send("67890");
    assert.equal(peer.connection.phase, "idle");
  });

  it("last response: flushing, lingering, held, and releasing once it has ended", () => {
    const made = scene();
    const peer = made.server.connect();
    peer.send(CLOSE);
    made.handler.last.respond(200, [], "bye");
    const phases = [peer.connection.phase];
    peer.transport.flush();
    phases.push(peer.connection.phase);
    made.server.advance(1_001);
    phases.push(peer.connection.phase);
    peer.transport.peerEnd();
    phases.push(peer.connection.phase);
    assert.deepEqual(phases, ["flushing", "lingering", "held", "releasing"]);
  });
});

describe("countPhases", () => {
  it("connections and two handshakes: each in its phase, together every socket", () => {
    const made = scene();
    const connections = connectionsOf(lingering(made), lingering(made), made.server.connect());
    const counts = countPhases(connections, 5);
    const { handshaking, idle, lingering: lingeringCount } = counts;
    assert.deepEqual([handshaking, idle, lingeringCount], [2, 1, 2]);
    assert.equal(
      Object.values(counts).reduce((sum, count) => sum + count, 0),
      5,
    );
  });
});

describe("selectConnections", () => {
  it("phases and a limit: the oldest of them, by their FIN", () => {
    const made = scene();
    const idle = made.server.connect();
    const first = lingering(made);
    made.server.advance(100);
    const second = lingering(made);
    const all = connectionsOf(second, idle, first);
    const nowMs = made.server.clock.now();
    const ids = (limit: number) =>
      selectConnections(all, { phases: ["lingering"], limit }, nowMs).map(({ id }) => id);
    assert.deepEqual(ids(5), [first.id, second.id]);
    assert.deepEqual(ids(1), [first.id]);
    assert.equal(selectConnections(all, {}, nowMs).length, 3);
  });

  it("a lingering connection: age, reason, client and bytes, and nothing of its request", () => {
    const made = scene();
    const peer = lingering(made);
    peer.send("more");
    made.server.advance(30);
    const [row] = selectConnections(connectionsOf(peer), {}, made.server.clock.now());
    assert.ok(row !== undefined);
    assert.deepEqual(
      { ...row, sentBytes: 0 },
      {
        id: peer.id,
        peerAddress: peer.transport.peer.address,
        peerPort: peer.transport.peer.port,
        isTls: false,
        phase: "lingering",
        ageMs: 30,
        sinceFinMs: 30,
        reason: "client-asked",
        client: "curl/8.5.0",
        clientFamily: "curl/8",
        requestCount: 1,
        receivedBytes: CLOSE.length + 4,
        sentBytes: 0,
        discardedBytes: 4,
        unsentBytes: 0,
      },
    );
    assert.ok(!JSON.stringify(row).includes("secret"));
  });

  it("no count as limit: is refused", () => {
    assert.throws(() => selectConnections(new Set(), { limit: -1 }, 0), RangeError);
  });
});
