import type {
  ConnectOptions,
  ProbePort,
  ProbeSocket,
  SocketListener,
} from "../../src/probe/probe-port.ts";
import { ConnectError } from "../../src/probe/probe-port.ts";
import type { EndpointUser } from "../../src/simulation/endpoint-user.ts";
import type { Host } from "../../src/simulation/host.ts";
import type { TcpEndpoint } from "../../src/simulation/tcp-endpoint.ts";
import type { World } from "../../src/simulation/world.ts";

// The client port over the simulated TCP, so that cases run in virtual time.

export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

export class SimulatedPort implements ProbePort {
  readonly isTls = false;
  readonly #world: World;
  readonly #host: Host;
  readonly #server: ServerAddress;

  constructor(world: World, host: Host, server: ServerAddress) {
    this.#world = world;
    this.#host = host;
    this.#server = server;
  }

  get nowMs(): number {
    return this.#world.nowMs;
  }

  connect({ listener, isReading }: ConnectOptions): Promise<ProbeSocket> {
    return new Promise((resolve, reject) => {
      const endpoint = this.#host.connect(this.#server);
      new SimulatedSocket(endpoint, listener, isReading, (socket) => {
        if (endpoint.error === null) resolve(socket);
        else reject(new ConnectError(endpoint.error, `Cannot connect: ${endpoint.error}`));
      });
    });
  }

  schedule(delayMs: number, callback: () => void): () => void {
    let isCancelled = false;
    this.#world.after(Math.max(0, delayMs), () => {
      if (!isCancelled) callback();
    });
    return () => {
      isCancelled = true;
    };
  }
}

interface Write {
  bytes: Uint8Array;
  readonly settle: (isSent: boolean) => void;
}

class SimulatedSocket implements ProbeSocket, EndpointUser {
  readonly #endpoint: TcpEndpoint;
  readonly #listener: SocketListener;
  readonly #writes: Write[] = [];
  #isReading: boolean;
  #isEnding = false;
  #hasFin = false;
  #isOver = false;
  #onOpen: ((socket: SimulatedSocket) => void) | null;

  constructor(
    endpoint: TcpEndpoint,
    listener: SocketListener,
    isReading: boolean,
    onOpen: (socket: SimulatedSocket) => void,
  ) {
    this.#endpoint = endpoint;
    this.#listener = listener;
    this.#isReading = isReading;
    this.#onOpen = onOpen;
    endpoint.user = this;
  }

  write(bytes: Uint8Array): Promise<boolean> {
    if (this.#isOver) return Promise.resolve(false);
    return new Promise((settle) => {
      this.#writes.push({ bytes, settle });
      this.handleReady();
    });
  }

  /** Here the error is told when it comes. */
  lookForReset(): void {}

  closeNotify(): Promise<void> {
    return Promise.resolve();
  }

  halfClose(): void {
    this.#isEnding = true;
    this.handleReady();
  }

  reset(): void {
    this.#isOver = true;
    this.#endpoint.abort();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#endpoint.close();
  }

  pause(): void {
    this.#isReading = false;
  }

  resume(): void {
    this.#isReading = true;
    this.handleReady();
  }

  handleReady(): void {
    if (this.#isOver) return;
    const endpoint = this.#endpoint;
    if (this.#onOpen !== null) {
      if (!endpoint.isConnected && endpoint.error === null) return;
      const tell = this.#onOpen;
      this.#onOpen = null;
      tell(this);
    }
    // As a runtime does it: a failed write makes it read what is left, and then tell.
    if (endpoint.error !== null || this.#isReading) {
      for (const bytes of endpoint.read()) this.#listener.handleBytes(bytes);
    }
    if (endpoint.error !== null) {
      this.#fail(endpoint.error);
      return;
    }
    this.#writeOn();
    if (this.#isEnding && this.#writes.length === 0) endpoint.shutdownWrite();
    if (endpoint.isAtEnd && !this.#hasFin) {
      this.#hasFin = true;
      this.#listener.handleFin();
    }
  }

  #writeOn(): void {
    for (let first = this.#writes[0]; first !== undefined; first = this.#writes[0]) {
      const takenBytes = this.#endpoint.write(first.bytes);
      first.bytes = first.bytes.subarray(takenBytes);
      if (first.bytes.byteLength > 0) return;
      this.#writes.shift();
      first.settle(true);
    }
  }

  #fail(code: string): void {
    this.#isOver = true;
    this.#listener.handleFailure(code);
    for (const { settle } of this.#writes.splice(0)) settle(false);
  }
}
