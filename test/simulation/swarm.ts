import {
  type ClosePolicy,
  DEFAULT_CLOSE_POLICY,
  type Ending,
  type Exchange,
  type ServerLimits,
} from "../../src/index.ts";
import { SimulatedServer } from "../../src/scenario/simulated-server.ts";
import type {
  AccountHolder,
  EndpointPlace,
  EndpointState,
} from "../../src/simulation/endpoint-account.ts";
import { Host } from "../../src/simulation/host.ts";
import type { LinkOptions } from "../../src/simulation/link.ts";
import { Network } from "../../src/simulation/network.ts";
import type { Random } from "../../src/simulation/random.ts";
import { segmentText } from "../../src/simulation/segment.ts";
import { LINUX, type SystemBehavior } from "../../src/simulation/system-behavior.ts";
import type { TcpEndpoint } from "../../src/simulation/tcp-endpoint.ts";
import { World } from "../../src/simulation/world.ts";
import { readAll } from "../support/scene.ts";
import { type ClientPlan, type Piece, SwarmClient } from "./swarm-client.ts";

// A swarm: from one seed a machine, a policy, links with faults, and clients of all manners, and
// what must be true of every one of their connections afterwards.

/** Everything is over long before: the longest bound of a policy here, and the kernel's own. */
const CLIENTS_EXIT_AT_MS = 900_000;
const END_AT_MS = 4_000_000;
const SERVER = "192.0.2.1";

export interface SwarmResult {
  /** What must never be, and was. */
  readonly violations: readonly string[];
  readonly eventCount: number;
  readonly connectionCount: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Every segment, in order, if asked for. */
  readonly trace: readonly string[];
}

interface AliveState {
  readonly state: EndpointState;
  readonly enteredAtMs: number;
}

interface Site {
  readonly policy: Partial<ClosePolicy>;
  readonly limits: Partial<ServerLimits>;
  readonly behavior: SystemBehavior;
  readonly canSetDeadlines: boolean;
  /** Its bounds are far beyond what honest clients do. */
  readonly isGenerous: boolean;
  hasShutdown: boolean;
}

/** Bounds that do not wait for anybody. */
const IMPATIENT_BOUNDS: ReadonlySet<string> = new Set([
  "shutdown-deadline",
  "mode-off",
  "linger-budget",
  "overload",
]);

/** Timers are coarse, and the kernel is polled once a second. */
const SLACK_MS = 1_500;

/** Plays the world of `seed` to its end. */
export async function runSwarm(seed: number, isTraced = false): Promise<SwarmResult> {
  const swarm = new Swarm(seed, isTraced);
  return await swarm.run();
}

class Swarm {
  readonly #world: World;
  readonly #network: Network;
  readonly #site: Site;
  readonly #host: Host;
  readonly #server: SimulatedServer;
  readonly #clients: SwarmClient[] = [];
  readonly #endings: Ending[] = [];
  readonly #violations: string[] = [];
  readonly #trace: string[] = [];
  /** The last state of each of the server's connections that was not "closed", and since when. */
  readonly #alive = new WeakMap<AccountHolder, AliveState>();

