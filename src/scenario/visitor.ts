import { latin1Bytes } from "../base/latin1.ts";
import { Host } from "../simulation/host.ts";
import type { Network } from "../simulation/network.ts";
import { LINUX, type SystemBehavior } from "../simulation/system-behavior.ts";
import { SimulatedTimer } from "../simulation/world.ts";
import type { TransportEndpoint } from "../transport/transport.ts";
import type { ClientProfile } from "./client-profile.ts";
import type { Act, RunWatcher } from "./run-watcher.ts";
import {
  type ConnectionOwner,
  type RequestParts,
  VisitorConnection,
} from "./visitor-connection.ts";

// A user with a program on a machine of their own: visits, requests, retries, and what the program
// does when the server ends a connection. The machine leaves the world when all is over.

/** What became of requests. Each is in one of the five, or still under way. */
export interface VisitTally {
  requestCount: number;
  deliveredCount: number;
  /** Sent, and the response never came, or not the whole of it. */
  lostCount: number;
  /** There was no connection to send them on. */
  unreachedCount: number;
  /** The client was gone before the response. */
  abandonedCount: number;
  /** Sent once more, because the connection ended before anything of a response (counted once). */
  retriedCount: number;
  /** Connections on which the client saw RST. */
  resetCount: number;
}

export function emptyTally(): VisitTally {
  return {
    requestCount: 0,
    deliveredCount: 0,
    lostCount: 0,
    unreachedCount: 0,
    abandonedCount: 0,
    retriedCount: 0,
    resetCount: 0,
  };
}

/** TIME-WAIT of visitors, only for a last ACK that was lost: a million of them wait in memory. */
const TIME_WAIT_MS = 2_000;
const REMOVAL_POLL_MS = 3_000;
/** A machine that will never send anything again is taken away so long after the server's FIN. */
const SILENT_REMOVAL_MS = 60_000;

/** What all users of one profile share. */
export class ClientProgram {
  readonly profile: ClientProfile;
  readonly behavior: SystemBehavior;
  readonly parts: RequestParts;

  constructor(profile: ClientProfile) {
    this.profile = profile;
    const { receivedOnReset, bufferBytes = 262_144 } = profile;
    this.behavior = {
      ...LINUX,
      receivedOnReset,
      timeWaitMs: TIME_WAIT_MS,
      sendBufferBytes: bufferBytes,
      receiveBufferBytes: bufferBytes,
    };
    const uploadBytes = profile.visit.uploadBytes ?? 0;
    const head = requestHead(profile, uploadBytes);
    const [requestLine = ""] = head.split("\r\n");
    this.parts = { requestLine, head: latin1Bytes(head), uploadBytes };
  }
}

