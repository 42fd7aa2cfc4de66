import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { finWait2Seconds } from "../tcp/fin-wait-2-seconds.ts";
import { backgroundCloses } from "./background-close.ts";
import { descriptorOf } from "./file-descriptor.ts";
import type { SocketOptions } from "./socket-options.ts";
import type { TcpFacts } from "./tcp-facts.ts";
import type { Transport, TransportEndpoint, TransportHandler, TransportTls } from "./transport.ts";

// The Transport port over node:net and node:tls sockets, which must be made with allowHalfOpen.
//
// Public API of Node only, apart from the descriptor (file-descriptor.ts). Writes are cut into
// slices, because Node reports a write as done only when all of it is with the kernel: without
// slices a slow peer looks like a stalled one.

const SLICE_BYTES = 65_536;
const EMPTY = new Uint8Array(0);

/**
 * The transport of each socket. A property and shared listeners, not closures: five closures per
 * connection cost 0.4 KB, a tenth of an idle connection's memory.
 */
const TRANSPORT: unique symbol = Symbol("finwait.transport");

type OwnedSocket = Socket & { [TRANSPORT]: NodeTransport };

/** Errors that Node reports when the peer sent RST: on reading, and on writing after it. */
const RESET_CODES: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);
/** The same as Linux's numbers. */
const RESET_ERRORS: ReadonlySet<number> = new Set([104, 32, 103]);
/** The largest value of TCP_USER_TIMEOUT, an int. */
const UNACKNOWLEDGED_TIMEOUT_LIMIT_MS = 2_147_483_647;

/** The same for a TLS socket and the TCP socket below it, while they have a peer. */
export function peerKeyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

export class NodeTransport implements Transport {
  progressCount = 0;
  readonly #socket: Socket;
  readonly #tcp: Socket;
  readonly #tls: TLSSocket | null;
  readonly #options: SocketOptions | null;
  #local: TransportEndpoint | null = null;
  #handler: TransportHandler | null = null;
  #pending: Uint8Array[] | null = null;
  #pendingBytes = 0;
  #isWatching = false;
  #isEnding = false;
  #isResetSeen = false;
  /** Nothing more is told but the release. */
  #isResetting = false;