  constructor(seed: number, isTraced: boolean) {
    this.#world = new World(seed);
    this.#network = new Network(this.#world);
    if (isTraced) {
      this.#network.trace = (fate, segment) => {
        if (fate === "handled") return;
        const { from, to } = segment;
        const ends = `${from.address}:${from.port} ${to.address}:${to.port}`;
        this.#trace.push(`${this.#world.nowMs} ${fate} ${ends} ${segmentText(segment)}`);
      };
    }
    this.#site = drawSite(this.#world.random);
    const { policy, limits, behavior, canSetDeadlines } = this.#site;
    this.#host = new Host(this.#network, { address: SERVER, behavior });
    this.#host.watchMoves = (holder, before, after) => this.#noteMove(holder, before, after);
    this.#server = new SimulatedServer(this.#host, {
      handler: (exchange) => answer(this.#world, exchange),
      close: policy,
      limits,
      canSetDeadlines,
      onEnding: (ending, endpoint) => this.#handleEnding(ending, endpoint),
    });
  }

  async run(): Promise<SwarmResult> {
    const { random } = this.#world;
    const clientCount = random.integer(1, 8);
    for (let index = 0; index < clientCount; index += 1) {
      const link = drawLink(random);
      const plan = drawPlan(random);
      this.#world.after(random.interval(500), () => this.#connect(index, link, plan));
    }
    if (random.chance(0.3)) this.#planShutdown();
    this.#world.after(CLIENTS_EXIT_AT_MS, () => this.#checkRelease());
    try {
      await this.#world.liveUntil(END_AT_MS);
      this.#checkEnd();
      for (const client of this.#clients) this.#checkClient(client);
    } catch (error) {
      this.#violations.push(`threw ${error instanceof Error ? error.stack : error}`);
    }
    const outcomes: Record<string, number> = {};
    for (const { outcome } of this.#endings) {
      outcomes[outcome.type] = (outcomes[outcome.type] ?? 0) + 1;
    }
    return {
      violations: this.#violations,
      eventCount: this.#world.eventCount,
      connectionCount: this.#server.acceptedCount,
      outcomes,
      trace: this.#trace,
    };
  }

  #connect(index: number, link: LinkOptions, plan: ClientPlan): void {
    const address = `198.51.100.${index + 1}`;
    const options = { address, behavior: LINUX, wayOut: link, wayIn: link };
    const host = new Host(this.#network, options);
    this.#clients.push(new SwarmClient(this.#world, host, SERVER, plan));
  }

  #planShutdown(): void {
    const { random } = this.#world;
    const deadlineMs = random.pick([0, 100, 1_000, 10_000]);
    const options = { deadlineMs, announceMs: Math.min(deadlineMs, random.pick([0, 100, 1_000])) };
    this.#site.hasShutdown = true;
    this.#world.after(random.interval(2_000), () => {
      void this.#server.shutdown(options);
      this.#world.after(deadlineMs + SLACK_MS, () => {
        const { size } = this.#server.connections;
        this.#expect(size === 0, `${size} connections are left behind a shutdown's deadline`);
      });
    });
  }

  // --- What must be true ---

  /** What the record says against what the kernel knows at that moment. */
  #handleEnding(ending: Ending, endpoint: TcpEndpoint): void {
    this.#endings.push(ending);
    const { outcome, reason, peerAddress } = ending;
    const what = `${peerAddress} (${reason}, ${outcome.type})`;
    const { error, received, isAtEnd } = endpoint;
    const { state, enteredAtMs } = this.#stateBefore(endpoint);
    const sinceMs = this.#world.nowMs - enteredAtMs;
    const { releaseWhen } = this.#site.policy;
    const { canSetDeadlines } = this.#site;
    switch (outcome.type) {
      case "clean":
        this.#expect(received.isEnded, `${what} without the client's FIN`);
        if (canSetDeadlines) this.#expect(error === null, `${what} in spite of ${error}`);
        break;
      case "reset-by-peer":
        this.#expect(error !== null, `${what} without an RST`);
        break;
      case "network-failed":
        this.#expect(error === outcome.code, `${what} by ${outcome.code}, and it was ${error}`);
        break;
      case "abandoned":
      case "reset-by-local": {
        const isLingerBound = outcome.bound?.startsWith("linger") === true;
        const isHeld = outcome.bound !== null && !IMPATIENT_BOUNDS.has(outcome.bound);
        // In the very millisecond data and FIN may have come together, and data is read first.
        // Nor does anybody read on, and so see a FIN, behind more bytes than the policy allows.
        const { lingerLimitBytes = DEFAULT_CLOSE_POLICY.lingerLimitBytes } = this.#site.policy;
        const isRead = ending.discardedBytes <= lingerLimitBytes;
        const isEnded = isHeld && isAtEnd && isRead && sinceMs > 1;
        this.#expect(!isEnded, `${what} in spite of the client's FIN`);
        const isUnseen = isHeld && error !== null && sinceMs > SLACK_MS;
        this.#expect(!isUnseen, `${what} ${sinceMs} ms behind ${error}`);
        const isLate = state === "fin-wait-2" && sinceMs > SLACK_MS;
        const isReleased = releaseWhen === "acknowledged" && canSetDeadlines && isLingerBound;
        this.#expect(!(isLate && isReleased), `${what} ${sinceMs} ms behind the acknowledgment`);
      }
    }
  }

  /** A reset of ours has closed it before the record is written: what it was before that. */
  #stateBefore(endpoint: TcpEndpoint): AliveState {
    const { state, enteredAtMs, error } = endpoint;
    const isOurs = state === "closed" && enteredAtMs === this.#world.nowMs && error === null;
    return (isOurs ? this.#alive.get(endpoint) : undefined) ?? endpoint;
  }

  #noteMove(
    holder: AccountHolder,
    before: EndpointPlace | null,
    after: EndpointPlace | null,
  ): void {
    // To lose its application is no new state.
    if (after === null || after.state === "closed" || after.state === before?.state) return;
    this.#alive.set(holder, { state: after.state, enteredAtMs: this.#world.nowMs });
  }

  /** Clients that never close are still there: only the server's bounds have released anything. */
  #checkRelease(): void {
    for (const connection of this.#server.connections) {
      const { phase, sinceFinMs } = connection.snapshot(this.#world.nowMs);
      const error = this.#server.endpoints.get(connection.id)?.error ?? null;
      this.#expect(error === null, `connection ${connection.id} is ${phase} behind ${error}`);
      if (sinceFinMs === null) continue;
      this.#violations.push(`connection ${connection.id} is ${phase}, ${sinceFinMs} ms after FIN`);
    }
    for (const client of this.#clients) client.exit();
  }

  #checkEnd(): void {
    const { acceptedCount, connections, errors } = this.#server;
    this.#expect(connections.size === 0, `${connections.size} connections are still there`);
    const count = this.#endings.length;
    this.#expect(count === acceptedCount, `${count} endings of ${acceptedCount} connections`);
    const ids = new Set(this.#endings.map(({ connectionId }) => connectionId));
    this.#expect(ids.size === count, `${count} endings of ${ids.size} connections`);
    this.#expect(errors.length === 0, `handlers failed: ${errors.join(", ")}`);
    const { usedBytes, orphanCount, endpointCount } = this.#host;
    this.#expect(usedBytes === 0, `${usedBytes} bytes of the machine are still in use`);
    this.#expect(orphanCount === 0, `${orphanCount} orphans are counted`);
    this.#expect(endpointCount === 0, `${endpointCount} connections are still in the kernel`);
    this.#expect(this.#world.isQuiet, "something is still planned");
    for (const ending of this.#endings) this.#checkBounds(ending);
  }

  #checkBounds({ connectionId, durations, outcome, reason }: Ending): void {
    const { lingerTotalTimeoutMs = 30_000, finWait2TimeoutMs = 60_000 } = this.#site.policy;
    // Timers are coarse: a millisecond, and a poll of the kernel.
    const lingerMs = durations.lingeringMs + durations.heldMs;
    const limitMs = Math.max(lingerTotalTimeoutMs, finWait2TimeoutMs) + 1_100;
    const what = `connection ${connectionId} (${reason}, ${outcome.type})`;
    this.#expect(durations.lingeringMs <= lingerTotalTimeoutMs + 1_100, `${what} lingered on`);
    this.#expect(lingerMs <= limitMs, `${what} was held for ${lingerMs} ms`);
  }

  #checkClient(client: SwarmClient): void {
    const { local, received } = client.endpoint;
    const ending = this.#endings.find(({ peerAddress }) => peerAddress === local.address);
    if (ending === undefined) return;
    const { outcome, delivery, reason, sentBytes } = ending;
    const what = `${local.address} (${reason}, ${outcome.type})`;
    const arrivedBytes = received.next - 1 - (received.isEnded ? 1 : 0);
    if (delivery.isAcknowledged === true && delivery.evidence === "observed") {
      const text = `${what} acknowledged ${sentBytes} bytes, and has ${arrivedBytes}`;
      this.#expect(arrivedBytes >= sentBytes, text);
    }
    if (outcome.type === "clean") {
      this.#expect(client.hasSentFin, `${what} ended clean without a FIN of the client's`);
    }
    if (outcome.type === "reset-by-peer") {
      const isReset = client.hasReset || client.hasSentFin || client.hasVanished;
      this.#expect(isReset, `${what} was reset by nobody`);
    }
    const { isGenerous, hasShutdown } = this.#site;
    if (isGenerous && client.isHonest && !hasShutdown) this.#checkHonest(client, ending, what);
  }

  /** Nobody had a reason to lose anything. */
  #checkHonest(client: SwarmClient, ending: Ending, what: string): void {
    const { endpoint, parser, completeCount } = client;
    this.#expect(endpoint.error === null, `${what} saw ${endpoint.error}`);
    this.#expect(ending.outcome.type === "clean", `${what} did not end clean`);
    const isWhole = client.receivedBytes === ending.sentBytes;
    this.#expect(isWhole, `${what} has ${client.receivedBytes} of ${ending.sentBytes} bytes`);
    const cut = parser.responses.length - completeCount;
    const isGivenUp = ending.reason === "response-incomplete";
    this.#expect(cut === 0 || isGivenUp, `${what} has ${cut} responses that are cut`);
    const answered = ending.requestCount;
    const isAnswered = completeCount >= answered || isGivenUp || ending.reason === "peer-ended";
    this.#expect(isAnswered, `${what} has ${completeCount} responses to ${answered} requests`);
  }

  #expect(isTrue: boolean, violation: string): void {
    if (!isTrue) this.#violations.push(violation);
  }
}

