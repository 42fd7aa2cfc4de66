import { type ClientIdentity, effectOf, UNKNOWN_CLIENT } from "../closing/client-book.ts";
import type { ClientEffect } from "../closing/client-rules.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import type { ClosingInput } from "../closing/state.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { CloseReason, ClosingBound } from "../tcp/ending.ts";
import { ConnectionEnd, type EndHost, type FinishedEnd } from "../teardown/connection-end.ts";
import type {
  ConnectionPhase,
  ConnectionSnapshot,
  SnapshotSource,
} from "../teardown/connection-snapshot.ts";
import { endingOf } from "../teardown/ending-record.ts";
import { SendWatch, type SendWatchHost } from "../teardown/send-watch.ts";
import type {
  Transport,
  TransportEndpoint,
  TransportHandler,
  TransportTls,
} from "../transport/transport.ts";
import type { IntakeHost } from "./intake-host.ts";
import { RequestIntake } from "./request-intake.ts";
import { RequestWatch, type WatchHost } from "./request-watch.ts";
import type { ServerContext } from "./server-context.ts";

// The driver: where one connection's transport, requests, closing engine and timers meet.
//
// While the connection is open, received bytes go to the intake; once it is closing, to its end.
// It goes on reading while a response is being written.

type Hosts = TransportHandler & IntakeHost & EndHost & SendWatchHost & WatchHost & SnapshotSource;

export class Connection implements Hosts {
  readonly id: number;
  readonly context: ServerContext;
  readonly transport: Transport;
  readonly openedAtMs: number;
  requestCount = 0;
  inFlightCount = 0;
  sentBytes = 0;
  /** True if the close policy of a client rule is due at its end. */
  isShortLingerAsked = false;
  /** True if clients like this one do not answer our FIN, and the server acts on it. */
  isLearnedBroken = false;
  readonly #onReleased: (connection: Connection) => void;
  /** `null` once the end has begun: a lingering connection keeps nothing of its requests. */
  #watch: RequestWatch | null = new RequestWatch(this);
  #sendWatch: SendWatch | null = null;
  #intake: RequestIntake | null = null;
  #end: ConnectionEnd | null = null;
  #policy: ClosePolicy | null = null;
  #isPaused = false;
  #isEnded = false;
  #receivedBytes = 0;
  #discardedBytes = 0;
  /** Received after a FIN of ours that no response had announced: a request, never answered. */
  #absorbedBytes = 0;
  #isAnnounced = true;
  #client: ClientIdentity = UNKNOWN_CLIENT;
  #closeRequestedAtMs: number | null = null;
  #peerEndedAtMs: number | null = null;

  constructor(
    id: number,
    transport: Transport,
    context: ServerContext,
    onReleased: (connection: Connection) => void,
  ) {
    this.id = id;
    this.transport = transport;
    this.context = context;
    this.#onReleased = onReleased;
    this.openedAtMs = context.clock.now();
  }

  get peer(): TransportEndpoint {
    return this.transport.peer;
  }
  get local(): TransportEndpoint {
    return this.transport.local;
  }
  get tls(): TransportTls | null {
    return this.transport.tls;
  }
  get intake(): RequestIntake | null {
    return this.#intake;
  }
  get policy(): ClosePolicy {
    return this.#policy ?? this.context.policy;
  }
  get hasPeerEnded(): boolean {
    return this.#peerEndedAtMs !== null;
  }
  get isReading(): boolean {
    const phase = this.#end?.phase;
    return phase === undefined || phase === "open" || phase === "discarding";
  }
  get isDiscarding(): boolean {
    return this.#end?.phase === "discarding";
  }

