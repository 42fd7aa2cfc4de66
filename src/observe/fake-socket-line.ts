import { ownershipOf, type SocketLine, type VisitedSocket } from "./socket-line.ts";

// A line of the table with everything that a test does not care about, and a visit of it.

export function fakeSocketLine(overrides: Partial<SocketLine> = {}): SocketLine {
  const { state = "fin-wait-2", inode = 0 } = overrides;
  return {
    state,
    localAddress: "127.0.0.1",
    localPort: 8080,
    peerAddress: "192.0.2.7",
    peerPort: 50_000,
    sendQueueBytes: 0,
    receiveQueueBytes: 0,
    timer: "none",
    timerLeftMs: null,
    uid: 0,
    inode,
    ownership: inode === null ? "unknown" : ownershipOf(state, inode),
    ...overrides,
  };
}

export function fakeVisit(overrides: Partial<SocketLine> = {}): VisitedSocket {
  const line = fakeSocketLine(overrides);
  const { state, ownership, localPort, inode, peerAddress } = line;
  return {
    state,
    ownership,
    localPort,
    inode,
    peerKey: () => peerAddress,
    toLine: () => line,
  };
}
