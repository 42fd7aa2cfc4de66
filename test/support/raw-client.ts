import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { DEADLINE_MS } from "./deadline.ts";
import { ResponseParser, type SeenResponse } from "./response-parser.ts";

// A TCP or TLS client that does nothing by itself and records what it saw: bytes, responses, FIN
// and RST told apart, and when. Node stops looking at a socket once it has read FIN, so an RST
// after it shows only on the next write; ask the kernel (socket-table.ts) where that matters.

export interface RawClientOptions {
  readonly port: number;
  readonly isTls?: boolean;
  /** False: reads nothing before `resume`, so that TCP's flow control stops the server. */
  readonly isReading?: boolean;
}

/** An error that the client's kernel reported. */
export interface SeenError {
  readonly code: string;
  readonly atMs: number;
}

export class RawClient {
  readonly localPort: number;
  receivedBytes = 0;
  /** Milliseconds after the connection was made; `null`: no FIN (over TLS: no close_notify). */
  finAtMs: number | null = null;
  error: SeenError | null = null;
  firstByteAtMs: number | null = null;
  isClosed = false;
  readonly #socket: Socket;
  readonly #parser = new ResponseParser();
  readonly #startedAtMs = performance.now();
  readonly #watchers = new Set<() => void>();

  /** Resolves when connected, over TLS after the handshake. */
  static connect(options: RawClientOptions): Promise<RawClient> {
    const { port, isTls = false, isReading = true } = options;
    const target = { host: "127.0.0.1", port, allowHalfOpen: true };
    return new Promise((resolve, reject) => {
      const connected = (): void => {
        socket.off("error", reject);
        resolve(new RawClient(socket, isReading));
      };
      const socket: Socket = isTls
        ? connectTls({ ...target, rejectUnauthorized: false }, connected)
        : connectTcp(target, connected);
      // TLS has to read its handshake. Plain sockets must not begin to read and then stop.
      if (!isReading && !isTls) socket.pause();
      socket.once("error", reject);
    });
  }

  private constructor(socket: Socket, isReading: boolean) {
    this.#socket = socket;
    this.localPort = socket.localPort ?? 0;
    if (!isReading) socket.pause();
    socket.setNoDelay(true);
    socket.on("data", (bytes) => {
      this.firstByteAtMs ??= this.#nowMs();
      this.receivedBytes += bytes.length;
      this.#parser.receive(bytes);
      this.#notify();
    });
    socket.on("end", () => {
      this.finAtMs = this.#nowMs();
      this.#parser.receiveEnd();
      this.#notify();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.error ??= { code: error.code ?? error.message, atMs: this.#nowMs() };
      this.#notify();
    });
    socket.on("close", () => {
      this.isClosed = true;
      this.#notify();
    });
    if (!isReading) socket.pause();
  }

  /** Final responses, the last one perhaps incomplete. */
  get responses(): readonly SeenResponse[] {
    return this.#parser.responses;
  }

  get interimStatuses(): readonly number[] {
    return this.#parser.interimStatuses;
  }

  /** The final statuses in order. */
  get statuses(): readonly number[] {
    return this.responses.map(({ status }) => status);
  }

  get completeCount(): number {
    return this.responses.filter(({ isComplete }) => isComplete).length;
  }

  /** Bytes that the client's kernel took. */
  get writtenBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  /** The last response, complete or not. */
  get last(): SeenResponse {
    const response = this.responses.at(-1);
    if (response === undefined) throw new Error(`Cannot see a response. ${this.describe()}`);
    return response;
  }

  /** How the connection ended for the client, in one word. */
  get end(): "fin" | "reset" | "open" {
    if (this.error !== null) return "reset";
    return this.finAtMs === null ? "open" : "fin";
  }

  /** True once nothing more can be written or read, even before the socket says so. */
  get isGone(): boolean {
    return this.#socket.destroyed;
  }

  /** Resolves when the kernel has the bytes, or cannot have them any more: see `error`. */
  write(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      // Every failure reaches the "error" listener as well, which records it.
      this.#socket.write(bytes, () => resolve());
    });
  }

  halfClose(): void {
    this.#socket.end();
  }

  /** Closes as an application does: FIN, or RST if something was not read. */
  close(): void {
    this.#socket.destroy();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Calls `listener` whenever something was seen. */
  onSeen(listener: () => void): void {
    this.#watchers.add(listener);
  }

  /**
   * Resolves when `predicate` holds.
   *
   * @throws {Error} It does not hold in time, or the socket closed without it.
   */
  waitFor(what: string, predicate: () => boolean, deadlineMs = DEADLINE_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        const isSeen = predicate();
        if (!isSeen && !this.isClosed) return;
        stop();
        if (isSeen) resolve();
        else reject(new Error(`Cannot see ${what}: socket closed. ${this.describe()}`));
      };
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`Waited ${deadlineMs} ms for ${what}. ${this.describe()}`));
      }, deadlineMs);
      const stop = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(settle);
      };
      this.#watchers.add(settle);
      settle();
    });
  }

  waitForResponses(count: number, deadlineMs = DEADLINE_MS): Promise<void> {
    const isSeen = (): boolean => this.completeCount >= count;
    return this.waitFor(`${count} complete responses`, isSeen, deadlineMs);
  }

  waitForFin(deadlineMs = DEADLINE_MS): Promise<void> {
    return this.waitFor("FIN", () => this.finAtMs !== null, deadlineMs);
  }

  /** FIN or RST, whichever comes. */
  waitForEnd(deadlineMs = DEADLINE_MS): Promise<void> {
    return this.waitFor("an end", () => this.end !== "open" || this.isClosed, deadlineMs);
  }

  waitForError(deadlineMs = DEADLINE_MS): Promise<void> {
    return this.waitFor("RST", () => this.error !== null, deadlineMs);
  }

  describe(): string {
    const seen = this.responses.map(
      ({ status, bodyBytes, isComplete }) => `${status} ${bodyBytes} B ${isComplete ? "" : "cut"}`,
    );
    return JSON.stringify({
      responses: seen,
      interims: this.interimStatuses,
      pending: this.#parser.pending.toString("latin1", 0, 80),
      receivedBytes: this.receivedBytes,
      writtenBytes: this.writtenBytes,
      finAtMs: this.finAtMs,
      error: this.error,
      isClosed: this.isClosed,
      nowMs: this.#nowMs(),
    });
  }

  #nowMs(): number {
    return Math.round(performance.now() - this.#startedAtMs);
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
