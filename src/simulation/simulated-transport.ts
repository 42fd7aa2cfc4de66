import { latin1Text } from "../base/latin1.ts";
import type { TcpFacts } from "../transport/tcp-facts.ts";
import type {
  Transport,
  TransportEndpoint,
  TransportHandler,
  TransportTls,
} from "../transport/transport.ts";
import type { EndpointUser } from "./endpoint-user.ts";
import type { TcpEndpoint } from "./tcp-endpoint.ts";
import type { World } from "./world.ts";

// The Transport port over a simulated socket, as a runtime with an event loop has it: it reads what
// is there in one turn, tells of FIN and of errors behind the data, and releases in a later turn.

export interface TransportOptions {
  /** Socket options can be reached: TCP_INFO, SO_ERROR, TCP_LINGER2, TCP_USER_TIMEOUT. */
  readonly canSetDeadlines: boolean;
  /** For whoever writes a trace. */
  readonly onAct?: ((act: TransportAct, detail: string | null) => void) | undefined;
}

/** What the server does with a socket. */
export type TransportAct = "response" | "write" | "half-close" | "close" | "reset";

export class SimulatedTransport implements Transport, EndpointUser {
  progressCount = 0;
  readonly tls: TransportTls | null = null;
  readonly canSetDeadlines: boolean;
  readonly #world: World;
  readonly #endpoint: TcpEndpoint;
  readonly #onAct: TransportOptions["onAct"];
  #handler: TransportHandler | null = null;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #isPaused = false;
  #isEnding = false;
  #isFlushed = false;
  #isEndTold = false;
  #isErrorTold = false;
  #isWaiting = false;
  #isClosed = false;

  constructor(world: World, endpoint: TcpEndpoint, options: TransportOptions) {
    this.#world = world;
    this.#endpoint = endpoint;
    this.canSetDeadlines = options.canSetDeadlines;
    this.#onAct = options.onAct;
    endpoint.user = this;
  }

  get peer(): TransportEndpoint {
    return this.#endpoint.peer;
  }
  get local(): TransportEndpoint {
    return this.#endpoint.local;
  }
  get unsentBytes(): number {
    return this.#pendingBytes;
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
    this.#world.soon(() => this.handleReady());
  }

