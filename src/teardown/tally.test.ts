import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { type FakePeer, FakeServer, HeldHandler, requestText } from "../server/fake-server.ts";
import type { TallyCounts } from "./tally.ts";

// Goal: a request is lost if it reached us and got no whole response through our doing, and only
// then. How: one connection for each way to end, and what the tally says of it.

const GET = requestText();
const UPGRADE = requestText("GET /", ["Connection: upgrade", "Upgrade: x"]);

type Play = (peer: FakePeer, held: HeldHandler, server: FakeServer) => void;

function countsOf(play: Play): TallyCounts {
  const held = new HeldHandler();
  const server = new FakeServer(held.handle);
  play(server.connect(), held, server);
  assert.deepEqual(server.violations, []);
  return server.context.tally.counts;
}

const CASES: readonly (readonly [title: string, lost: 0 | 1, finished: 0 | 1, play: Play])[] = [
  [
    "a handler that is cut off by the deadline: lost",
    1,
    0,
    (peer, _, server) => {
      peer.send(GET);
      server.shutDown();
      peer.connection.endNow("shutdown-deadline");
    },
  ],
  [
    "half a request at the deadline: lost",
    1,
    0,
    (peer, _, server) => {
      peer.send(GET.slice(0, 10));
      server.shutDown();
      peer.connection.endNow("shutdown-deadline");
    },
  ],
  [
    "a response that is not sent at the deadline: lost",
    1,
    1,
    (peer, held, server) => {
      peer.transport.roomBytes = 0;
      peer.send(GET);
      held.last.respond(200, [], "x".repeat(1_000));
      server.shutDown();
      peer.connection.endNow("shutdown-deadline");
    },
  ],
  [
    "a request that crosses the FIN of a shutdown: lost, whatever the peer does then",
    1,
    1,
    (peer, held, server) => {
      peer.send(GET);
      held.last.respond(200, []);
      server.shutDown();
      peer.transport.flush();
      peer.send(GET);
      peer.transport.peerReset();
    },
  ],
  [
    "a request that crosses the FIN of an idle close: lost",
    1,
    1,
    (peer, held, server) => {
      peer.send(GET);
      held.last.respond(200, []);
      server.advance(67_000);
      peer.transport.flush();
      peer.send(GET);
      peer.transport.peerEnd();
    },
  ],
  [
    "a peer that resets its last response: not lost",
    0,
    1,
    (peer, held, server) => {
      peer.transport.roomBytes = 0;
      peer.send(GET);
      server.shutDown();
      held.last.respond(200, [], "x".repeat(1_000));
      peer.transport.peerReset();
    },
  ],
  [
    "a peer that resets before its answer: not lost",
    0,
    0,
    (peer, _, server) => {
      peer.send(GET);
      server.shutDown();
      peer.transport.peerReset();
    },
  ],
  [
    "another protocol at the deadline: not lost, as its request was answered",
    0,
    0,
    (peer, held, server) => {
      peer.send(UPGRADE);
      held.last.upgrade([["Upgrade", "x"]]);
      server.shutDown();
      peer.connection.endNow("shutdown-deadline");
    },
  ],
  [
    "an idle connection at the deadline: not lost",
    0,
    1,
    (peer, held, server) => {
      peer.send(GET);
      held.last.respond(200, []);
      server.shutDown();
      peer.connection.endNow("shutdown-deadline");
    },
  ],
  [
    "a pipelined request behind a response with close: not lost, as it was announced",
    0,
    1,
    (peer, held, server) => {
      peer.send(GET + GET);
      server.context.enter("announcing");
      held.last.respond(200, []);
      server.shutDown();
      peer.finish();
    },
  ],
  [
    "a handler that fails in the middle: not finished",
    0,
    0,
    (peer, held) => {
      peer.send(GET);
      held.last.startResponse(200, [], 10);
      peer.transport.peerReset();
    },
  ],
];

describe("Tally", () => {
  for (const [title, lost, finished, play] of CASES) {
    it(title, () => {
      const { lostCount, finishedCount } = countsOf(play);
      assert.deepEqual({ lostCount, finishedCount }, { lostCount: lost, finishedCount: finished });
    });
  }

  it("each end: counts as in order, or as reset", () => {
    const inOrder = countsOf((peer, held) => {
      peer.send(requestText("GET /", ["Connection: close"]));
      held.last.respond(200, []);
      peer.finish();
    });
    assert.deepEqual([inOrder.lingeredCount, inOrder.resetCount], [1, 0]);
    const reset = countsOf((peer, held) => {
      peer.send(GET);
      held.last.resetConnection();
    });
    assert.deepEqual([reset.lingeredCount, reset.resetCount], [0, 1]);
  });
});
