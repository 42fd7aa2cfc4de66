import { latin1Bytes, latin1Text } from "../base/latin1.ts";
import type { TcpFacts } from "./tcp-facts.ts";
import type { Transport, TransportEndpoint, TransportHandler, TransportTls } from "./transport.ts";

// A connection in memory, for tests: records what is asked of it, and says what it is told to say.
//
// It breaks no promise of the port: nothing is delivered while paused or after the end, and
// "writable" comes only after a write that did not fit.

export class FakeTransport implements Transport {
  readonly peer: TransportEndpoint = { address: "192.0.2.1", port: 50_001 };
  readonly local: TransportEndpoint = { address: "192.0.2.2", port: 80 };
  readonly tls: TransportTls | null;
  unsentBytes = 0;
  progressCount = 0;
  /** Bytes that the kernel takes before it is full. */
  roomBytes: number = Number.POSITIVE_INFINITY;
  readonly writes: Uint8Array[] = [];
  isPaused = false;
  pauseCount = 0;
  isFinSent = false;
  /** How the local side released it. */
  release: "close" | "close-within" | "close-with-so-linger" | "reset" | null = null;
  /** What `closeWithin` was given, or `closeWithSoLinger` first. */
  releaseMs: number | null = null;
  /** What `closeWithSoLinger` was given for FIN-WAIT-2. */
  soLingerRestMs: number | null = null;
  /** What `setUnacknowledgedTimeout` was given last. */
  unacknowledgedTimeoutMs: number | null = null;
  /** What the kernel says when it is asked. */
  facts: TcpFacts | null = null;
  /** How often it was asked. */
  factsCount = 0;
  canSetDeadlines = false;
  /** True: an RST has come that the runtime did not report. */
  isResetPending = false;
  isReleased = false;
  /** What the driver must never do, and did. */
  readonly violations: string[] = [];
  #handler: TransportHandler | null = null;
  #inbox: (Uint8Array | "fin")[] = [];
  #isWritableDue = false;
  #isFlushedDue = false;

  constructor(tls: TransportTls | null = null) {
    this.tls = tls;
  }

  /** Everything written, as text. */
  get text(): string {
    return this.writes.map((bytes) => latin1Text(bytes, 0, bytes.byteLength)).join("");
  }

  /** True if a FIN was asked for and everything before it is with the kernel. */
  get isFlushedDue(): boolean {
    return this.#isFlushedDue && this.unsentBytes === 0;
  }

  start(handler: TransportHandler): void {
    if (this.#handler !== null) this.violations.push("started twice");
    this.#handler = handler;
  }

  write(bytes: Uint8Array): boolean {
    if (this.isFinSent) this.violations.push("written after FIN");
    // A socket that is gone swallows what is written to it.
    if (this.release !== null) return true;
    this.writes.push(bytes);
    const takenBytes = Math.min(this.roomBytes, bytes.byteLength);
    this.roomBytes -= takenBytes;
    this.unsentBytes += bytes.byteLength - takenBytes;
    if (this.unsentBytes === 0) return true;
    this.#isWritableDue = true;
    return false;
  }

  shutdownWrite(): void {
    if (this.isFinSent) this.violations.push("FIN sent twice");
    this.isFinSent = true;
    this.#isFlushedDue = true;
  }

  pause(): void {
    if (this.isPaused) this.violations.push("paused twice");
    this.isPaused = true;
    this.pauseCount += 1;
  }

  resume(): void {
    if (!this.isPaused) this.violations.push("resumed without a pause");
    this.isPaused = false;
  }

  close(): void {
    this.#end("close");
  }

  reset(): void {
    this.#end("reset");
  }

  tcpFacts(): TcpFacts | null {
    this.factsCount += 1;
    return this.release === null ? this.facts : null;
  }

  setUnacknowledgedTimeout(timeoutMs: number): boolean {
    if (this.release !== null) this.violations.push(`time-out set after ${this.release}`);
    if (!this.canSetDeadlines) return false;
    this.unacknowledgedTimeoutMs = timeoutMs;
    return true;
  }

  closeWithin(finWait2RestMs: number): void {
    this.releaseMs = finWait2RestMs;
    this.#end("close-within");
  }

  closeWithSoLinger(timeoutMs: number, finWait2RestMs: number): boolean {
    if (!this.isFinSent) this.violations.push("SO_LINGER before FIN");
    if (!this.canSetDeadlines) return false;
    this.releaseMs = timeoutMs;
    this.soLingerRestMs = finWait2RestMs;
    this.#end("close-with-so-linger");
    return true;
  }

  hasPendingReset(): boolean {
    return this.isResetPending;
  }

  // --- What a test makes happen ---

  /** The peer sends `data`. While paused it stays on the way, until `deliver`. */
  peerData(data: string | Uint8Array): void {
    this.#inbox.push(typeof data === "string" ? latin1Bytes(data) : data);
    this.deliver();
  }

  peerEnd(): void {
    this.#inbox.push("fin");
    this.deliver();
  }

  /** Delivers what has come while the transport was paused, until it is paused again. */
  deliver(): void {
    while (!this.isPaused) {
      const next = this.#inbox.shift();
      if (next === undefined) return;
      if (next === "fin") this.#live?.handlePeerEnd();
      else this.#live?.handleData(next);
    }
  }

  peerReset(): void {
    this.#live?.handlePeerReset();
  }

  networkFailure(code: string): void {
    this.#live?.handleNetworkFailure(code);
  }

  /** The kernel takes `byteCount` more bytes, and has room for as many as remain of them. */
  take(byteCount: number = Number.POSITIVE_INFINITY): void {
    const takenBytes = Math.min(byteCount, this.unsentBytes);
    this.unsentBytes -= takenBytes;
    this.roomBytes += byteCount - takenBytes;
    if (takenBytes > 0) this.progressCount += 1;
    if (this.unsentBytes > 0 || !this.#isWritableDue) return;
    this.#isWritableDue = false;
    if (!this.isFinSent) this.#live?.handleWritable();
  }

  /** Everything written and the FIN reach the kernel. */
  flush(): void {
    this.take();
    if (!this.isFlushedDue) return;
    this.#isFlushedDue = false;
    this.#live?.handleFlushed();
  }

  /** The socket is gone: after `close` or `reset`, or by itself. */
  released(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.#handler?.handleReleased();
  }

  get #live(): TransportHandler | null {
    return this.release === null && !this.isReleased ? this.#handler : null;
  }

  #end(release: NonNullable<FakeTransport["release"]>): void {
    if (this.release !== null) this.violations.push(`${release} after ${this.release}`);
    this.release ??= release;
  }
}
