import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import type { ConnectionOwner } from "../teardown/endable-server.ts";
import { setOrphanDeadline } from "../teardown/orphan-deadline.ts";
import { NodeTransport, peerKeyOf } from "../transport/node-transport.ts";
import type { SocketOptions } from "../transport/socket-options.ts";
import { Connection } from "./connection.ts";
import type { ServerContext } from "./server-context.ts";

// Accepts sockets, counts them, and makes connections of them.

/** Connections beyond the limit that still get a 503. Further ones are closed without an answer. */
const REFUSED_LIMIT = 64;

/** How often, in accepted sockets, the pressure of a crowd is looked at before the next second. */
const PRESSURE_STRIDE = 64;

/** What the TLS layer is given. PEM text or bytes, as node:tls takes them. */
export interface TlsSettings {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  readonly passphrase?: string;
}

export class Listener implements ConnectionOwner {
  readonly connections: Set<Connection> = new Set();
  readonly #context: ServerContext;
  readonly #access: SocketOptions | null;
  readonly #server: Server;
  readonly #countByAddress = new Map<string, number>();
  /**
   * TCP sockets under TLS by their peer: they exist before a handshake makes connections of them.
   */
  readonly #tlsSockets = new Map<string, Socket>();
  #socketCount = 0;
  #connectionCount = 0;
  #acceptedCount = 0;
  #isStopped = false;
  #onEmpty: (() => void)[] = [];
  #onStopped: (() => void)[] = [];
  #onCrowd: () => void = () => {};

