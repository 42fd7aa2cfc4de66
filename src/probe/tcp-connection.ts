import { Socket } from "node:net";
import { ConnectError, type ProbeSocket, type SocketListener } from "./probe-port.ts";

// A TCP connection over node:net that loses nothing of what its kernel has received.

const READ_BUFFER_BYTES = 65_536;
/** Nothing comes for so long: the kernel has nothing more. */
const REST_PAUSE_MS = 20;
const NOTHING = new Uint8Array(0);

export interface OpenOptions {
  readonly address: string;
  readonly port: number;
  readonly isReading: boolean;
  readonly connectTimeoutMs: number;
}

/**
 * node:net destroys a socket when a write fails, with whatever its kernel still holds for the
 * reader. What a server sent before its RST is what the probe is here to see, so a failed write
 * only starts the reading that was paused: the read ends by FIN or with an error itself.
 */
class ReadingSocket extends Socket {
  onWriteFailure: ((error: NodeJS.ErrnoException) => void) | null = null;

  override destroy(error?: NodeJS.ErrnoException): this {
    const isOfWrite = error?.syscall === "write" || error?.code === "EPIPE";
    if (!isOfWrite || this.onWriteFailure === null) return super.destroy(error);
    const tell = this.onWriteFailure;
    this.onWriteFailure = null;
    tell(error);
    return this;
  }
}

export class TcpConnection implements ProbeSocket {
  readonly #listener: SocketListener;
  readonly #socket: ReadingSocket;
  #isOpen = false;
  #hasFin = false;
  #isOver = false;

  constructor(listener: SocketListener) {
    this.#listener = listener;
    const buffer = Buffer.allocUnsafe(READ_BUFFER_BYTES);
    // `onread` keeps delivering behind a failed write, where the stream would not.
    const onread = {
      buffer,
      callback: (byteLength: number): boolean => {
        this.#listener.handleBytes(buffer.subarray(0, byteLength));
        return true;
      },
    };
    // @types/node knows `onread` for connect() only; the constructor takes the same options.
    const options = { allowHalfOpen: true, onread } as ConstructorParameters<typeof Socket>[0];
    this.#socket = new ReadingSocket(options);
  }

  /** @throws {ConnectError} Refused, unreachable, or too slow. */
  open({ address, port, isReading, connectTimeoutMs }: OpenOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#socket.destroy();
        const text = `Cannot connect to ${address}:${port} within ${connectTimeoutMs} ms`;
        reject(new ConnectError("ETIMEDOUT", text));
      }, connectTimeoutMs);
      this.#socket.on("error", (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        if (this.#isOpen) this.#fail(error.code ?? error.message);
        else reject(new ConnectError(error.code ?? "unknown", error.message));
      });
      this.#socket.on("end", () => this.#handleEnd());
      this.#socket.connect({ host: address, port }, () => {
        clearTimeout(timer);
        this.#isOpen = true;
        this.#socket.onWriteFailure = (error) =>
          this.#handleWriteFailure(error.code ?? error.message);
        this.#socket.setNoDelay(true);
        if (!isReading) this.#socket.pause();
        resolve();
      });
      if (!isReading) this.#socket.pause();
    });
  }

  write(bytes: Uint8Array): Promise<boolean> {
    if (this.#isOver || this.#socket.destroyed) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#socket.write(bytes, (error) => resolve(error === null || error === undefined));
    });
  }

  lookForReset(): void {
    // An empty write sends nothing, and fails if RST has come.
    if (this.#socket.writable) this.#socket.write(NOTHING);
  }

  closeNotify(): Promise<void> {
    return Promise.resolve();
  }

  halfClose(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#isOver = true;
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The runtime tells of an end. It does so, too, where RST came behind data: libuv sees HUP. */
  #handleEnd(): void {
    const { writable, writableLength, remoteAddress } = this.#socket;
    if (!writable) {
      this.#tellFin();
      return;
    }
    if (writableLength > 0) {
      // Nothing can be asked behind a write that waits. A connection that was reset has no peer.
      if (remoteAddress === undefined) this.#fail("ECONNRESET");
      else this.#tellFin();
      return;
    }
    // The kernel knows better, and says so to an empty write: ECONNRESET if there was no FIN, EPIPE
    // if RST came behind it.
    this.#socket.write(NOTHING, (error) => {
      const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
      if (code !== "ECONNRESET") this.#tellFin();
      if (code !== undefined) this.#fail(code);
    });
  }

  #tellFin(): void {
    if (this.#isOver) return;
    this.#hasFin = true;
    this.#listener.handleFin();
  }

  #handleWriteFailure(code: string): void {
    if (this.#isOver) return;
    if (this.#hasFin) {
      this.#fail(code);
      return;
    }
    // The stream tells of no end behind a failed write. What is left is in our own kernel and comes
    // at once, so a pause means that it was all.
    this.#socket.resume();
    const seenBytes = this.#socket.bytesRead;
    setTimeout(() => {
      if (this.#socket.bytesRead > seenBytes) this.#handleWriteFailure(code);
      else this.#fail(code);
    }, REST_PAUSE_MS);
  }

  #fail(code: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.handleFailure(code);
    this.#socket.destroy();
  }
}
