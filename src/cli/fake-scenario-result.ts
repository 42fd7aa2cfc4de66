import type { ScenarioResult } from "../scenario/scenario-result.ts";

// What a run might come to, for tests of the texts: nothing was lost, and nothing crashed.

export function fakeResult(changes: Partial<ScenarioResult> = {}): ScenarioResult {
  return {
    title: "a title",
    seed: 1,
    playedMs: 60_000,
    visitorCount: 4_000,
    requests: {
      requestCount: 5_000,
      deliveredCount: 5_000,
      lostCount: 0,
      unreachedCount: 0,
      abandonedCount: 0,
      retriedCount: 0,
      resetCount: 0,
      pendingCount: 0,
    },
    acceptedCount: 4_000,
    refusedCount: 0,
    endings: { clean: 3_990 },
    openCount: 10,
    sockets: [{ state: "fin-wait-2", peak: 1_000, mean: 500 }],
    socketPeak: 1_234,
    memory: { limitBytes: 268_435_456, peakBytes: 1_572_864, meanBytes: 1_000_000 },
    crashedAtMs: null,
    eventCount: 100_000,
    samples: [0, 30_000, 60_000].map((atMs) => ({
      atMs,
      usedBytes: 1_000_000,
      finWait2Owned: 1,
      finWait2Orphaned: 2,
      socketCount: 4,
    })),
    ...changes,
  };
}
