import { concatBytes } from "../base/latin1.ts";
import type { Transport } from "../transport/transport.ts";

// What one connection sends: the responses to pipelined requests joined into one write, and the
// bounds on what waits for the peer.

/**
 * Held bytes are written once they exceed this, so that a batch stays one copy of moderate size.
 */
const BATCH_LIMIT_BYTES = 65_536;

/** The counters of a connection that outlive its outbox. */
export interface OutboxHost {
  readonly transport: Transport;
  sentBytes: number;
  /** Requests taken whose responses are not all with the kernel. */
  inFlightCount: number;
}

export class Outbox {
  readonly #host: OutboxHost;
  #held: Uint8Array | Uint8Array[] | null = null;
  #heldBytes = 0;
  #isHolding = false;

  constructor(host: OutboxHost) {
    this.#host = host;
  }

  /** Bytes not written yet: they wait for `release`, or for `flush`. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  send(bytes: Uint8Array): void {
    this.#host.sentBytes += bytes.byteLength;
    if (!this.#isHolding) {
      this.#write(bytes);
      return;
    }
    if (this.#held === null) this.#held = bytes;
    else if (Array.isArray(this.#held)) this.#held.push(bytes);
    else this.#held = [this.#held, bytes];
    this.#heldBytes += bytes.byteLength;
    if (this.#heldBytes > BATCH_LIMIT_BYTES) this.flush();
  }

  /** Keeps what is sent from now on together, until `release`. */
  hold(): void {
    this.#isHolding = true;
  }

  release(): void {
    this.#isHolding = false;
    this.flush();
  }

  /** Writes what is held. */
  flush(): void {
    const held = this.#held;
    if (held === null) return;
    const heldBytes = this.#heldBytes;
    this.#held = null;
    this.#heldBytes = 0;
    if (!Array.isArray(held)) this.#write(held);
    else if (heldBytes <= BATCH_LIMIT_BYTES) this.#write(concatBytes(held, heldBytes));
    else for (const bytes of held) this.#write(bytes);
  }

  #write(bytes: Uint8Array): void {
    if (this.#host.transport.write(bytes)) this.#host.inFlightCount = 0;
  }
}
