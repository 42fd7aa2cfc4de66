import { SHIPPED_CLIENT_RULES } from "../closing/shipped-client-rules.ts";
import type { EndpointState } from "../simulation/endpoint-account.ts";
import { Host } from "../simulation/host.ts";
import { Network } from "../simulation/network.ts";
import { behaviorOf, type SystemBehavior } from "../simulation/system-behavior.ts";
import type { TcpEndpoint } from "../simulation/tcp-endpoint.ts";
import { World } from "../simulation/world.ts";
import { systemById } from "../tcp/system-catalogue.ts";
import { Application } from "./application.ts";
import { clientProfileById } from "./client-profiles.ts";
import type { Act, RunWatcher } from "./run-watcher.ts";
import type { Scenario, ScenarioServer, ScenarioVisitors } from "./scenario.ts";
import type { ScenarioResult, ScenarioSample, StateUse } from "./scenario-result.ts";
import { SimulatedServer } from "./simulated-server.ts";
import { ClientProgram, emptyTally, Visitor, type VisitScene } from "./visitor.ts";

// Plays a scenario, a sample at a time: visitors come, the real server answers them, and the
// machine is looked at. It ends with its time, or when the machine crashes.

const SERVER_ADDRESS = "192.0.2.1";
const SERVER = { address: SERVER_ADDRESS, port: 80 };

export class ScenarioRun {
  readonly world: World;
  readonly network: Network;
  readonly scenario: Scenario;
  readonly #host: Host;
  readonly #application: Application;
  readonly #server: SimulatedServer;
  readonly #watcher: RunWatcher | null;
  readonly #visits: VisitScene;
  readonly #endings = new Map<string, number>();
  readonly #samples: ScenarioSample[] = [];
  readonly #stateSums = new Map<EndpointState, number>();
  #visitorCount = 0;

  /**
   * `watcher` sees all connections.
   *
   * @throws {RangeError} A value of the scenario cannot be used; the message says which.
   */
  constructor(scenario: Scenario, watcher: RunWatcher | null = null) {
    this.scenario = scenario;
    this.world = new World(scenario.seed);
    this.network = new Network(this.world);
    this.#watcher = watcher;
    this.#visits = { network: this.network, server: SERVER, tally: emptyTally(), watcher };
    const behavior = serverBehavior(scenario.server);
    this.#host = new Host(this.network, { address: SERVER_ADDRESS, behavior });
    if (watcher !== null) this.#watch(watcher);
    this.#application = new Application(this.world, scenario.server.application);
    this.#server = this.#startServer(scenario.server);
    for (const visitors of scenario.visitors) this.#invite(visitors);
    this.#sample();
  }

