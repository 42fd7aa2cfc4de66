import { isIP } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { ConnectError, type ProbeSocket, type SocketListener } from "./probe-port.ts";
import { type OpenOptions, TcpConnection } from "./tcp-connection.ts";
import { TlsRecords } from "./tls-records.ts";

// TLS over a TCP connection of ours, so that close_notify and FIN are seen apart, and one can be
// sent without the other.

export interface OpenTlsOptions extends OpenOptions {
  /** The name of the server for SNI; an address is no name (RFC 6066, 3). */
  readonly tlsName: string;
}

export class TlsConnection implements ProbeSocket {
  readonly #listener: SocketListener;
  readonly #tcp: TcpConnection;
  readonly #records: TlsRecords;
  #tls: TLSSocket | null = null;
  #isOver = false;
  #hasEnded = false;
  #onHandshakeFailure: ((code: string) => void) | null = null;
  #isPaused = false;
  #onResume: (() => void) | null = null;

  constructor(listener: SocketListener) {
    this.#listener = listener;
    this.#tcp = new TcpConnection({
      handleBytes: (bytes) => this.#records.receive(Uint8Array.from(bytes)),
      handleCloseNotify: () => {},
      handleFin: () => this.#handleFin(),
      handleFailure: (code) => this.#fail(code),
    });
    this.#records = new TlsRecords(this.#tcp);
  }

  /** @throws {ConnectError} No connection, or no handshake. */
  async open(options: OpenTlsOptions): Promise<void> {
    // The handshake has to be read, whatever the client does later.
    await this.#tcp.open({ ...options, isReading: true });
    const { tlsName, connectTimeoutMs } = options;
    await new Promise<void>((resolve, reject) => {
      const refuse = (code: string, message: string): void => {
        clearTimeout(timer);
        this.close();
        reject(new ConnectError(code, message));
      };
      const timer = setTimeout(
        () => refuse("ETIMEDOUT", `No TLS handshake within ${connectTimeoutMs} ms`),
        connectTimeoutMs,
      );
      this.#onHandshakeFailure = (code) => refuse(code, `No TLS handshake: ${code}`);
      // Who the server is does not matter here; how it ends connections does.
      const tls = connectTls({
        socket: this.#records,
        rejectUnauthorized: false,
        ALPNProtocols: ["http/1.1"],
        ...(isIP(tlsName) === 0 ? { servername: tlsName } : {}),
      });
      this.#tls = tls;
      tls.on("error", (error: NodeJS.ErrnoException) => this.#fail(error.code ?? error.message));
      tls.once("secureConnect", () => {
        clearTimeout(timer);
        this.#onHandshakeFailure = null;
        resolve();
      });
      tls.on("data", (bytes: Buffer) => this.#listener.handleBytes(bytes));
      tls.on("end", () => this.#handleCloseNotify());
      if (!options.isReading) this.pause();
    });
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    const tls = this.#tls;
    if (this.#isOver || tls === null || tls.destroyed) return false;
    await new Promise<void>((resolve) => {
      tls.write(bytes, () => resolve());
    });
    return !this.#records.hasWriteFailed && !this.#isOver;
  }

  /** Below TLS, whose writing may be over. */
  lookForReset(): void {
    this.#tcp.lookForReset();
  }

  closeNotify(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#tls === null || this.#tls.destroyed) resolve();
      else this.#tls.end(() => resolve());
    });
  }

  halfClose(): void {
    // Whatever becomes of the alert, FIN has to follow.
    const end = (): void => this.#tcp.halfClose();
    this.closeNotify().then(end, end);
  }

  reset(): void {
    this.#isOver = true;
    this.#tcp.reset();
  }

  close(): void {
    this.#isOver = true;
    this.#tcp.close();
    this.#tls?.destroy();
  }

  pause(): void {
    this.#isPaused = true;
    this.#tls?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#tls?.resume();
    const goOn = this.#onResume;
    this.#onResume = null;
    goOn?.();
  }

  #handleCloseNotify(): void {
    if (this.#hasEnded || this.#isOver) return;
    this.#hasEnded = true;
    this.#listener.handleCloseNotify();
  }

  #handleFin(): void {
    this.#whenRead(() => {
      if (this.#isOver) return;
      if (this.#onHandshakeFailure !== null) {
        this.#onHandshakeFailure("FIN");
        return;
      }
      this.#listener.handleFin();
      // What ends TLS from here on is not close_notify.
      this.#hasEnded = true;
      this.#records.push(null);
    });
  }

  #fail(code: string): void {
    if (this.#isOver) return;
    if (this.#onHandshakeFailure !== null) {
      this.#onHandshakeFailure(code);
      return;
    }
    this.#isOver = true;
    // As below TLS: nobody waits for a reader of what is no more.
    this.resume();
    this.#whenRead(() => {
      this.#listener.handleFailure(code);
      this.#tls?.destroy();
    });
  }

  /** Calls `tell` once the client has read every record that has come, the alert among them. */
  #whenRead(tell: () => void): void {
    // Records and what they hold pass from stream to stream in turns of their own.
    setImmediate(() =>
      setImmediate(() => {
        const unread = this.#records.readableLength + (this.#tls?.readableLength ?? 0);
        if (this.#isPaused) this.#onResume = () => this.#whenRead(tell);
        else if (unread > 0) this.#whenRead(tell);
        else tell();
      }),
    );
  }
}