  get finAtMs(): number | null {
    return this.#end?.finAtMs ?? null;
  }
  get phase(): ConnectionPhase {
    const phase = this.#end?.phase ?? "open";
    if (phase === "closed") return "releasing";
    if (phase !== "open") return phase;
    if (this.#intake?.isResponding === true || this.transport.unsentBytes > 0) return "responding";
    return this.#intake === null ? "idle" : "reading";
  }

  snapshot(nowMs: number): ConnectionSnapshot {
    const { id, phase, peer, finAtMs, requestCount, sentBytes } = this;
    return {
      id,
      peerAddress: peer.address,
      peerPort: peer.port,
      isTls: this.tls !== null,
      phase,
      ageMs: Math.round(nowMs - this.openedAtMs),
      sinceFinMs: finAtMs === null ? null : Math.round(nowMs - finAtMs),
      reason: this.#end?.reason ?? null,
      client: this.#client.product,
      clientFamily: this.#client.family,
      requestCount,
      receivedBytes: this.#receivedBytes,
      sentBytes,
      discardedBytes: this.#discardedBytes + (this.#end?.discardedBytes ?? 0),
      unsentBytes: this.transport.unsentBytes,
    };
  }

  start(): void {
    this.transport.start(this);
    this.settle();
  }

  /** Answers 503 and closes, because the server has all the connections that it may have. */
  refuse(): void {
    this.transport.start(this);
    this.#intake = new RequestIntake(this);
    this.#intake.refuse(503, "overload", "The server has too many connections");
  }

  /**
   * The server has stopped accepting: an idle connection ends now, a busy one with its response. A
   * held one goes to the kernel, as the process is leaving.
   */
  beginShutdown(): void {
    if (this.#end?.phase === "held") this.endNow("shutdown-deadline");
    else if (this.#isFresh) this.settle();
    else if (this.isReading && (this.#intake === null || this.isDiscarding)) {
      this.requestClose("server-shutdown");
    }
  }

  /** True until the first byte has come. */
  get #isFresh(): boolean {
    return this.#receivedBytes === 0 && this.isReading && !this.hasPeerEnded;
  }

  /** The idle time-out has become another one. */
  rearmIdle(): void {
    this.#watch?.rearmIdle();
  }

  /** Ends whatever is left. */
  endNow(bound: ClosingBound): void {
    this.apply({ type: "bound-reached", bound });
  }

  // --- What the transport says ---

  handleData(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    this.#receivedBytes += bytes.byteLength;
    if (this.isReading) {
      this.#intake ??= new RequestIntake(this);
      this.#intake.receive(bytes);
      return;
    }
    if (!this.#isAnnounced) this.#absorbedBytes += bytes.byteLength;
    this.apply({ type: "peer-data", byteLength: bytes.byteLength });
  }

  handlePeerEnd(): void {
    if (this.#isEnded) return;
    // The runtime may report a FIN when data and RST have arrived together.
    if (this.transport.hasPendingReset()) {
      this.handlePeerReset();
      return;
    }
    this.#peerEndedAtMs ??= this.context.clock.now();
    this.apply({ type: "peer-fin" });
    if (!this.isReading) return;
    this.#intake ??= new RequestIntake(this);
    this.#intake.receiveEnd();
  }

  handlePeerReset(): void {
    this.apply({ type: "peer-reset" });
  }

  handleNetworkFailure(code: string): void {
    this.apply({ type: "network-failed", code });
  }

  handleWritable(): void {
    if (!this.isReading) return;
    this.inFlightCount = 0;
    this.#sendWatch?.cancel();
    if (this.#intake === null) this.settle();
    else this.#intake.receiveWritable();
  }

  handleFlushed(): void {
    if (this.#end?.phase === "flushing") this.apply({ type: "flushed" });
  }

  handleReleased(): void {
    // The runtime may give a socket up by itself; no connection goes without its ending.
    if (!this.#isEnded) this.apply({ type: "network-failed", code: "RELEASED" });
    this.#onReleased(this);
  }

  // --- What the intake says ---

  noteRequest(head: RequestHead): ClientEffect | null {
    this.requestCount += 1;
    // The idle time-out starts anew behind this request, and the policy is the server's again.
    this.#watch?.renew();
    this.#policy = null;
    if (this.requestCount === 1) this.#identify(head);
    const { verdict } = this.#client;
    const effect = verdict === null ? null : effectOf(verdict, head);
    if (effect?.shortLinger === true) this.isShortLingerAsked = true;
    return effect;
  }

  #identify(head: RequestHead): void {
    const { clients, clock } = this.context;
    this.#client = clients.identify(head.fields.get("user-agent"));
    this.isLearnedBroken = !clients.mayPersist(this.#client, this.peer.address, clock.now());
  }

  usePolicy(policy: ClosePolicy): void {
    this.#policy = policy;
  }

  noteSent(): void {
    if (this.isReading) this.#watchSending();
  }

  noteDiscarded(byteCount: number): void {
    this.#discardedBytes += byteCount;
  }

  startDiscard(discardedBytes: number): void {
    // From here on the engine counts them.
    this.#discardedBytes -= discardedBytes;
    this.apply({ type: "discard-started", discardedBytes });
  }

  finishDiscard(): void {
    this.#discardedBytes += this.#end?.discardedBytes ?? 0;
    this.apply({ type: "discard-finished" });
    // An engine that remembers the peer's FIN is still needed.
    if (!this.hasPeerEnded) this.#end = null;
    this.#watch?.renew();
  }

  settle(): void {
    if (this.#intake?.isEmpty) this.#releaseIntake();
    if (this.#intake === null && this.context.phase === "closing" && !this.#isFresh) {
      // A response in flight had said nothing of the shutdown that began behind its head.
      this.requestClose("server-shutdown");
      return;
    }
    // It has not ended with the response that had a policy of its own.
    if (this.#intake === null) this.#policy = null;
    this.setPaused(this.#intake?.shouldPause ?? false);
    this.#watchSending();
    this.#watch?.settle();
  }

  // --- Sending and reading ---

  #watchSending(): void {
    if (this.transport.unsentBytes === 0 || this.#sendWatch?.isArmed) return;
    this.#armSendWatch();
  }

  #armSendWatch(): void {
    this.#sendWatch ??= new SendWatch(this);
    this.#sendWatch.arm();
  }

  stopSendWatch(): void {
    this.#sendWatch?.cancel();
    this.#sendWatch = null;
  }

  handleSendStalled(): void {
    if (this.transport.unsentBytes === 0 && this.#end?.phase !== "flushing") return;
    this.apply({ type: "bound-reached", bound: "send-timeout" });
  }

  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.transport.pause();
    else this.transport.resume();
  }

  // --- Closing ---

  requestClose(reason: CloseReason): void {
    if (this.isReading) this.apply({ type: "close-requested", reason });
  }

  apply(input: ClosingInput): void {
    if (this.#isEnded) return;
    this.#end ??= new ConnectionEnd(this);
    this.#end.apply(input);
  }

  startFlushing(nowMs: number): void {
    this.#closeRequestedAtMs = nowMs;
    this.#isAnnounced = this.#intake !== null;
    this.#discardedBytes += this.#intake?.bufferedBytes ?? 0;
    this.#releaseIntake();
    this.#watch?.cancel();
    this.#watch = null;
    this.#armSendWatch();
  }

  finish(end: FinishedEnd, release: () => void): void {
    this.#isEnded = true;
    const { observer, clients, tally } = this.context;
    this.#watch?.cancel();
    this.stopSendWatch();
    this.#discardedBytes += this.#intake?.bufferedBytes ?? 0;
    this.#intake?.flush();
    const ending = endingOf(this, {
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
      requestCount: this.requestCount,
      receivedBytes: this.#receivedBytes,
      sentBytes: this.sentBytes,
      discardedBytes: this.#discardedBytes + end.discardedBytes,
      unsentBytes: this.transport.unsentBytes,
      client: this.#client.product,
    });
    release();
    clients.record(this.#client, ending, end.endedAtMs);
    const hasUnanswered = this.#intake?.hasUnanswered === true || this.#absorbedBytes > 0;
    tally.countEnding(ending, hasUnanswered);
    // Application code hears of it in here, when all is done that must be done.
    this.#intake?.cutOff(end.reason === "server-shutdown" ? "shutdown" : "peer-gone");
    this.#releaseIntake();
    observer.handleEnding(ending);
  }

  #releaseIntake(): void {
    this.#intake?.release();
    this.#intake = null;
  }
}
