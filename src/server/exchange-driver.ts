import type { CloseReason } from "../tcp/ending.ts";
import type { CloseOverrides, ConnectionFacts } from "./exchange.ts";

// The port between an exchange and the connection that it is on. Types only.

/**
 * What an exchange needs of the connection that it is on. A handler may keep an exchange for longer
 * than the connection does, so each call says whose it is; `E` is the class of exchanges.
 */
export interface ExchangeDriver<E> {
  readonly connection: ConnectionFacts;
  readonly date: string;
  /** The value of the Keep-Alive field. */
  readonly keepAlive: string;
  /** Why the connection must close after this response, or `null` if it persists. */
  decideClose(exchange: E): CloseReason | null;
  /** False while more waits for the peer than `sendBufferLimitBytes`. */
  readonly isWritable: boolean;
  /** Sends bytes in order. Returns `isWritable`. */
  send(bytes: Uint8Array): boolean;
  /**
   * The handler wants bytes of the body, or they need not be kept for it any more: send 100
   * (Continue) if due, and read on.
   */
  readOn(exchange: E): void;
  /** Sends 100 (Continue) if the client waits for it. */
  sendContinue(exchange: E): void;
  /** Bytes of the body were received, and nobody will read them. */
  noteDiscarded(byteCount: number): void;
  /** 101 was sent: what the peer sends from now on is the body of this exchange. */
  switchProtocols(exchange: E): void;
  /** Application code that was called from here has thrown. */
  reportError(error: unknown): void;
  /**
   * The connection of this exchange ends by another policy than the server's.
   *
   * @throws {RangeError} A value is out of range, or contradicts another one.
   */
  adjustClose(exchange: E, overrides: CloseOverrides): void;
  /** RST, now. */
  resetConnection(exchange: E): void;
  /** The response is complete, or was given up (`exchange.isAborted`). */
  exchangeEnded(exchange: E): void;
}