  get isOver(): boolean {
    const sampledAtMs = this.#samples.at(-1)?.atMs ?? 0;
    const { crashedAtMs } = this.#host;
    return crashedAtMs === null ? sampledAtMs >= this.#endAtMs : sampledAtMs === crashedAtMs;
  }
  /** 0 to 1. */
  get progress(): number {
    return this.world.nowMs / this.#endAtMs;
  }
  get #endAtMs(): number {
    return this.scenario.durationSeconds * 1_000;
  }

  /** Plays on to the next sample, or for so many events if that is sooner. */
  async advance(eventLimit: number = Number.POSITIVE_INFINITY): Promise<void> {
    const sampleMs = this.scenario.sampleSeconds * 1_000;
    const atMs = Math.min(this.#endAtMs, this.#samples.length * sampleMs);
    if (this.#application.awaits) await this.world.liveUntil(atMs, eventLimit);
    else this.world.runUntil(atMs, eventLimit);
    const [error] = this.#server.errors;
    if (error !== undefined) throw error;
    if (this.world.nowMs === atMs && this.world.nextAtMs > atMs) this.#sample();
  }

  result(): ScenarioResult {
    const { crashedAtMs, peakBytes, peakEndpointCount, refusedCount, behavior } = this.#host;
    const { tally } = this.#visits;
    const { deliveredCount, lostCount, unreachedCount, abandonedCount } = tally;
    const settledCount = deliveredCount + lostCount + unreachedCount + abandonedCount;
    const { memoryLimitBytes } = behavior;
    const { acceptedCount } = this.#server;
    const endedCount = [...this.#endings.values()].reduce((sum, each) => sum + each, 0);
    const usedSum = this.#samples.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
    return {
      title: this.scenario.title,
      seed: this.scenario.seed,
      playedMs: crashedAtMs ?? this.world.nowMs,
      visitorCount: this.#visitorCount,
      requests: { ...tally, pendingCount: tally.requestCount - settledCount },
      acceptedCount,
      refusedCount,
      endings: Object.fromEntries(
        [...this.#endings].sort(([one], [other]) => (one < other ? -1 : 1)),
      ),
      openCount: acceptedCount - endedCount,
      sockets: this.#stateUses(),
      socketPeak: peakEndpointCount,
      memory: {
        limitBytes: Number.isFinite(memoryLimitBytes) ? memoryLimitBytes : null,
        peakBytes,
        meanBytes: Math.round(usedSum / this.#samples.length),
      },
      crashedAtMs,
      eventCount: this.world.eventCount,
      samples: this.#samples,
    };
  }

  #startServer(server: ScenarioServer): SimulatedServer {
    const { finWait2Ender, clientRules = "shipped", close, limits, persistence } = server;
    const watcher = this.#watcher;
    const noteAct = (holder: TcpEndpoint, act: Act, detail: string | null): void => {
      watcher?.handleAct(this.world.nowMs, { side: "server", holder, act, detail });
    };
    return new SimulatedServer(this.#host, {
      handler: (exchange) => this.#application.handle(exchange),
      canSetDeadlines: finWait2Ender === "socket-options",
      ...(finWait2Ender === "system" ? { assumedOrphanMs: 0 } : {}),
      clientRules: clientRules === "shipped" ? SHIPPED_CLIENT_RULES : [],
      ...(close === undefined ? {} : { close }),
      ...(limits === undefined ? {} : { limits }),
      ...(persistence === undefined ? {} : { persistence }),
      onEnding: ({ outcome, reason }, endpoint) => {
        // The server went with its machine, though its timers are in the same queue of events.
        if (this.#host.crashedAtMs !== null) return;
        this.#endings.set(outcome.type, (this.#endings.get(outcome.type) ?? 0) + 1);
        if (watcher !== null) noteAct(endpoint, "ending", `${outcome.type} (${reason})`);
      },
      ...(watcher === null ? {} : { onAct: noteAct }),
    });
  }

  #watch(watcher: RunWatcher): void {
    const { world } = this;
    this.network.trace = (fate, segment) => watcher.handleSegment(world.nowMs, fate, segment);
    this.#host.watchMoves = (holder, before, after) => {
      const hasCrashed = this.#host.crashedAtMs !== null;
      const what = { holder, before, after, clientId: null, hasCrashed };
      watcher.handleMove(world.nowMs, { side: "server", ...what });
    };
  }

  // --- Who comes ---

  #invite({ client, arrivalsPerSecond, count }: ScenarioVisitors): void {
    const profile = typeof client === "string" ? clientProfileById(client) : client;
    const program = new ClientProgram(profile);
    let left = count ?? Number.POSITIVE_INFINITY;
    const nextMs = (): number =>
      arrivalsPerSecond === undefined
        ? this.#endAtMs / (count ?? 1)
        : this.world.random.interval(1_000 / arrivalsPerSecond);
    const arrive = (): void => {
      left -= 1;
      this.#visitorCount += 1;
      const address = addressOf(this.#visitorCount);
      new Visitor(this.#visits, program, address);
      if (left > 0) this.world.after(nextMs(), arrive);
    };
    this.world.after(arrivalsPerSecond === undefined ? nextMs() / 2 : nextMs(), arrive);
  }

  // --- The machine ---

  #sample(): void {
    const { states, usedBytes, endpointCount } = this.#host;
    const { all = 0, owned = 0 } = states.get("fin-wait-2") ?? {};
    for (const [state, count] of states) {
      this.#stateSums.set(state, (this.#stateSums.get(state) ?? 0) + count.all);
    }
    this.#samples.push({
      atMs: this.#host.crashedAtMs ?? this.world.nowMs,
      usedBytes: this.#host.crashedAtMs === null ? usedBytes : this.#host.peakBytes,
      finWait2Owned: owned,
      finWait2Orphaned: all - owned,
      socketCount: endpointCount,
    });
  }

  #stateUses(): StateUse[] {
    return [...this.#host.states]
      .map(([state, { peak }]) => {
        const mean = (this.#stateSums.get(state) ?? 0) / this.#samples.length;
        return { state, peak, mean: Math.round(mean * 10) / 10 };
      })
      .sort((one, other) => other.peak - one.peak || (one.state < other.state ? -1 : 1));
  }
}

/** Plays all of it. */
export async function playScenario(scenario: Scenario): Promise<ScenarioResult> {
  const run = new ScenarioRun(scenario);
  while (!run.isOver) await run.advance();
  return run.result();
}

function serverBehavior(server: ScenarioServer): SystemBehavior {
  const { system, memoryBytes, bytesPerConnection, onMemoryFull } = server;
  const known = behaviorOf(systemById(system));
  const bytes = bytesPerConnection;
  return {
    ...known,
    memoryLimitBytes: memoryBytes ?? Number.POSITIVE_INFINITY,
    onMemoryFull: onMemoryFull ?? known.onMemoryFull,
    memory:
      bytes === undefined
        ? known.memory
        : {
            ownedBytes: bytes,
            openingBytes: bytes,
            orphanBytes: bytes,
            finWait2Bytes: bytes,
            timeWaitBytes: bytes,
          },
  };
}

/** Of the 16 million of 10.0.0.0/8. */
function addressOf(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}
