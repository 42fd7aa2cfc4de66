// The port between the probe's clients and whatever carries their bytes: sockets of the runtime
// (node-port.ts), or a simulated TCP. Times are milliseconds since an origin of the port's own.

/** What a client is told of its connection, in the order in which its kernel told it. */
export interface SocketListener {
  handleBytes(bytes: Uint8Array): void;
  /** TLS: the alert close_notify. */
  handleCloseNotify(): void;
  /** TCP's FIN, also below TLS. */
  handleFin(): void;
  /**
   * The connection is no more, and what was unread has been delivered before. `code` is the error
   * of the sockets API: ECONNRESET and EPIPE mean RST.
   */
  handleFailure(code: string): void;
}

/** One connection as a client has it. */
export interface ProbeSocket {
  /** Resolves with true once the own kernel has the bytes, with false if it never can. */
  write(bytes: Uint8Array): Promise<boolean>;
  /**
   * Asks the own kernel whether it has been told of RST, and sends nothing: behind the server's FIN
   * nobody tells. What it says reaches the listener.
   */
  lookForReset(): void;
  /** TLS: sends close_notify, and no FIN. Without TLS it does nothing. */
  closeNotify(): Promise<void>;
  /** Sends FIN, after close_notify where there is TLS, and goes on reading. */
  halfClose(): void;
  /** Sends RST. */
  reset(): void;
  /** Gives the socket up, as a program does that ends. */
  close(): void;
  /** Reads no more, so that TCP's flow control stops the server. */
  pause(): void;
  resume(): void;
}

export interface ConnectOptions {
  readonly listener: SocketListener;
  /** False: nothing is read before `resume`. */
  readonly isReading: boolean;
}

export interface ProbePort {
  readonly nowMs: number;
  /** True if there is TLS between the clients and TCP. */
  readonly isTls: boolean;
  /**
   * Resolves once there is a connection, over TLS after the handshake.
   *
   * @throws {ConnectError} There is none.
   */
  connect(options: ConnectOptions): Promise<ProbeSocket>;
  /** Calls `callback` once, after so many milliseconds. Returns what cancels that. */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** A connection could not be made. `code` as the sockets API or TLS names it: ECONNREFUSED. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Resolves after so many milliseconds of the port's time. */
export function elapse(port: ProbePort, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    port.schedule(delayMs, resolve);
  });
}
