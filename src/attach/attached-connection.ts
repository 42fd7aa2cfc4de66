import type { Socket } from "node:net";
import { TimerEntry, type TimerOwner } from "../base/timer-lists.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import type { ClosingInput } from "../closing/state.ts";
import type { CloseReason, ClosingBound, EndingOutcome } from "../tcp/ending.ts";
import { ConnectionEnd, type EndHost, type FinishedEnd } from "../teardown/connection-end.ts";
import type {
  ConnectionPhase,
  ConnectionSnapshot,
  SnapshotSource,
} from "../teardown/connection-snapshot.ts";
import { endingOf } from "../teardown/ending-record.ts";
import { SendWatch, type SendWatchHost } from "../teardown/send-watch.ts";
import { FRESH_GRACE_MS } from "../teardown/shutdown.ts";
import type { NodeTransport } from "../transport/node-transport.ts";
import type { TransportHandler } from "../transport/transport.ts";
import type { AttachedContext } from "./attached-context.ts";
import { AttachedRequests } from "./attached-requests.ts";
import { countDiscarded, restartInput, stopCounting, takeInput } from "./input-hooks.ts";
import { type GuardedConnection, SocketGuard } from "./socket-guard.ts";
import { disownSocket, ownSocket } from "./socket-hooks.ts";

// The driver of one connection under node:http: where its requests, the closing engine, the timers
// and the socket meet.
//
// While the connection is open, node:http reads and writes it. With its end the input is taken away
// from the parser, and from then on nothing is parsed, dispatched or written.

type Hosts = EndHost &
  TransportHandler &
  SnapshotSource &
  SendWatchHost &
  TimerOwner &
  GuardedConnection;

/** Who keeps the connections of a server. */
export interface ConnectionKeeper {
  readonly context: AttachedContext;
  /** Which of its connections the server is destroying right now. */
  readonly closing: "idle" | "all" | null;
  forget(connection: AttachedConnection): void;
}

export class AttachedConnection implements Hosts {
  readonly id: number;
  readonly context: AttachedContext;
  readonly transport: NodeTransport;
  readonly socket: Socket;
  readonly keeper: ConnectionKeeper;
  readonly requests: AttachedRequests;
  readonly openedAtMs: number;
  /** Whoever destroys the socket goes on with that behind the ending. */
  isDestroying = false;
  #end: ConnectionEnd | null = null;
  #policy: ClosePolicy | null = null;
  #sendWatch: SendWatch | null = null;
  /** For the rest of an unread body, or for the first byte when the server goes. */
  #timer: TimerEntry | null = null;
  #isInputTaken = false;
  #isPaused = false;
  #isEnded = false;
  #isUpgraded = false;
  #isAnnounced = true;
  #discardedBytes = 0;
  /** Received after a FIN of ours that no response had announced: a request, never answered. */
  #absorbedBytes = 0;
  #closeRequestedAtMs: number | null = null;
  #peerEndedAtMs: number | null = null;
  #upgradedFinAtMs: number | null = null;

  constructor(id: number, socket: Socket, transport: NodeTransport, keeper: ConnectionKeeper) {
    this.id = id;
    this.context = keeper.context;
    this.transport = transport;
    this.socket = socket;
    this.keeper = keeper;
    this.requests = new AttachedRequests(keeper.context, socket);
    this.openedAtMs = keeper.context.clock.now();
    ownSocket(socket, new SocketGuard(this));
  }

