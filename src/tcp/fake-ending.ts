import type { Ending } from "./ending.ts";

// Test support: the ending of a connection that never was. `changes` replace whole fields.

export function fakeEnding(changes: Partial<Ending> = {}): Ending {
  return {
    connectionId: 1,
    peerAddress: "192.0.2.1",
    peerPort: 50_001,
    isTls: false,
    openedAtMs: 1_700_000_000_000,
    outcome: { type: "clean" },
    reason: "client-asked",
    firstEnder: "local",
    peerEnd: { type: "fin", evidence: "observed" },
    delivery: { isAcknowledged: true, evidence: "observed" },
    leftIn: { state: "time-wait", evidence: "observed" },
    requestCount: 1,
    receivedBytes: 100,
    sentBytes: 200,
    discardedBytes: 0,
    unsentBytes: 0,
    durations: { openMs: 20, flushingMs: 1, lingeringMs: 30, heldMs: 0 },
    client: "curl/8.5.0",
    ...changes,
  };
}
