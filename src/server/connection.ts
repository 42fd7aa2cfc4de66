import { TimerEntry, type TimerOwner } from "../base/timer-lists.ts";
import { ClosingEngine } from "../closing/engine.ts";
import type { ClosingInput } from "../closing/state.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { CloseReason, ClosingBound } from "../tcp/ending.ts";
import type {
  Transport,
  TransportEndpoint,
  TransportHandler,
  TransportTls,
} from "../transport/transport.ts";
import { type ConnectionNotes, clientProduct, endingOf } from "./ending-record.ts";
import { type IntakeHost, RequestIntake } from "./request-intake.ts";
import type { ServerContext } from "./server-context.ts";

// The driver: where one connection's transport, requests, closing engine and timers meet.
//
// While the connection is open, received bytes go to the intake; once it is closing, to the engine.
// It goes on reading while a response is being written.

/** What the main timer is armed for. The second one watches sending, then the total linger time. */
type Watch = "nothing" | "idle" | "head" | "body" | "discard" | "linger";

export class Connection implements TransportHandler, TimerOwner, IntakeHost {
  readonly id: number;
  readonly context: ServerContext;
  readonly transport: Transport;
  requestCount = 0;
  inFlightCount = 0;
  sentBytes = 0;
  readonly #onReleased: (connection: Connection) => void;
  readonly #timer: TimerEntry = new TimerEntry(this);
  #secondTimer: TimerEntry | null = null;
  #watch: Watch = "nothing";
  #intake: RequestIntake | null = null;
  #closing: ClosingEngine | null = null;
  #isPaused = false;
  #isEnded = false;
  #receivedBytes = 0;
  #discardedBytes = 0;
  #seenProgressCount = 0;
  #client: string | null = null;
  readonly #openedAtMs: number;
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
    this.#openedAtMs = context.clock.now();
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
  get hasPeerEnded(): boolean {
    return this.#peerEndedAtMs !== null;
  }
  get isReading(): boolean {
    const phase = this.#closing?.phase;
    return phase === undefined || phase === "open" || phase === "discarding";
  }
  get isDiscarding(): boolean {
    return this.#closing?.phase === "discarding";
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

  /** An idle connection ends now, a busy one with its response. */
  beginShutdown(): void {
    if (this.isReading && (this.#intake === null || this.isDiscarding)) {
      this.requestClose("server-shutdown");
    }
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
    } else this.apply({ type: "peer-data", byteLength: bytes.byteLength });
  }

  handlePeerEnd(): void {
    if (this.#isEnded) return;
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
    if (this.#secondTimer !== null) this.context.timers.cancel(this.#secondTimer);
    if (this.#intake === null) this.settle();
    else this.#intake.receiveWritable();
  }

  handleFlushed(): void {
    if (this.#closing?.phase === "flushing") this.apply({ type: "flushed" });
  }

  handleReleased(): void {
    // The runtime may give a socket up by itself; no connection goes without its ending.
    if (!this.#isEnded) this.apply({ type: "network-failed", code: "RELEASED" });
    this.#onReleased(this);
  }

  // --- What the intake says ---

  noteRequest(head: RequestHead): void {
    this.requestCount += 1;
    // The idle time-out starts anew behind this request.
    this.#watch = "nothing";
    if (this.requestCount === 1) this.#client = clientProduct(head.fields.get("user-agent"));
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
    this.#discardedBytes += this.#closing?.discardedBytes ?? 0;
    this.apply({ type: "discard-finished" });
    // An engine that remembers the peer's FIN is still needed.
    if (!this.hasPeerEnded) this.#closing = null;
    this.#watch = "nothing";
  }

  settle(): void {
    if (this.#intake?.isEmpty) this.#releaseIntake();
    if (this.#intake === null && this.context.isShuttingDown) {
      // A response in flight had said nothing of the shutdown that began behind its head; and a TLS
      // handshake may end after it.
      this.requestClose("server-shutdown");
      return;
    }
    this.#setPaused(this.#intake?.shouldPause ?? false);
    this.#watchSending();
    const watch = this.#nextWatch();
    if (watch === this.#watch) return;
    this.#watch = watch;
    const { timers, clock } = this.context;
    if (watch === "nothing") timers.cancel(this.#timer);
    else timers.arm(this.#timer, this.#timeoutMs(watch), clock.now());
  }

  // --- Timers ---

  #nextWatch(): Watch {
    const intake = this.#intake;
    if (this.isDiscarding) return "discard";
    // A response on its way is watched by the second timer; the peer is idle once it is gone.
    if (intake === null) return this.transport.unsentBytes > 0 ? "nothing" : "idle";
    if (!intake.hasExchange) return intake.mayDispatch() ? "head" : "nothing";
    const isWatched = intake.isBodyDue && this.context.limits.bodyMinRateBytesPerSecond > 0;
    if (isWatched && this.#watch !== "body") intake.windowBytes = 0;
    return isWatched ? "body" : "nothing";
  }

  #timeoutMs(watch: Watch): number {
    const { limits, policy, idleTimeoutMs } = this.context;
    switch (watch) {
      case "idle":
        return this.requestCount === 0 ? limits.headerTimeoutMs : idleTimeoutMs;
      case "body":
        return limits.bodyRateWindowMs;
      case "discard":
        return policy.discardTimeoutMs;
      default:
        return limits.headerTimeoutMs;
    }
  }

  handleTimer(entry: TimerEntry): void {
    if (this.#isEnded) return;
    if (entry === this.#secondTimer) {
      this.#handleSecondTimer();
      return;
    }
    const watch = this.#watch;
    this.#watch = "nothing";
    switch (watch) {
      case "nothing":
        break;
      case "idle":
        this.requestClose("idle-timeout");
        break;
      case "head":
        this.#intake?.refuse(408, "request-timeout", "The header section did not arrive in time");
        break;
      case "body":
        this.#checkBodyRate();
        break;
      case "discard":
        this.apply({ type: "discard-exhausted" });
        break;
      case "linger":
        this.apply({ type: "bound-reached", bound: "linger-idle-time" });
        break;
    }
  }

  #checkBodyRate(): void {
    const { bodyMinRateBytesPerSecond, bodyRateWindowMs } = this.context.limits;
    const receivedBytes = this.#intake?.windowBytes ?? 0;
    if (receivedBytes * 1_000 < bodyMinRateBytesPerSecond * bodyRateWindowMs) {
      const cause = new Error("The body did not arrive in time");
      this.#intake?.failRequest(408, "request-timeout", cause);
    }
    if (this.isReading) this.settle();
  }

  /** Arms the second timer while something waits for the peer; it looks for progress. */
  #watchSending(): void {
    if (this.transport.unsentBytes === 0 || this.#secondTimer?.isArmed) return;
    this.#armSecondTimer(this.context.limits.sendTimeoutMs);
  }

  #armSecondTimer(timeoutMs: number): void {
    this.#secondTimer ??= new TimerEntry(this);
    this.#seenProgressCount = this.transport.progressCount;
    this.context.timers.arm(this.#secondTimer, timeoutMs, this.context.clock.now());
  }

  #handleSecondTimer(): void {
    const phase = this.#closing?.phase;
    if (phase === "lingering") {
      this.apply({ type: "bound-reached", bound: "linger-total-time" });
    } else if (this.transport.progressCount !== this.#seenProgressCount) {
      this.#armSecondTimer(this.context.limits.sendTimeoutMs);
    } else if (this.transport.unsentBytes > 0 || phase === "flushing") {
      this.apply({ type: "bound-reached", bound: "send-timeout" });
    }
  }

  #setPaused(isPaused: boolean): void {
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
    const nowMs = this.context.clock.now();
    this.#closing ??= new ClosingEngine(this.context.policy);
    const action = this.#closing.handle(input, nowMs);
    switch (action) {
      case "shutdown-write":
        this.#startFlushing(this.#closing, nowMs);
        break;
      case "close":
      case "reset":
        this.#finish(this.#closing, action, nowMs);
        break;
      case "none":
        if (!this.isReading) this.#continueClosing(this.#closing, input, nowMs);
        break;
    }
  }

  /** The last response is given: FIN goes out behind it, and nothing of the request is kept. */
  #startFlushing(closing: ClosingEngine, nowMs: number): void {
    this.#closeRequestedAtMs = nowMs;
    this.#discardedBytes += this.#intake?.bufferedBytes ?? 0;
    this.#releaseIntake();
    this.#watch = "nothing";
    this.context.timers.cancel(this.#timer);
    this.#setPaused(!closing.mayRead);
    this.#armSecondTimer(this.context.limits.sendTimeoutMs);
    this.transport.shutdownWrite();
  }

  #continueClosing(closing: ClosingEngine, input: ClosingInput, nowMs: number): void {
    this.#setPaused(!closing.mayRead);
    if (closing.phase !== "lingering") return;
    this.#watch = "linger";
    this.context.timers.arm(this.#timer, closing.idleTimeoutMs, nowMs);
    if (input.type === "flushed") this.#armSecondTimer(closing.totalTimeoutMs);
  }

  #finish(closing: ClosingEngine, action: "close" | "reset", nowMs: number): void {
    this.#isEnded = true;
    const { state } = closing;
    if (state.phase !== "closed") return;
    const { timers, observer } = this.context;
    timers.cancel(this.#timer);
    if (this.#secondTimer !== null) timers.cancel(this.#secondTimer);
    this.#discardedBytes += this.#intake?.bufferedBytes ?? 0;
    this.#intake?.flush();
    const ending = endingOf(this, this.#notes(closing, nowMs), state.outcome, state.reason);
    if (action === "reset") this.transport.reset();
    else this.transport.close();
    // Application code hears of it in here, when all is done that must be done.
    this.#intake?.cutOff(state.reason === "server-shutdown" ? "shutdown" : "peer-gone");
    this.#releaseIntake();
    observer.handleEnding(ending);
  }

  #notes(closing: ClosingEngine, nowMs: number): ConnectionNotes {
    return {
      openedAtMs: this.#openedAtMs,
      wallOpenedAtMs: Math.round(this.context.clock.wallNow() - (nowMs - this.#openedAtMs)),
      closeRequestedAtMs: this.#closeRequestedAtMs,
      finAtMs: closing.finAtMs,
      peerEndedAtMs: this.#peerEndedAtMs,
      endedAtMs: nowMs,
      requestCount: this.requestCount,
      receivedBytes: this.#receivedBytes,
      sentBytes: this.sentBytes,
      discardedBytes: this.#discardedBytes + closing.discardedBytes,
      unsentBytes: this.transport.unsentBytes,
      client: this.#client,
    };
  }

  #releaseIntake(): void {
    this.#intake?.release();
    this.#intake = null;
  }
}