// --- Handlers: what they do is in the target ---

function answer(world: World, exchange: Exchange): Promise<void> | undefined {
  const [, what, first, second] = exchange.target.split("/");
  const content = new Uint8Array(Number(first));
  const respond = (): void => exchange.respond(200, [], content);
  switch (what) {
    case "early":
      respond();
      return;
    case "last":
      exchange.respond(413, [["Connection", "close"]], content);
      return;
    case "read":
      // What breaks off was answered by the server, or has nobody to be answered.
      return readAll(exchange).then(respond, () => {});
    case "slow":
      return new Promise((resolve) => {
        const isGone = { value: false };
        exchange.onAbort(() => {
          isGone.value = true;
          resolve();
        });
        world.after(Number(second), () => {
          if (!isGone.value) respond();
          resolve();
        });
      });
    default:
      exchange.startResponse(200, [], 1_000);
      exchange.write(new Uint8Array(500));
      exchange.abortResponse("content-failed");
  }
}

// --- Drawing ---

function drawSite(random: Random): Site {
  const isGenerous = random.chance(0.6);
  const behavior: SystemBehavior = {
    ...LINUX,
    finWait2OrphanMs: random.pick([2_000, 60_000, 120_000]),
    sendBufferBytes: random.pick([16_384, 65_536, 262_144]),
    receiveBufferBytes: random.pick([16_384, 65_536, 131_072]),
    timers: random.pick(["wheel", "wheel", "ticks"]),
    resetsUnreadOnClose: random.chance(0.9),
    retryLimit: isGenerous ? LINUX.retryLimit : random.pick([3, 3, 15]),
  };
  const limits: Partial<ServerLimits> = isGenerous
    ? { keepAliveTimeoutMs: random.pick([200, 5_000]) }
    : { keepAliveTimeoutMs: 200, headerTimeoutMs: 2_000, requestLimit: random.integer(1, 5) };
  const canSetDeadlines = random.chance(0.5);
  if (isGenerous) {
    const policy: Partial<ClosePolicy> = {
      lingerIdleTimeoutMs: 60_000,
      lingerTotalTimeoutMs: 120_000,
      shortLingerTimeoutMs: 100_000,
      lingerMinRateBytesPerSecond: 0,
      discardLimitBytes: random.pick([0, 10_000, 262_144]),
      discardTimeoutMs: random.pick([0, 2_000]),
      finWait2TimeoutMs: 180_000,
      unacknowledgedTimeoutMs: 600_000,
    };
    return { policy, limits, behavior, canSetDeadlines, isGenerous, hasShutdown: false };
  }
  // close() with SO_LINGER wants a socket option.
  const last = canSetDeadlines ? "so-linger" : "lingering";
  const mode = random.pick(["lingering", "off", last] as const);
  const linger: Partial<ClosePolicy> =
    mode !== "lingering"
      ? {}
      : {
          lingerIdleTimeoutMs: random.pick([50, 500, 5_000, 5_000]),
          lingerTotalTimeoutMs: random.pick([5_000, 30_000]),
          lingerLimitBytes: random.pick([10_000, 1_000_000]),
          shortLingerTimeoutMs: random.pick([100, 2_000]),
          onLingerExhausted: random.pick(["close", "reset"]),
          releaseWhen: random.pick(["peer-closed", "acknowledged"]),
        };
  const policy: Partial<ClosePolicy> = {
    mode,
    ...linger,
    ...(mode === "so-linger" ? { soLingerTimeoutMs: random.pick([0, 1_000, 30_000]) } : {}),
    discardLimitBytes: random.pick([0, 10_000]),
    discardTimeoutMs: random.pick([100, 2_000]),
    finWait2TimeoutMs: random.pick([1_000, 10_000, 60_000]),
    unacknowledgedTimeoutMs: random.pick([2_000, 60_000]),
    lingerConnectionLimit: random.pick([1, 3, 4_096]),
  };
  return { policy, limits, behavior, canSetDeadlines, isGenerous, hasShutdown: false };
}

