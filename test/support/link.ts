import { connect, createServer, type Server, type Socket } from "node:net";
import { finished } from "node:stream";
import { within } from "./deadline.ts";

// A stretch of network between a client and a server: a delay, and buffers that are bounded. What
// enters comes out in order: bytes, then FIN or RST, each direction by itself.
//
// It acknowledges bytes itself, so a sender hears of them early by up to `windowBytes` and two
// kernel buffers. Bytes on their way before an RST arrive before it, which a network does not
// promise. An RST behind a FIN, or of a sender held back, is heard with the next write to it.

export interface LinkOptions {
  readonly targetPort: number;
  /** Half of the round trip. A connection is made at the target after the same delay. */
  readonly oneWayMs: number;
  /** Most bytes on their way in each direction of a connection; one read more can be. */
  readonly windowBytes?: number;
}

const DEFAULT_WINDOW_BYTES = 262_144;

export class Link {
  readonly #options: Required<LinkOptions>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #directions = new Set<Direction>();
  #peakHeldBytes = 0;

  static async open(options: LinkOptions): Promise<Link> {
    const link = new Link({ windowBytes: DEFAULT_WINDOW_BYTES, ...options });
    const listening = new Promise<void>((resolve, reject) => {
      link.#server.once("error", reject);
      link.#server.listen(0, "127.0.0.1", resolve);
    });
    await within(listening, "the link to listen");
    return link;
  }

  private constructor(options: Required<LinkOptions>) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.#join(client);
    });
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("Link is closed");
    return address.port;
  }

  /** Bytes that have entered and have not been taken by the kernel at the other side. */
  get heldBytes(): number {
    let sum = 0;
    for (const { heldBytes } of this.#directions) sum += heldBytes;
    return sum;
  }

  /** The most that one direction of one connection has held. */
  get peakHeldBytes(): number {
    return this.#peakHeldBytes;
  }

  /** Resets what is still connected. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets) {
      if (isFinPending(socket)) socket.destroy();
      else socket.resetAndDestroy();
    }
    await within(closed, "the link to close");
  }

  #join(client: Socket): void {
    this.#sockets.add(client);
    client.once("close", () => this.#sockets.delete(client));
    client.pause();
    // A reset meanwhile is heard when somebody listens: the target is connected in any case.
    setTimeout(() => {
      if (client.destroyed) return;
      const host = "127.0.0.1";
      const target = connect({ port: this.#options.targetPort, host, allowHalfOpen: true });
      target.setNoDelay(true);
      this.#sockets.add(target);
      target.once("close", () => this.#sockets.delete(target));
      this.#direct(client, target);
      this.#direct(target, client);
    }, this.#options.oneWayMs);
    client.on("error", () => {});
  }

  #direct(source: Socket, destination: Socket): void {
    const direction = new Direction(source, destination, this.#options, (heldBytes) => {
      this.#peakHeldBytes = Math.max(this.#peakHeldBytes, heldBytes);
    });
    this.#directions.add(direction);
    finished(source, () => this.#directions.delete(direction));
  }
}

/** Asked for FIN, and for RST before that is out, the runtime keeps the socket for ever. */
function isFinPending(socket: Socket): boolean {
  return socket.writableEnded && !socket.writableFinished;
}

/** From one socket to the other one. */
class Direction {
  heldBytes = 0;
  readonly #source: Socket;
  readonly #destination: Socket;
  readonly #options: Required<LinkOptions>;
  readonly #onHeld: (heldBytes: number) => void;

  constructor(
    source: Socket,
    destination: Socket,
    options: Required<LinkOptions>,
    onHeld: (heldBytes: number) => void,
  ) {
    this.#source = source;
    this.#destination = destination;
    this.#options = options;
    this.#onHeld = onHeld;
    source.on("data", (bytes) => this.#carry(bytes));
    source.on("end", () => this.#later(() => destination.end()));
    // ECONNRESET and EPIPE are how a reset shows; a target that refuses is one, too.
    source.on("error", () => this.#later(() => this.#reset()));
    source.resume();
  }

  #carry(bytes: Buffer): void {
    this.#hold(bytes.length);
    this.#later(() => {
      // A failure shows as an "error" of the destination, and goes back as a reset.
      this.#destination.write(bytes, () => this.#hold(-bytes.length));
    });
  }

  #hold(byteCount: number): void {
    this.heldBytes += byteCount;
    this.#onHeld(this.heldBytes);
    if (this.heldBytes >= this.#options.windowBytes) this.#source.pause();
    else this.#source.resume();
  }

  #reset(): void {
    const destination = this.#destination;
    if (isFinPending(destination)) destination.once("finish", () => destination.resetAndDestroy());
    else destination.resetAndDestroy();
  }

  /** Timers of one length expire in the order in which they were set. */
  #later(action: () => void): void {
    setTimeout(action, this.#options.oneWayMs);
  }
}