  write(bytes: Uint8Array): boolean {
    if (this.#onAct !== undefined) this.#tellWrite(bytes);
    if (bytes.byteLength > 0) this.#pending.push(bytes);
    this.#pendingBytes += bytes.byteLength;
    this.#push();
    this.#isWaiting = this.#pendingBytes > 0;
    return !this.#isWaiting;
  }

  shutdownWrite(): void {
    this.#onAct?.("half-close", null);
    this.#isEnding = true;
    this.#push();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#world.soon(() => this.handleReady());
  }

  close(): void {
    this.#release("close", null, () => this.#endpoint.close());
  }

  reset(): void {
    this.#release("reset", null, () => this.#endpoint.abort());
  }

  closeWithin(finWait2RestMs: number): void {
    if (!this.canSetDeadlines) this.close();
    else {
      const detail = `TCP_LINGER2 ${Math.ceil(finWait2RestMs / 1_000)} s`;
      this.#release("close", detail, () => {
        this.#endpoint.limitFinWait2(finWait2RestMs);
        this.#endpoint.close();
      });
    }
  }

  /** As if each such close() had a thread of its own: the runtime is not told when it returns. */
  closeWithSoLinger(timeoutMs: number, finWait2RestMs: number): boolean {
    if (!this.canSetDeadlines) return false;
    this.#endpoint.limitFinWait2(finWait2RestMs);
    const wholeMs = Math.ceil(timeoutMs / 1_000) * 1_000;
    // SO_LINGER of 0 s would be an RST.
    if (wholeMs === 0) this.close();
    else {
      const detail = `SO_LINGER ${wholeMs / 1_000} s`;
      this.#release("close", detail, () => this.#endpoint.closeBlocking(wholeMs, () => {}));
    }
    return true;
  }

  setUnacknowledgedTimeout(timeoutMs: number): boolean {
    if (this.canSetDeadlines) this.#endpoint.setUserTimeout(timeoutMs);
    return this.canSetDeadlines;
  }

  hasPendingReset(): boolean {
    if (!this.canSetDeadlines) return this.#isErrorTold;
    const { error } = this.#endpoint;
    return error === "ECONNRESET" || error === "EPIPE";
  }

  tcpFacts(): TcpFacts | null {
    if (!this.canSetDeadlines || this.#isClosed) return null;
    const { state, send } = this.#endpoint;
    const isOpening = state === "syn-sent" || state === "syn-received";
    // What the kernel counts: bytes behind the SYN, and a FIN as one.
    const acknowledgedBytes = Math.max(0, send.unacknowledged - 1);
    const finBytes = send.finAt !== null && send.highest > send.finAt ? 1 : 0;
    return {
      // A kernel keeps only a small record of TIME-WAIT, and the socket says "closed".
      state: isOpening ? "other" : state === "time-wait" ? "closed" : state,
      isEverythingAcknowledged: isEnded(state)
        ? send.isFinAcknowledged
        : send.isEverythingAcknowledged,
      isFinAcknowledged: send.isFinAcknowledged,
      acknowledgedBytes,
      sentBytes: Math.max(0, send.highest - 1 - finBytes),
      notSentBytes: send.notSentBytes,
      unacknowledgedSegments: send.inFlightBytes > 0 ? 1 : 0,
      roundTripMs: send.rounds.lastMs,
      retransmitTimeoutMs: send.rounds.timeoutMs,
    };
  }

  // --- What the socket says ---

  handleReady(): void {
    if (this.#handler === null || this.#isClosed) return;
    if (!this.#isPaused) this.#readAll();
    if (this.#isClosed) return;
    const { error } = this.#endpoint;
    const isTold = this.#isEndTold || this.#isErrorTold || this.#isPaused;
    if (error !== null && !isTold) {
      this.#tellError(error);
      return;
    }
    if (this.#pendingBytes > 0 || (this.#isEnding && !this.#isFlushed)) this.#push();
    if (!this.#isWaiting || this.#pendingBytes > 0) return;
    this.#isWaiting = false;
    this.#handler?.handleWritable();
  }

  #readAll(): void {
    for (const bytes of this.#endpoint.read()) {
      this.#handler?.handleData(bytes);
      if (this.#isClosed) return;
    }
    if (!this.#endpoint.isAtEnd || this.#isEndTold || this.#isErrorTold) return;
    this.#isEndTold = true;
    this.#handler?.handlePeerEnd();
  }

  /** The runtime gives a socket up that has failed. */
  #tellError(error: string): void {
    this.#isErrorTold = true;
    if (error === "ECONNRESET" || error === "EPIPE") this.#handler?.handlePeerReset();
    else this.#handler?.handleNetworkFailure(error);
    this.close();
  }

  #push(): void {
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      const taken = this.#endpoint.write(first);
      if (taken === 0) break;
      if (taken === first.byteLength) this.#pending.shift();
      else this.#pending[0] = first.subarray(taken);
      this.#pendingBytes -= taken;
      this.progressCount += 1;
    }
    if (this.#pendingBytes > 0) {
      // A write to a connection that is gone fails in a later turn, even behind the peer's FIN.
      if (this.#endpoint.error !== null) this.#world.soon(() => this.#failWrite());
      return;
    }
    if (!this.#isEnding || this.#isFlushed) return;
    this.#isFlushed = true;
    this.#endpoint.shutdownWrite();
    this.#world.soon(() => {
      if (!this.#isClosed) this.#handler?.handleFlushed();
    });
  }

  #failWrite(): void {
    if (!this.#isClosed && !this.#isErrorTold) this.#tellError("EPIPE");
  }

  #tellWrite(bytes: Uint8Array): void {
    const [, statusLine] = STATUS_LINE.exec(latin1Text(bytes, 0, STATUS_LINE_LIMIT)) ?? [];
    if (statusLine === undefined) this.#onAct?.("write", `${bytes.byteLength} bytes`);
    else this.#onAct?.("response", `${statusLine}, ${bytes.byteLength} bytes`);
  }

  #release(act: TransportAct, detail: string | null, close: () => void): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onAct?.(act, detail);
    this.#pending = [];
    this.#pendingBytes = 0;
    close();
    this.#world.soon(() => {
      const handler = this.#handler;
      this.#handler = null;
      handler?.handleReleased();
    });
  }
}

/** Status lines are no longer. */
const STATUS_LINE_LIMIT = 80;
const STATUS_LINE = /^(HTTP\/1\.[01] \d+[^\r]*)\r/;

function isEnded(state: string): boolean {
  return state === "closed" || state === "time-wait";
}