  get policy(): ClosePolicy {
    return this.#policy ?? this.context.policy;
  }
  get isShortLingerAsked(): boolean {
    return this.requests.isShortLingerAsked;
  }
  get serverIsClosing(): "idle" | "all" | null {
    return this.keeper.closing;
  }
  get isEnded(): boolean {
    return this.#isEnded;
  }
  get hasPeerEnded(): boolean {
    return this.#peerEndedAtMs !== null;
  }
  get isOpen(): boolean {
    const phase = this.#end?.phase;
    return phase === undefined || phase === "open" || phase === "discarding";
  }
  get isDiscarding(): boolean {
    return this.#end?.phase === "discarding";
  }
  /** True until the first byte has come. */
  get isFresh(): boolean {
    return this.socket.bytesRead === 0 && this.isOpen;
  }
  get finAtMs(): number | null {
    return this.#end?.finAtMs ?? this.#upgradedFinAtMs;
  }
  get phase(): ConnectionPhase {
    const phase = this.#end?.phase ?? "open";
    if (phase === "closed") return "releasing";
    if (phase !== "open") return phase;
    return this.requests.inFlightCount > 0 || this.#isUpgraded ? "responding" : "idle";
  }
  get #sentBytes(): number {
    return this.socket.bytesWritten - this.socket.writableLength;
  }

  snapshot(nowMs: number): ConnectionSnapshot {
    const { id, phase, finAtMs, transport } = this;
    const { peer } = transport;
    const { client, requestCount } = this.requests;
    return {
      id,
      peerAddress: peer.address,
      peerPort: peer.port,
      isTls: transport.tls !== null,
      phase,
      ageMs: Math.round(nowMs - this.openedAtMs),
      sinceFinMs: finAtMs === null ? null : Math.round(nowMs - finAtMs),
      reason: this.#end?.reason ?? null,
      client: client.product,
      clientFamily: client.family,
      requestCount,
      receivedBytes: this.socket.bytesRead,
      sentBytes: this.#sentBytes,
      discardedBytes: this.#discardedBytes + (this.#end?.discardedBytes ?? 0),
      unsentBytes: transport.unsentBytes,
    };
  }

  // --- What the server says ---

  /** The server has stopped accepting. node:http has ended those that it knows to be idle. */
  beginShutdown(): void {
    this.requests.announceClose("server-shutdown");
    if (this.#end?.phase === "held") this.endNow("shutdown-deadline");
    else if (this.isDiscarding) this.requestClose("server-shutdown");
    else if (this.isFresh) this.waitForFirstByte();
  }

  /** A request may be on its way on a connection that is new. */
  waitForFirstByte(): void {
    this.#arm(FRESH_GRACE_MS);
  }

  /** Ends whatever is left. */
  endNow(bound: ClosingBound): void {
    if (this.#isUpgraded) this.endUpgraded({ type: "abandoned", bound });
    else this.apply({ type: "bound-reached", bound });
  }

  /** The socket is node:http's alone again, if its end has not begun. */
  release(): void {
    if (!this.isOpen || this.#isEnded) return;
    this.#cancelTimer();
    stopCounting(this.socket);
    disownSocket(this.socket);
    this.keeper.forget(this);
  }

  /** `null`: the server's. */
  usePolicy(policy: ClosePolicy | null): void {
    this.#policy = policy;
  }

  // --- The rest of an unread body ---

  /** node:http reads it, without any bound of its own. */
  startDiscard(hasLength: boolean): void {
    this.apply({ type: "discard-started", discardedBytes: 0 });
    // A length that is announced is a bound already.
    if (!hasLength) countDiscarded(this.socket, this);
    this.#arm(this.policy.discardTimeoutMs);
  }

  noteDiscarded(byteLength: number): void {
    // With the end of the request the bytes of the next one begin.
    if (this.isDiscarding && this.requests.incomplete !== null) {
      this.apply({ type: "peer-data", byteLength });
    }
  }

  finishDiscard(): void {
    this.#cancelTimer();
    stopCounting(this.socket);
    this.#discardedBytes += this.#end?.discardedBytes ?? 0;
    this.apply({ type: "discard-finished" });
    this.requests.release();
    this.#policy = null;
    // An engine that remembers the peer's FIN is still needed.
    if (!this.hasPeerEnded) this.#end = null;
  }

  // --- What the socket says, once its input is ours ---

  handleData(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    if (this.isOpen) {
      this.#discardedBytes += bytes.byteLength;
      this.setPaused(this.#discardedBytes > this.policy.lingerLimitBytes);
      return;
    }
    if (!this.#isAnnounced) this.#absorbedBytes += bytes.byteLength;
    this.apply({ type: "peer-data", byteLength: bytes.byteLength });
  }

  handlePeerEnd(): void {
    if (!this.#isEnded) this.notePeerEnd();
  }

  handlePeerReset(): void {
    this.apply({ type: "peer-reset" });
  }

  handleNetworkFailure(code: string): void {
    this.apply({ type: "network-failed", code });
  }

  handleWritable(): void {
    // node:http writes, and hears it.
  }

  handleFlushed(): void {
    if (this.#end?.phase === "flushing") this.apply({ type: "flushed" });
  }

  handleReleased(): void {
    // The runtime may give a socket up by itself; no connection goes without its ending.
    if (!this.#isEnded) this.apply({ type: "network-failed", code: "RELEASED" });
    this.keeper.forget(this);
  }

  notePeerEnd(): void {
    if (this.hasPeerEnded || this.#isEnded) return;
    // The runtime may report a FIN when data and RST have arrived together.
    if (this.transport.hasPendingReset()) {
      this.apply({ type: "peer-reset" });
      return;
    }
    this.#peerEndedAtMs = this.context.clock.now();
    this.apply({ type: "peer-fin" });
  }

  /** The parser hears no more. What arrives is thrown away, within the bound of lingering. */
  takeInput(): void {
    if (this.#isInputTaken) return;
    this.#isInputTaken = true;
    takeInput(this.socket, () => this.transport.start(this));
    // The parser may be in the middle of a read, and stop the socket once more for its rest.
    process.nextTick(() => {
      if (!this.#isPaused && !this.#isEnded) restartInput(this.socket);
    });
  }

  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.transport.pause();
    else this.transport.resume();
  }

  // --- Timers ---

  #arm(timeoutMs: number): void {
    this.#timer ??= new TimerEntry(this);
    this.context.timers.arm(this.#timer, timeoutMs, this.context.clock.now());
  }

  #cancelTimer(): void {
    if (this.#timer !== null) this.context.timers.cancel(this.#timer);
  }

  handleTimer(): void {
    if (this.isDiscarding) this.apply({ type: "discard-exhausted" });
    else if (this.isFresh) this.requestClose("server-shutdown");
  }

  stopSendWatch(): void {
    this.#sendWatch?.cancel();
    this.#sendWatch = null;
  }

  handleSendStalled(): void {
    this.apply({ type: "bound-reached", bound: "send-timeout" });
  }

  // --- Closing ---

  requestClose(reason: CloseReason): void {
    if (!this.isOpen || this.#isEnded) return;
    if (this.socket.readableEnded) this.notePeerEnd();
    this.apply({ type: "close-requested", reason });
  }

  apply(input: ClosingInput): void {
    if (this.#isEnded) return;
    this.#end ??= new ConnectionEnd(this);
    this.#end.apply(input);
  }

  /** Somebody wants the socket to be gone: no longer than a short linger, or to the ACK. */
  hurry(): void {
    this.#end?.hurry();
  }

  startFlushing(nowMs: number): void {
    this.#closeRequestedAtMs = nowMs;
    this.#isAnnounced = this.requests.requestCount > 0 && this.requests.closeReason !== null;
    this.#cancelTimer();
    stopCounting(this.socket);
    // Of a first response there is none, and asking is cheaper.
    if ((this.socket.timeout ?? 0) > 0) this.socket.setTimeout(0);
    this.takeInput();
    if (this.transport.unsentBytes === 0 && this.transport.tls === null) return;
    this.#sendWatch = new SendWatch(this);
    this.#sendWatch.arm();
  }

  finish(end: FinishedEnd, release: () => void): void {
    this.#isEnded = true;
    const { observer, clients, tally } = this.context;
    this.#cancelTimer();
    this.stopSendWatch();
    const { requestCount, client, inFlightCount } = this.requests;
    const ending = endingOf(
      { id: this.id, peer: this.transport.peer, tls: this.transport.tls },
      {
        outcome: end.outcome,
        reason: end.reason,
        finAtMs: end.finAtMs,
        heldAtMs: end.heldAtMs,
        endedAtMs: end.endedAtMs,
        facts: end.facts,
        openedAtMs: this.openedAtMs,
        wallEndedAtMs: this.context.clock.wallNow(),
        closeRequestedAtMs: this.#closeRequestedAtMs,
        peerEndedAtMs: this.#peerEndedAtMs,
        requestCount,
        receivedBytes: this.socket.bytesRead,
        sentBytes: this.#sentBytes,
        discardedBytes: this.#discardedBytes + end.discardedBytes,
        unsentBytes: this.transport.unsentBytes,
        client: client.product,
      },
    );
    if (!this.isDestroying) release();
    if (!this.#isInputTaken) this.keeper.forget(this);
    clients.record(client, ending, end.endedAtMs);
    tally.countEnding(ending, inFlightCount > 0 || this.#absorbedBytes > 0);
    this.requests.release();
    observer.handleEnding(ending);
  }

  // --- After an upgrade ---

  /** From here on the socket is the application's, and its end is only watched. */
  noteUpgrade(): void {
    const { clock } = this.context;
    this.#isUpgraded = true;
    this.requests.release();
    this.socket.once("end", () => {
      this.#peerEndedAtMs ??= clock.now();
    });
    this.socket.once("finish", () => {
      this.#upgradedFinAtMs ??= clock.now();
    });
  }

  /** The socket is about to be destroyed. */
  endUpgraded(failure: EndingOutcome | null): void {
    if (this.#isEnded) return;
    const isClean = this.hasPeerEnded && this.#upgradedFinAtMs !== null;
    const outcome: EndingOutcome = isClean
      ? { type: "clean" }
      : { type: "abandoned", bound: "socket-destroyed" };
    const end: FinishedEnd = {
      outcome: failure ?? outcome,
      reason: "handler-asked",
      discardedBytes: 0,
      finAtMs: this.#upgradedFinAtMs,
      heldAtMs: null,
      endedAtMs: this.context.clock.now(),
      facts: this.transport.tcpFacts(),
    };
    this.finish(end, () => this.transport.close());
  }
}
