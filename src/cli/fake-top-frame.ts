import { SOCKET_STATES } from "../observe/socket-line.ts";
import type { StateCounts } from "../observe/socket-tally.ts";
import type { TopFrame, TopGroup } from "./top-model.ts";

// Frames of `finwait top` with everything that a test does not care about.

const NONE = { owned: 0, orphaned: 0, "accept-queue": 0, unknown: 0 };

export function fakeStates(overrides: Partial<StateCounts> = {}): StateCounts {
  const none = Object.fromEntries(SOCKET_STATES.map((state) => [state, NONE]));
  // The cast says what the list says: every state has its entry.
  return { ...none, ...overrides } as StateCounts;
}

export function fakeGroup(overrides: Partial<TopGroup> = {}): TopGroup {
  return {
    state: "fin-wait-2",
    peerAddress: "192.0.2.7",
    owner: { type: "orphaned" },
    count: 1,
    seenForMs: 0,
    sendQueueBytes: 0,
    receiveQueueBytes: 0,
    ...overrides,
  };
}

export function fakeFrame(overrides: Partial<TopFrame> = {}): TopFrame {
  return {
    at: "2026-11-25T03:10:45.389Z",
    source: "sock-diag",
    tookMs: 3,
    socketCount: 0,
    states: fakeStates(),
    groups: [],
    endings: null,
    unknown: [],
    ...overrides,
  };
}
