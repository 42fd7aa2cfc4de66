import { Duplex } from "node:stream";

// The stream of TLS records between the runtime's TLS and a TCP connection of ours.

export interface RecordCarrier {
  write(bytes: Uint8Array): Promise<boolean>;
  pause(): void;
  resume(): void;
}

export class TlsRecords extends Duplex {
  /** A write has failed; the reader goes on. */
  hasWriteFailed = false;
  readonly #carrier: RecordCarrier;

  constructor(carrier: RecordCarrier) {
    super({ allowHalfOpen: true });
    this.#carrier = carrier;
  }

  /** Bytes from TCP. Beyond what the reader wants, TCP's flow control stops the server. */
  receive(bytes: Uint8Array): void {
    if (!this.push(bytes)) this.#carrier.pause();
  }

  override _read(): void {
    this.#carrier.resume();
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    // TLS must not end for that: what the server sent before its RST is still to be read.
    const settle = (isWritten: boolean): void => {
      if (!isWritten) this.hasWriteFailed = true;
      done();
    };
    this.#carrier.write(bytes).then(settle, () => settle(false));
  }

  /** TLS has sent close_notify. Whether FIN follows is the client's decision. */
  override _final(done: () => void): void {
    done();
  }
}