  /**
   * Takes the socket over: nobody else may listen to it or write to it. `tls`: the same, if TLS;
   * `tcp`: the socket below it. `options`: `null` where the kernel cannot be asked.
   */
  constructor(
    socket: Socket,
    tls: TLSSocket | null,
    tcp: Socket,
    options: SocketOptions | null = null,
  ) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#tls = tls;
    this.#options = options;
    // Node asks the kernel once and keeps the answer, but only if it is asked while there is a
    // peer.
    void socket.remoteAddress;
  }

  get peer(): TransportEndpoint {
    return { address: this.#socket.remoteAddress ?? "", port: this.#socket.remotePort ?? 0 };
  }

  get local(): TransportEndpoint {
    this.#local ??= {
      address: this.#socket.localAddress ?? "",
      port: this.#socket.localPort ?? 0,
    };
    return this.#local;
  }

  get tls(): TransportTls | null {
    if (this.#tls === null) return null;
    const serverName = this.#tls.servername;
    return {
      protocol: this.#tls.getProtocol() ?? "",
      cipher: this.#tls.getCipher()?.name ?? "",
      serverName: typeof serverName === "string" && serverName !== "" ? serverName : null,
    };
  }

  get unsentBytes(): number {
    return this.#socket.writableLength + this.#pendingBytes;
  }

  get canSetDeadlines(): boolean {
    return this.#descriptor() !== null;
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
    // One cast: TypeScript cannot follow the property from here into the listeners below.
    const socket = this.#socket as OwnedSocket;
    socket[TRANSPORT] = this;
    socket.on("error", onError);
    socket.on("close", onClose);
    socket.on("end", onEnd);
    socket.on("data", onData);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#pending !== null || this.#isEnding || bytes.byteLength > SLICE_BYTES) {
      this.#enqueue(bytes);
      return this.unsentBytes === 0;
    }
    this.#socket.write(bytes);
    if (this.#socket.writableLength === 0) return true;
    this.#watch();
    return false;
  }

  shutdownWrite(): void {
    this.#isEnding = true;
    this.#socket.on("finish", onFinish);
    if (this.#pending === null) this.#end();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  reset(): void {
    const { writableEnded, writableFinished, destroyed } = this.#socket;
    const isShuttingDown = writableEnded && !writableFinished && this.#socket.writableLength === 0;
    // While shutdown() is under way libuv refuses, and Node then keeps the handle for ever, as
    // measured on 20 to 26. It takes a turn of the event loop.
    if (isShuttingDown && !destroyed) {
      this.#isResetting = true;
      this.#socket.once("finish", () => this.reset());
    }
    // Only TCP has RST, and Node throws on a Unix socket. Its peer has a port, until it is gone.
    else if (this.#tcp.remotePort === undefined) this.close();
    // Of a TLS socket Node cannot reset the layer itself, but the TCP socket below it.
    else this.#tcp.resetAndDestroy();
  }

  tcpFacts(): TcpFacts | null {
    const fd = this.#descriptor();
    return fd === null ? null : (this.#options?.tcpFacts(fd) ?? null);
  }

  setUnacknowledgedTimeout(timeoutMs: number): boolean {
    const fd = this.#descriptor();
    if (fd === null) return false;
    // 0 would be the kernel's "no bound".
    const wholeMs = Math.min(Math.max(1, Math.ceil(timeoutMs)), UNACKNOWLEDGED_TIMEOUT_LIMIT_MS);
    return this.#options?.setUnacknowledgedTimeoutMs(fd, wholeMs) ?? false;
  }

  closeWithin(finWait2RestMs: number): void {
    const fd = this.#descriptor();
    if (fd !== null) this.#boundFinWait2(fd, finWait2RestMs);
    this.close();
  }

  closeWithSoLinger(timeoutMs: number, finWait2RestMs: number): boolean {
    const options = this.#options;
    const fd = this.#descriptor();
    if (options === null || fd === null) return false;
    const duplicate = options.duplicate(fd);
    if (duplicate === null) return false;
    this.#boundFinWait2(fd, finWait2RestMs);
    // Only once the runtime's own descriptor is closed: of two close() calls the last one blocks.
    this.#tcp.once("close", () => backgroundCloses.close(options, duplicate, timeoutMs));
    this.close();
    return true;
  }

  hasPendingReset(): boolean {
    const fd = this.#descriptor();
    if (fd === null) return this.#isResetSeen;
    // Reading clears it in the kernel, so it is kept here.
    const error = this.#options?.takePendingError(fd) ?? null;
    this.#isResetSeen ||= error !== null && RESET_ERRORS.has(error);
    return this.#isResetSeen;
  }

  #boundFinWait2(fd: number, restMs: number): void {
    const retransmitTimeoutMs = this.#options?.tcpFacts(fd)?.retransmitTimeoutMs ?? 0;
    this.#options?.setFinWait2Seconds(fd, finWait2Seconds(restMs, retransmitTimeoutMs));
  }

  /** Asked anew each time: a closed socket has none, and its number may be another's. */
  #descriptor(): number | null {
    return this.#options === null ? null : descriptorOf(this.#tcp);
  }

  /** @internal */
  receive(bytes: Uint8Array): void {
    if (!this.#isResetting) this.#handler?.handleData(bytes);
  }

  /** @internal */
  receiveEnd(): void {
    if (!this.#isResetting) this.#handler?.handlePeerEnd();
  }

  /** @internal */
  receiveFlushed(): void {
    if (!this.#isResetting) this.#handler?.handleFlushed();
  }

  /** @internal */
  fail(error: NodeJS.ErrnoException): void {
    const code = error.code ?? "UNKNOWN";
    if (this.#isResetting) return;
    if (RESET_CODES.has(code)) this.#handler?.handlePeerReset();
    else this.#handler?.handleNetworkFailure(code);
  }

  /** @internal */
  release(): void {
    this.#pending = null;
    this.#pendingBytes = 0;
    const handler = this.#handler;
    this.#handler = null;
    handler?.handleReleased();
  }

  #enqueue(bytes: Uint8Array): void {
    this.#pending ??= [];
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.byteLength;
    this.#pump();
  }

  /** Hands slices to the socket for as long as the kernel takes them at once. */
  #pump(): void {
    while (this.#pending !== null && this.#socket.writableLength === 0) {
      const first = this.#pending[0] ?? EMPTY;
      const slice = first.subarray(0, SLICE_BYTES);
      if (slice.byteLength === first.byteLength) this.#pending.shift();
      else this.#pending[0] = first.subarray(SLICE_BYTES);
      if (this.#pending.length === 0) this.#pending = null;
      this.#pendingBytes -= slice.byteLength;
      this.#socket.write(slice);
      this.progressCount += 1;
    }
    if (this.#socket.writableLength > 0) this.#watch();
  }

  /** Asks to be told when the socket's own buffer is empty: the callback of an empty write does. */
  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#socket.write(EMPTY, (error) => this.#handleEmptied(error));
  }

  #handleEmptied(error: Error | null | undefined): void {
    this.#isWatching = false;
    // The socket reports the same error through its "error" event.
    if (error) return;
    this.progressCount += 1;
    this.#pump();
    if (this.unsentBytes > 0) return;
    if (this.#isEnding) this.#end();
    else this.#handler?.handleWritable();
  }

  #end(): void {
    if (!this.#socket.writableEnded) this.#socket.end();
  }
}

function onData(this: Socket, bytes: Uint8Array): void {
  (this as OwnedSocket)[TRANSPORT].receive(bytes);
}

function onEnd(this: Socket): void {
  (this as OwnedSocket)[TRANSPORT].receiveEnd();
}

function onFinish(this: Socket): void {
  (this as OwnedSocket)[TRANSPORT].receiveFlushed();
}

function onError(this: Socket, error: NodeJS.ErrnoException): void {
  (this as OwnedSocket)[TRANSPORT].fail(error);
}

function onClose(this: Socket): void {
  (this as OwnedSocket)[TRANSPORT].release();
}