function drawLink(random: Random): LinkOptions {
  const rate = random.pick([0, 0, 0.01, 0.05]);
  return {
    delayMs: random.pick([0, 1, 20, 150]),
    bytesPerSecond: random.pick([Infinity, Infinity, 1_000_000, 100_000]),
    lossRate: rate,
    duplicationRate: rate,
    reorderingRate: rate,
  };
}

function drawPlan(random: Random): ClientPlan {
  if (random.chance(0.2)) return drawAbandoner(random);
  if (random.chance(0.15)) return drawSleeper(random);
  return random.chance(0.06) ? drawDeafVanisher(random) : drawVisitor(random);
}

/** Asks for more than its window holds, reads nothing of it, and is gone. */
function drawDeafVanisher(random: Random): ClientPlan {
  return {
    pieces: [piece(headOf("GET", "/early/300000/0", []))],
    readsAfterMs: Infinity,
    halfCloses: false,
    closesAfterMs: Infinity,
    resetsAtMs: Infinity,
    vanishesAtMs: 200 + random.interval(500),
  };
}

/** Answers the server's FIN, and takes so long that bounds of lingering are reached before. */
function drawSleeper(random: Random): ClientPlan {
  return {
    pieces: [piece(headOf("GET", `/${random.pick(["last", "early"])}/100/0`, []))],
    readsAfterMs: 0,
    halfCloses: false,
    closesAfterMs: random.pick([700, 3_000, 8_000, 20_000]),
    resetsAtMs: Infinity,
    vanishesAtMs: Infinity,
  };
}