  constructor(context: ServerContext, tls: TlsSettings | null, access: SocketOptions | null) {
    this.#context = context;
    this.#access = access;
    // allowHalfOpen: without it Node ends our side when the peer half-closes, before the response.
    const options = { allowHalfOpen: true, noDelay: true };
    this.#server =
      tls === null
        ? createServer(options, (socket) => this.#accept(socket))
        : this.#createTlsServer({ ...options, ...tlsOptionsOf(tls) });
  }

  /** Sockets accepted and not gone, including TLS handshakes. */
  get socketCount(): number {
    return this.#socketCount;
  }

  listen(options: {
    readonly host: string;
    readonly port: number;
    readonly backlog: number;
  }): Promise<{ address: string; port: number }> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(options, () => {
        this.#server.off("error", reject);
        // A process out of descriptors fails to accept, and serves on: without a listener it ends.
        this.#server.on("error", (error) => this.#context.observer.handleHandlerError(error));
        this.setOrphanDeadline();
        const bound = this.#server.address();
        if (bound === null || typeof bound === "string") reject(new TypeError("not a TCP port"));
        else resolve({ address: bound.address, port: bound.port });
      });
    });
  }

  /** For sockets that are accepted from now on. */
  setOrphanDeadline(): void {
    setOrphanDeadline(this.#server, this.#access, this.#context);
  }

  /** Calls `onCrowd` now and then while sockets are accepted. */
  watchCrowd(onCrowd: () => void): void {
    this.#onCrowd = onCrowd;
  }

  /** Accepts no more connections. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#server.close();
    this.#settleStopped();
  }

  /** Ends TCP connections without a byte of TLS: nobody is in the middle of a handshake there. */
  endUnbegun(): void {
    for (const socket of this.#tlsSockets.values()) if (socket.bytesRead === 0) socket.destroy();
  }

  /** Ends what is left: connections with an ending, unfinished handshakes without. */
  endNow(): void {
    for (const connection of [...this.connections]) connection.endNow("shutdown-deadline");
    for (const socket of this.#tlsSockets.values()) socket.destroy();
  }

  /** Calls `callback` once, when no socket is open: now, or as soon as that is so. */
  onceEmpty(callback: () => void): void {
    if (this.#socketCount === 0) callback();
    else this.#onEmpty.push(callback);
  }

  /** Resolves when nothing is accepted any more and every socket is gone. */
  whenStopped(): Promise<void> {
    return new Promise((resolve) => {
      this.#onStopped.push(resolve);
      this.#settleStopped();
    });
  }

  #settleStopped(): void {
    if (!this.#isStopped || this.#socketCount > 0) return;
    for (const resolve of this.#onStopped.splice(0)) resolve();
  }

  #createTlsServer(options: TlsOptions): Server {
    const handshakeTimeout = this.#context.limits.headerTimeoutMs;
    const server = createTlsServer({ ...options, handshakeTimeout }, (socket) => {
      // The runtime does not say which TCP socket is below; both have the same peer.
      const tcp = this.#tlsSockets.get(peerKeyOf(socket));
      if (socket.destroyed || tcp === undefined) socket.destroy();
      else this.#open(new NodeTransport(socket, socket, tcp, this.#access), this.#forget);
    });
    server.on("connection", (socket: Socket) => this.#acceptTls(socket));
    // The runtime destroys the socket of a failed handshake. There was no connection to report.
    server.on("tlsClientError", (_error: Error, socket: TLSSocket) => socket.destroy());
    return server;
  }

  #accept(socket: Socket): void {
    if (!this.#admit(socket)) return;
    // Node's own listener acts only without allowHalfOpen. One listener needs no array to be kept
    // in.
    socket.removeAllListeners("end");
    this.#open(new NodeTransport(socket, null, socket, this.#access), this.#forgetAndDismiss);
  }

  #acceptTls(socket: Socket): void {
    if (!this.#admit(socket)) return;
    const key = peerKeyOf(socket);
    this.#tlsSockets.set(key, socket);
    const address = socket.remoteAddress ?? "";
    socket.once("close", () => {
      this.#tlsSockets.delete(key);
      this.#dismiss(address);
    });
  }

  /** Counts a socket, or destroys it if there are too many even to be refused politely. */
  #admit(socket: Socket): boolean {
    const address = socket.remoteAddress ?? "";
    this.#socketCount += 1;
    this.#acceptedCount += 1;
    if (this.#acceptedCount % PRESSURE_STRIDE === 1) this.#onCrowd();
    this.#countByAddress.set(address, (this.#countByAddress.get(address) ?? 0) + 1);
    if (this.#excess(address) <= REFUSED_LIMIT) return true;
    this.#dismiss(address);
    socket.destroy();
    return false;
  }

  #dismiss(address: string): void {
    this.#socketCount -= 1;
    const count = (this.#countByAddress.get(address) ?? 1) - 1;
    if (count === 0) this.#countByAddress.delete(address);
    else this.#countByAddress.set(address, count);
    if (this.#socketCount > 0) return;
    for (const callback of this.#onEmpty.splice(0)) callback();
    this.#settleStopped();
  }

  // One function each for all connections: a closure per connection would cost memory.

  readonly #forget = (connection: Connection): void => {
    this.connections.delete(connection);
  };

  readonly #forgetAndDismiss = (connection: Connection): void => {
    this.connections.delete(connection);
    this.#dismiss(connection.peer.address);
  };

  #open(transport: NodeTransport, onReleased: (connection: Connection) => void): void {
    this.#connectionCount += 1;
    const connection = new Connection(this.#connectionCount, transport, this.#context, onReleased);
    this.connections.add(connection);
    if (this.#excess(transport.peer.address) > 0) connection.refuse();
    else connection.start();
  }

  /** How many connections there are beyond the limits, of which the larger excess counts. */
  #excess(address: string): number {
    const { connectionLimit, connectionLimitPerAddress } = this.#context.limits;
    const total = this.#socketCount - connectionLimit;
    if (connectionLimitPerAddress === 0) return total;
    const ofAddress = (this.#countByAddress.get(address) ?? 0) - connectionLimitPerAddress;
    return Math.max(total, ofAddress);
  }
}

function tlsOptionsOf(tls: TlsSettings): TlsOptions {
  return {
    cert: Buffer.from(tls.cert),
    key: Buffer.from(tls.key),
    ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
    ALPNProtocols: ["http/1.1"],
    minVersion: "TLSv1.2",
  };
}
