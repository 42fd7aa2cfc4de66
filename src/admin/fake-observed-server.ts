import { DEFAULT_LEARNED_CLIENTS_OPTIONS } from "../closing/learned-clients-options.ts";
import { DEFAULT_CLOSE_POLICY } from "../closing/policy.ts";
import type { SocketStates } from "../observe/port-states.ts";
import { DEFAULT_SERVER_LIMITS } from "../server/limits.ts";
import type { Ending } from "../tcp/ending.ts";
import type { ConnectionQuery, ConnectionSnapshot } from "../teardown/connection-snapshot.ts";
import type { ObservedServer } from "./observed-server.ts";

// Test support: a server to observe that has what a test says, and no sockets.

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class FakeObservedServer implements Mutable<ObservedServer> {
  url = "http://127.0.0.1:8080/";
  port = 8_080;
  phase: ObservedServer["phase"] = "serving";
  pressure: ObservedServer["pressure"] = "none";
  socketOptions: ObservedServer["socketOptions"] = { provider: "fake" };
  settings: ObservedServer["settings"] = {
    limits: DEFAULT_SERVER_LIMITS,
    close: DEFAULT_CLOSE_POLICY,
    persistence: "on",
    learnedClients: DEFAULT_LEARNED_CLIENTS_OPTIONS,
  };
  counts: ObservedServer["counts"] = {
    finishedCount: 7,
    lingeredCount: 6,
    resetCount: 1,
    lostCount: 0,
  };
  lingering: ObservedServer["lingering"] = {
    lingeringNowCount: 0,
    lingeringPeakCount: 0,
    lingeredCount: 0,
    evictedCount: 0,
    evictedByAddressCount: 0,
    pressedCount: 0,
    turnWaitCount: 0,
  };
  learnedClients: ObservedServer["learnedClients"] = [];
  learnedRules: ObservedServer["learnedRules"] = [];
  recentEndings: Ending[] = [];
  rows: ConnectionSnapshot[] = [];
  readonly closed: Promise<void>;
  readonly #listeners = new Set<(ending: Ending) => void>();
  #settleClosed: () => void = () => {};

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
  }

  get connectionCount(): number {
    return this.rows.length;
  }

  get connectionPhases(): ObservedServer["connectionPhases"] {
    const counts = {
      handshaking: 0,
      idle: 0,
      reading: 0,
      responding: 0,
      discarding: 0,
      flushing: 0,
      lingering: 0,
      held: 0,
      releasing: 0,
    };
    for (const { phase } of this.rows) counts[phase] += 1;
    return counts;
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  connections({ phases, limit = 100 }: ConnectionQuery = {}): readonly ConnectionSnapshot[] {
    return this.rows.filter(({ phase }) => phases?.includes(phase) ?? true).slice(0, limit);
  }

  onEnding(listener: (ending: Ending) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  end(ending: Ending): void {
    this.recentEndings.push(ending);
    for (const listener of this.#listeners) listener(ending);
  }

  close(): void {
    this.phase = "closed";
    this.#settleClosed();
  }
}

/** A connection that lingers. */
export function fakeLingering(changes: Partial<ConnectionSnapshot> = {}): ConnectionSnapshot {
  return {
    id: 1,
    peerAddress: "192.0.2.1",
    peerPort: 50_001,
    isTls: false,
    phase: "lingering",
    ageMs: 5_200,
    sinceFinMs: 5_000,
    reason: "idle-timeout",
    client: "curl/8.5.0",
    clientFamily: "curl/8",
    requestCount: 1,
    receivedBytes: 100,
    sentBytes: 200,
    discardedBytes: 0,
    unsentBytes: 0,
    ...changes,
  };
}

/** What the kernel says, if it says that. */
export const FAKE_SOCKETS: SocketStates = {
  read: () =>
    Promise.resolve([
      { state: "fin-wait-2", owner: "owned", count: 2 },
      { state: "fin-wait-2", owner: "orphaned", count: 3 },
    ]),
};