/** Breaks off in the middle of a body whose answer is there already, or slow. */
function drawAbandoner(random: Random): ClientPlan {
  const target = random.pick(["/early/100/0", "/early/300000/0", "/slow/20000/1000"]);
  const pieces = [
    piece(headOf("POST", target, ["Content-Length: 5000"])),
    piece("x".repeat(2_000)),
  ];
  const how = random.pick(["reset", "vanish", "half-close", "wait"]);
  const atMs = 200 + random.interval(500);
  return {
    pieces,
    readsAfterMs: 0,
    halfCloses: how === "half-close",
    closesAfterMs: random.pick([0, 1_000, Infinity]),
    resetsAtMs: how === "reset" ? atMs : Infinity,
    vanishesAtMs: how === "vanish" ? atMs : Infinity,
  };
}

function drawVisitor(random: Random): ClientPlan {
  const pieces: Piece[] = [];
  const requestCount = random.integer(1, 4);
  const isPipelining = random.chance(0.3);
  for (let index = 0; index < requestCount; index += 1) {
    pieces.push(...drawRequest(random, isPipelining ? 0 : index));
  }
  if (random.chance(0.05)) pieces.push(piece("nonsense\r\n\r\n"));
  // Some break off in the middle of a body.
  const isCut = random.chance(0.2) && pieces.length > 1;
  if (isCut) pieces.pop();
  return {
    pieces,
    readsAfterMs: random.pick([0, 0, 0, 0, 3_000, Infinity]),
    halfCloses: random.chance(isCut ? 0.6 : 0.2),
    closesAfterMs: random.pick([0, 0, 0, 500, 3_000, 20_000, Infinity]),
    resetsAtMs: random.chance(isCut ? 0.3 : 0.1) ? random.interval(800) : Infinity,
    vanishesAtMs: random.chance(0.1) ? random.interval(500) : Infinity,
  };
}

function drawRequest(random: Random, afterResponses: number): readonly Piece[] {
  const bytes = random.pick([0, 100, 20_000, 300_000]);
  const what = random.pick(["early", "early", "last", "read", "slow", "give-up"]);
  const target = `/${what}/${bytes}/${random.pick([10, 1_000])}`;
  const thinkMs = random.pick([0, 10, 1_000]);
  if (random.chance(0.5)) return [piece(headOf("GET", target, []), thinkMs, afterResponses)];
  const bodyBytes = random.pick([10, 5_000, 200_000]);
  const isChunked = random.chance(0.3);
  const coding = isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${bodyBytes}`;
  const head = piece(headOf("POST", target, [coding]), thinkMs, afterResponses);
  const cutAt = random.integer(0, bodyBytes);
  const pauseMs = random.pick([0, 0, 5, 300]);
  const body = [cutAt, bodyBytes - cutAt].map((length) => bodyPiece(length, isChunked, pauseMs));
  return [head, ...body, ...(isChunked ? [piece("0\r\n\r\n")] : [])];
}

function headOf(method: string, target: string, fields: readonly string[]): string {
  return [`${method} ${target} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n");
}

function piece(text: string, afterMs = 0, afterResponses = 0): Piece {
  return { afterMs, afterResponses, bytes: Buffer.from(text, "latin1") };
}

function bodyPiece(length: number, isChunked: boolean, afterMs: number): Piece {
  if (length === 0) return piece("", afterMs);
  const content = "b".repeat(length);
  return piece(isChunked ? `${length.toString(16)}\r\n${content}\r\n` : content, afterMs);
}
