import type { ConnectOptions, ProbePort, ProbeSocket } from "./probe-port.ts";
import { TcpConnection } from "./tcp-connection.ts";
import { TlsConnection } from "./tls-connection.ts";

// The port over the runtime's sockets.

export interface NodePortOptions {
  /** An address: names were resolved before, so that they cannot change their meaning meanwhile. */
  readonly address: string;
  readonly port: number;
  /** The name for SNI; `null`: without TLS. */
  readonly tlsName: string | null;
  /** Longest wait for a connection. */
  readonly connectTimeoutMs: number;
}

export class NodePort implements ProbePort {
  readonly isTls: boolean;
  readonly #options: NodePortOptions;

  constructor(options: NodePortOptions) {
    this.#options = options;
    this.isTls = options.tlsName !== null;
  }

  get nowMs(): number {
    return performance.now();
  }

  async connect({ listener, isReading }: ConnectOptions): Promise<ProbeSocket> {
    const { tlsName, connectTimeoutMs } = this.#options;
    if (tlsName === null) {
      const socket = new TcpConnection(listener);
      await socket.open({ ...this.#options, isReading });
      return socket;
    }
    const socket = new TlsConnection(listener);
    await socket.open({ ...this.#options, tlsName, isReading, connectTimeoutMs });
    return socket;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, Math.max(0, delayMs));
    return () => clearTimeout(timer);
  }
}
