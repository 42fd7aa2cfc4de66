// One busy client on a persistent connection, with a round trip: everything that it sends or hears
// is on its way for half of it, FIN and RST too, as between two machines.
//
// A request counts as sent when the client decides to send it. It is lost if the connection ends
// before the client has heard the whole response.

import { connect, type Socket } from "node:net";

const REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

export interface BusyClientOptions {
  readonly port: number;
  readonly oneWayMs: number;
  readonly thinkLimitMs: number;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
}

/** Why a client has stopped. */
export type Departure =
  /** Told to, by `Connection: close` on a whole response. */
  | "told"
  /** FIN or RST while it waited for nothing: nothing is lost. */
  | "idle-end"
  /** FIN or RST in place of a response. */
  | "lost"
  /** It was never connected. */
  | "refused";

export class BusyClient {
  answeredCount = 0;
  departure: Departure | null = null;
  readonly #options: BusyClientOptions;
  readonly #socket: Socket;
  readonly #onDeparture: () => void;
  #isWaiting = false;
  #text = "";

  constructor(options: BusyClientOptions, onDeparture: () => void) {
    this.#options = options;
    this.#onDeparture = onDeparture;
    this.#socket = connect({ port: options.port, host: "127.0.0.1", allowHalfOpen: true });
    this.#socket.setNoDelay(true);
    this.#socket.on("connect", () => this.#think());
    this.#socket.on("data", (bytes) => this.#later(() => this.#hear(bytes.toString("latin1"))));
    this.#socket.on("end", () => this.#later(() => this.#leave("idle-end")));
    this.#socket.on("error", () => this.#later(() => this.#leave("idle-end")));
  }

  /** Ends a client that nobody has ended. */
  close(): void {
    this.departure ??= "idle-end";
    this.#socket.destroy();
  }

  #later(action: () => void): void {
    setTimeout(action, this.#options.oneWayMs);
  }

  #think(): void {
    setTimeout(() => this.#ask(), this.#options.random() * this.#options.thinkLimitMs);
  }

  #ask(): void {
    if (this.departure !== null) return;
    this.#isWaiting = true;
    this.#later(() => {
      if (!this.#socket.destroyed) this.#socket.write(REQUEST);
    });
  }

  #hear(text: string): void {
    if (this.departure !== null) return;
    this.#text += text;
    const headEnd = this.#text.indexOf("\r\n\r\n");
    if (headEnd < 0) return;
    const head = this.#text.slice(0, headEnd).toLowerCase();
    const length = Number(/\ncontent-length: (\d+)/.exec(head)?.[1]);
    if (this.#text.length < headEnd + 4 + length) return;
    this.#text = "";
    this.#isWaiting = false;
    this.answeredCount += 1;
    if (/\nconnection: close/.test(head)) this.#leave("told");
    else this.#think();
  }

  #leave(why: Departure): void {
    if (this.departure !== null) return;
    const isLost = why === "idle-end" && this.#isWaiting;
    const isRefused = this.#socket.connecting || this.#socket.remotePort === undefined;
    this.departure = isLost ? "lost" : isRefused && this.answeredCount === 0 ? "refused" : why;
    this.#socket.destroy();
    this.#onDeparture();
  }
}