function requestHead({ version, userAgent, visit }: ClientProfile, uploadBytes: number): string {
  const method = uploadBytes > 0 ? "POST" : "GET";
  const lines = [`${method} /${visit.responseBytes} HTTP/${version}`, "Host: server"];
  if (userAgent !== "") lines.push(`User-Agent: ${userAgent}`);
  if (version === "1.0") lines.push("Connection: Keep-Alive");
  if (uploadBytes > 0) lines.push(`Content-Length: ${uploadBytes}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Where visitors are, and who hears of them. */
export interface VisitScene {
  readonly network: Network;
  readonly server: TransportEndpoint;
  readonly tally: VisitTally;
  /** `null`: nobody. */
  readonly watcher: RunWatcher | null;
}

export class Visitor implements ConnectionOwner {
  readonly #network: Network;
  readonly #program: ClientProgram;
  readonly #server: TransportEndpoint;
  readonly #tally: VisitTally;
  readonly #watcher: RunWatcher | null;
  readonly #host: Host;
  readonly #idleTimer: SimulatedTimer;
  /** All that are not closed. */
  readonly #connections = new Set<VisitorConnection>();
  #current: VisitorConnection | null = null;
  #visitsLeft: number;
  #requestsLeft = 0;
  #isGone = false;

  constructor(scene: VisitScene, program: ClientProgram, address: string) {
    const { network, server, tally, watcher } = scene;
    const { id, link, visit, vanishesAfterMs } = program.profile;
    this.#network = network;
    this.#program = program;
    this.#server = server;
    this.#tally = tally;
    this.#watcher = watcher;
    const { behavior } = program;
    this.#host = new Host(network, { address, behavior, wayOut: link, wayIn: link });
    if (watcher !== null) {
      this.#host.watchMoves = (holder, before, after) => {
        const what = { holder, before, after, clientId: id, hasCrashed: false };
        watcher.handleMove(network.world.nowMs, { side: "client", ...what });
      };
    }
    this.#idleTimer = new SimulatedTimer(network.world, () => this.#closeIdle());
    this.#visitsLeft = visit.count ?? 1;
    if (vanishesAfterMs !== undefined) {
      const delayMs = network.world.random.interval(vanishesAfterMs);
      network.world.after(delayMs, () => this.#vanish());
    }
    this.#beginVisit();
  }

  noteAct(connection: VisitorConnection, act: Act, detail?: string): void {
    const { endpoint: holder } = connection;
    const what = { holder, act, detail: detail ?? null };
    this.#watcher?.handleAct(this.#network.world.nowMs, { side: "client", ...what });
  }

  handleResponse(connection: VisitorConnection): void {
    this.noteAct(connection, "response-seen");
    this.#tally.deliveredCount += 1;
    this.#requestsLeft -= 1;
    if (!connection.progress.isPersistent) {
      // What was pipelined behind it has no answer there.
      this.#close(connection);
      if (connection.openCount > 0) this.#askAgain(connection.openCount);
    }
    if (connection.openCount === 0) this.#goOn();
  }

  handleServerEnd(connection: VisitorConnection): void {
    this.noteAct(connection, "end-seen");
    this.#settleOpen(connection);
    const { onFin } = this.#program.profile;
    if (typeof onFin === "object") {
      // Somewhere between two of its looks.
      const delayMs = this.#network.world.random.fraction() * onFin.checkEveryMs;
      this.#network.world.after(delayMs, () => this.#closeAndFinish(connection));
    } else if (onFin === "close") this.#closeAndFinish(connection);
    else if (onFin === "never" && this.#visitsLeft === 0) {
      this.#network.world.after(SILENT_REMOVAL_MS, () => this.#leave());
    }
  }

  handleFailure(connection: VisitorConnection): void {
    const { error } = connection.endpoint;
    this.noteAct(connection, "failure-seen", error ?? "");
    if (error === "ECONNRESET" || error === "EPIPE") this.#tally.resetCount += 1;
    this.#close(connection);
    this.#settleOpen(connection);
    this.#finishIfOver();
  }

  // --- Visits ---

  #beginVisit(): void {
    if (this.#isGone) return;
    const { requestCount, isPipelined = false } = this.#program.profile.visit;
    this.#visitsLeft -= 1;
    this.#requestsLeft = requestCount;
    const atOnce = isPipelined ? requestCount : 1;
    for (let count = 1; count <= atOnce; count += 1) this.#ask(count === requestCount);
  }

  #ask(isLast: boolean): void {
    this.#tally.requestCount += 1;
    this.#send(isLast);
  }

  #send(isLast: boolean): void {
    this.#idleTimer.cancel();
    if (this.#current?.isUsable !== true) this.#current = this.#connect();
    this.#current.ask(isLast);
  }

  #connect(): VisitorConnection {
    // This is when such a program comes round to it.
    if (this.#program.profile.onFin === "next-connection") {
      for (const old of [...this.#connections]) if (old.isOver) this.#close(old);
    }
    const { profile, parts } = this.#program;
    const endpoint = this.#host.connect(this.#server);
    const connection = new VisitorConnection(this.#network.world, endpoint, profile, parts, this);
    this.#connections.add(connection);
    return connection;
  }

  /** How long it keeps its connection from now on. */
  get #idleMs(): number | null {
    const { idleTimeoutMs, timeoutHintMarginMs } = this.#program.profile;
    const hintMs = this.#current?.progress.timeoutHintMs ?? null;
    if (timeoutHintMarginMs === undefined || hintMs === null) return idleTimeoutMs;
    return Math.max(0, hintMs - timeoutHintMarginMs);
  }

  /** The next request, or the end of the visit. */
  #goOn(): void {
    const { visit, exitAfterMs } = this.#program.profile;
    const { world } = this.#network;
    if (this.#requestsLeft > 0) {
      const isLast = this.#requestsLeft === 1;
      world.after(world.random.interval(visit.thinkMs), () => {
        if (!this.#isGone) this.#ask(isLast);
      });
    } else if (this.#visitsLeft > 0) {
      world.after(world.random.interval(visit.gapMs ?? 0), () => this.#beginVisit());
    } else if (exitAfterMs === 0) this.#exit();
    else if (exitAfterMs !== null) world.after(exitAfterMs, () => this.#exit());
    const idleMs = this.#idleMs;
    if (idleMs !== null && !this.#isGone) this.#idleTimer.arm(idleMs);
    this.#finishIfOver();
  }

  /** What waits for an answer on a connection that has ended. */
  #settleOpen(connection: VisitorConnection): void {
    const { openCount, answeredCount, hasConnected, progress } = connection;
    if (openCount === 0) return;
    const { uploadBytes } = this.#program.parts;
    // RFC 9110 §9.2.2: a request without side effects may be sent again, if an idle connection
    // ended as it was sent.
    if (answeredCount > 0 && !progress.hasBegun && uploadBytes === 0) {
      this.noteAct(connection, "request-retried");
      this.#askAgain(openCount);
      return;
    }
    this.noteAct(connection, hasConnected ? "request-lost" : "request-unreached");
    if (hasConnected) this.#tally.lostCount += openCount;
    else this.#tally.unreachedCount += openCount;
    this.#requestsLeft -= openCount;
    this.#goOn();
  }

  #askAgain(count: number): void {
    this.#tally.retriedCount += count;
    if (this.#current?.isUsable !== true) this.#current = null;
    for (let index = 1; index <= count; index += 1) this.#send(index === this.#requestsLeft);
  }

  // --- Ends ---

  #close(connection: VisitorConnection): void {
    connection.close();
    this.#connections.delete(connection);
    if (this.#current === connection) this.#current = null;
  }

  #closeIdle(): void {
    const connection = this.#current;
    if (connection === null || connection.openCount > 0 || connection.isOver) return;
    this.#closeAndFinish(connection);
  }

  #closeAndFinish(connection: VisitorConnection): void {
    this.#close(connection);
    this.#finishIfOver();
  }

  #exit(): void {
    for (const connection of [...this.#connections]) this.#close(connection);
    this.#finishIfOver();
  }

  #finishIfOver(): void {
    const isOver = this.#visitsLeft === 0 && this.#requestsLeft === 0;
    if (!isOver || this.#connections.size > 0 || this.#isGone) return;
    this.#isGone = true;
    this.#idleTimer.cancel();
    this.#removeWhenQuiet();
  }

  #leave(): void {
    for (const connection of this.#connections) this.noteAct(connection, "leave");
    this.#remove();
  }

  #removeWhenQuiet(): void {
    this.#network.world.after(REMOVAL_POLL_MS, () => {
      if (this.#host.endpointCount === 0) this.#network.remove(this.#host);
      else this.#removeWhenQuiet();
    });
  }

  #vanish(): void {
    if (this.#isGone) return;
    for (const connection of this.#connections) {
      this.noteAct(connection, "vanish");
      if (connection.openCount > 0) this.noteAct(connection, "request-abandoned");
      this.#tally.abandonedCount += connection.openCount;
    }
    this.#remove();
  }

  /** The machine is gone, with everything on it. */
  #remove(): void {
    this.#isGone = true;
    this.#idleTimer.cancel();
    this.#host.wayIn.cut();
    this.#host.wayOut.cut();
    this.#network.remove(this.#host);
    for (const connection of this.#connections) {
      // Its timers end with it; nothing that it sends arrives.
      connection.endpoint.user = null;
      connection.endpoint.vanish();
    }
    this.#connections.clear();
  }
}
