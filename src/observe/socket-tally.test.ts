import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { fakeVisit } from "./fake-socket-line.ts";
import type { SocketLine } from "./socket-line.ts";
import { PEER_LIMIT, ROW_LIMIT_PER_STATE, SocketTally, type TallyOptions } from "./socket-tally.ts";

// Goal: every socket is counted once where it belongs, and lists have ends. How: made-up sockets
// are visited, and the whole tally is compared.

function tallyOf(sockets: readonly Partial<SocketLine>[], options?: TallyOptions): SocketTally {
  const tally = new SocketTally(options);
  for (const socket of sockets) tally.visit(fakeVisit(socket));
  return tally;
}

const NONE = { owned: 0, orphaned: 0, "accept-queue": 0, unknown: 0 };

describe("SocketTally", () => {
  it("sockets of several states and owners: are counted by both", () => {
    const { states } = tallyOf([
      { inode: 1 },
      { inode: 0 },
      { inode: 0 },
      { state: "established" },
      { state: "established", inode: null },
    ]);
    assert.deepEqual(states["fin-wait-2"], { ...NONE, owned: 1, orphaned: 2 });
    assert.deepEqual(states.established, { ...NONE, "accept-queue": 1, unknown: 1 });
    assert.deepEqual(states["close-wait"], NONE);
  });

  it("held states: have lines and peers; the others do not", () => {
    const { rows, peers } = tallyOf([
      { peerPort: 1 },
      { peerPort: 2, inode: 7 },
      { state: "close-wait", inode: 8 },
      { state: "time-wait" },
      { state: "established" },
    ]);
    assert.equal(rows.length, 3);
    const peerAddress = "192.0.2.7";
    assert.deepEqual(peers, [
      { state: "fin-wait-2", peerAddress, counts: { ...NONE, owned: 1, orphaned: 1 } },
      { state: "close-wait", peerAddress, counts: { ...NONE, owned: 1 } },
    ]);
  });

  it("a port: is that of the local side", () => {
    const { states } = tallyOf([{ localPort: 1, peerPort: 2 }, { localPort: 2 }], { port: 2 });
    assert.deepEqual(states["fin-wait-2"], { ...NONE, orphaned: 1 });
  });

  it("states: only these are counted", () => {
    const { states, rows } = tallyOf([{}, { state: "close-wait" }], { states: ["close-wait"] });
    assert.deepEqual([states["fin-wait-2"], rows.length], [NONE, 1]);
  });

  it("a process's inodes: its sockets, and orphans at ports where it listens", () => {
    const sockets: Partial<SocketLine>[] = [
      { state: "listen", localPort: 80, inode: 1 },
      { state: "listen", localPort: 81, inode: 2 },
      { localPort: 80 },
      { localPort: 81 },
      { localPort: 80, inode: 3 },
      { localPort: 80, inode: 4 },
      { localPort: 80, inode: null },
    ];
    const { states } = tallyOf(sockets, { inodes: new Set([1, 3]) });
    assert.deepEqual(states.listen, { ...NONE, owned: 1 });
    assert.deepEqual(states["fin-wait-2"], { ...NONE, owned: 1, orphaned: 1 });
  });

  it(`more than ${ROW_LIMIT_PER_STATE} of a state: lines end, counts go on`, () => {
    const extra = 5;
    const flood = Array.from({ length: ROW_LIMIT_PER_STATE + extra }, () => ({}));
    const tally = tallyOf([...flood, { state: "last-ack" }]);
    assert.equal(tally.rows.length, ROW_LIMIT_PER_STATE + 1);
    assert.equal(tally.omittedRowCount, extra);
    assert.equal(tally.states["fin-wait-2"].orphaned, ROW_LIMIT_PER_STATE + extra);
    assert.equal(tally.peers[0]?.counts.orphaned, ROW_LIMIT_PER_STATE + extra);
  });

  it(`more than ${PEER_LIMIT} peers: the rest is counted without its peer`, () => {
    const peers = Array.from({ length: PEER_LIMIT + 3 }, (_, index) => {
      return { peerAddress: `peer ${index}` };
    });
    const tally = tallyOf([...peers, { peerAddress: "peer 0" }]);
    assert.equal(tally.peers.length, PEER_LIMIT);
    assert.equal(tally.omittedPeerCount, 3);
    assert.equal(tally.states["fin-wait-2"].orphaned, PEER_LIMIT + 4);
    assert.equal(tally.peers[0]?.counts.orphaned, 2);
  });
});
