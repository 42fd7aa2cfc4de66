import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { fakeSocketLine } from "../observe/fake-socket-line.ts";
import { fakeFrame, fakeGroup, fakeStates } from "./fake-top-frame.ts";
import { frameJson, groupSockets } from "./top-model.ts";

// Goal: groups add up, and say only what is known. How: made-up lines, owners and ages.

const NONE = { owned: 0, orphaned: 0, "accept-queue": 0, unknown: 0 };
const OWNERS = new Map([
  [1, { pid: 10, command: "node" }],
  [2, { pid: 10, command: "node" }],
  [3, { pid: 20, command: "curl" }],
]);

describe("groupSockets", () => {
  it("lines of one peer: one group per state and owner, with sums and the largest age", () => {
    const rows = [
      fakeSocketLine({ peerPort: 1, inode: 1, sendQueueBytes: 5 }),
      fakeSocketLine({ peerPort: 2, inode: 2, sendQueueBytes: 6, receiveQueueBytes: 1 }),
      fakeSocketLine({ peerPort: 3, inode: 3 }),
      fakeSocketLine({ peerPort: 4, inode: 0 }),
      fakeSocketLine({ peerPort: 5, inode: 9 }),
      fakeSocketLine({ peerPort: 6, state: "close-wait", inode: 0 }),
    ];
    const peerAddress = "192.0.2.7";
    const groups = groupSockets({ rows, peers: [] }, OWNERS, {
      ageMs: ({ peerPort }) => (peerPort === 5 ? null : peerPort * 100),
    });
    const node = { type: "process", pid: 10, command: "node" } as const;
    const curl = { type: "process", pid: 20, command: "curl" } as const;
    assert.deepEqual(groups, [
      fakeGroup({
        owner: node,
        count: 2,
        seenForMs: 200,
        sendQueueBytes: 11,
        receiveQueueBytes: 1,
      }),
      fakeGroup({ owner: curl, seenForMs: 300 }),
      fakeGroup({ peerAddress, seenForMs: 400 }),
      fakeGroup({ owner: { type: "unknown" }, seenForMs: null }),
      fakeGroup({ owner: { type: "accept-queue" }, state: "close-wait", seenForMs: 600 }),
    ]);
  });

  it("more sockets than lines: the rest is a group that was not looked up", () => {
    const rows = [fakeSocketLine()];
    const peers = [
      { state: "fin-wait-2", peerAddress: "192.0.2.7", counts: { ...NONE, orphaned: 40 } },
      { state: "last-ack", peerAddress: "192.0.2.8", counts: { ...NONE, owned: 2 } },
    ] as const;
    const unknown = { seenForMs: null, sendQueueBytes: null, receiveQueueBytes: null };
    const owner = { type: "not-looked-up" } as const;
    assert.deepEqual(groupSockets({ rows, peers }, OWNERS, { ageMs: () => 0 }), [
      fakeGroup({ owner, count: 39, ...unknown }),
      fakeGroup({ state: "last-ack", peerAddress: "192.0.2.8", owner, count: 2, ...unknown }),
      fakeGroup(),
    ]);
  });
});

describe("frameJson", () => {
  it("a frame: one line, with the states that have sockets", () => {
    const states = fakeStates({ "fin-wait-2": { ...NONE, owned: 2, orphaned: 1 } });
    const text = frameJson(fakeFrame({ states, groups: [fakeGroup()] }));
    assert.equal(text.indexOf("\n"), text.length - 1);
    const content = JSON.parse(text) as Record<string, unknown>;
    assert.deepEqual(content.states, {
      "fin-wait-2": { count: 3, ...NONE, owned: 2, orphaned: 1 },
    });
    assert.deepEqual(content.groups, [fakeGroup()]);
    assert.equal("endings" in content, false);
  });

  it("endings that were asked for: are in it, also when they failed", () => {
    const endings = { type: "failed", reason: "ECONNREFUSED" } as const;
    const content = JSON.parse(frameJson(fakeFrame({ endings }))) as Record<string, unknown>;
    assert.deepEqual(content.endings, endings);
  });
});
