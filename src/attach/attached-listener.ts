import type { Server } from "node:http";
import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ConnectionOwner } from "../teardown/endable-server.ts";
import { setOrphanDeadline } from "../teardown/orphan-deadline.ts";
import { NodeTransport, peerKeyOf } from "../transport/node-transport.ts";
import { AttachedConnection, type ConnectionKeeper } from "./attached-connection.ts";
import type { AttachedContext } from "./attached-context.ts";
import { type ServerEvents, ServerHooks } from "./server-hooks.ts";
import { SocketGuard } from "./socket-guard.ts";
import { ownerOf } from "./socket-hooks.ts";

// The connections of one attached server: what it accepts from now on, and what becomes of them
// when it goes.

const NOT_TOLD =
  "this runtime has no diagnostics channel http.server.request.start as Node 20 to 26 have it";

export class AttachedListener implements ConnectionOwner, ConnectionKeeper, ServerEvents {
  readonly context: AttachedContext;
  readonly connections: Set<AttachedConnection> = new Set();
  readonly #server: Server;
  readonly #hooks: ServerHooks;
  readonly isTls: boolean;
  /** TCP sockets under TLS by their peer, until their handshake is over. */
  readonly #handshakes = new Map<string, Socket>();
  #connectionCount = 0;
  #isStopped = false;
  /** The server has no socket any more, not even one from before `attach`. */
  #isServerClosed = false;
  #isCutShort = false;
  #onEmpty: (() => void)[] = [];
  #onStopped: (() => void)[] = [];

  constructor(context: AttachedContext, isTls: boolean) {
    this.context = context;
    this.#server = context.server;
    this.#hooks = new ServerHooks(context.server, this, isTls);
    this.isTls = isTls;
  }

  /** Sockets accepted since `attach` and not gone, including TLS handshakes. */
  get socketCount(): number {
    return this.connections.size + this.#handshakes.size;
  }

  get closing(): "idle" | "all" | null {
    return this.#hooks.closing;
  }

  // --- What the server accepts ---

  /** Before that there is no socket to set it on, and each time it is another one. */
  handleListening(): void {
    this.setOrphanDeadline();
  }

  handleTcpSocket(socket: Socket): void {
    // On a Unix socket, and once it is gone, a peer has nothing to tell it from others: what would
    // be reset in its place is another's. Such a connection stays the server's alone.
    if (socket.remotePort === undefined) return;
    const key = peerKeyOf(socket);
    this.#handshakes.set(key, socket);
    socket.once("close", () => this.#endHandshake(key, socket));
  }

  handleConnection(socket: Socket): void {
    // Any stream may be injected with emit("connection"); only a socket has a connection to end.
    if (!(socket instanceof Socket) || socket.destroyed) return;
    const tls = socket instanceof TLSSocket ? socket : null;
    const key = tls === null ? "" : peerKeyOf(socket);
    // The runtime does not say which TCP socket is below; both have the same peer.
    const tcp = tls === null ? socket : this.#handshakes.get(key);
    if (tcp === undefined) return;
    const transport = new NodeTransport(socket, tls, tcp, this.context.socketOptions);
    this.#connectionCount += 1;
    const connection = new AttachedConnection(this.#connectionCount, socket, transport, this);
    this.connections.add(connection);
    if (tls !== null) this.#endHandshake(key, tcp);
    // Its handshake, or its place in the queue, was older than the end of the server.
    if (this.#isStopped) connection.beginShutdown();
  }

  /** On Node it is always told of; elsewhere the socket may also be a double of the real one. */
  handleUntoldRequest(socket: Socket | undefined): void {
    // A request that is made by hand, or comes on a stream, which has no connection of ours below.
    if (socket?.remotePort === undefined) return;
    const key = peerKeyOf(socket);
    if (![...this.connections].some((each) => peerKeyOf(each.socket) === key)) return;
    this.context.observer.handleNotice({ type: "attach-unavailable", reason: NOT_TOLD });
    this.release();
  }

  forget(connection: AttachedConnection): void {
    this.connections.delete(connection);
    this.#settle();
  }

  connectionOf(socket: Socket): AttachedConnection | null {
    const owner = ownerOf(socket);
    const connection = owner instanceof SocketGuard ? owner.connection : null;
    return connection instanceof AttachedConnection && connection.keeper === this
      ? connection
      : null;
  }

  #endHandshake(key: string, socket: Socket): void {
    // Its address and port may be another's by now.
    if (this.#handshakes.get(key) === socket) this.#handshakes.delete(key);
    this.#settle();
  }

  // --- The end of the server ---

  /** Every response that can say so is the last one of its connection. */
  announce(): void {
    for (const { requests } of this.connections) requests.announceClose("server-shutdown");
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    // An error only says that it does not listen, so there is nothing to wait for.
    this.#server.close(() => {
      this.#isServerClosed = true;
      this.#settle();
    });
    // Whoever covers `close` may not go that far.
    this.#server.closeIdleConnections();
  }

  endUnbegun(): void {
    for (const socket of this.#handshakes.values()) if (socket.bytesRead === 0) socket.destroy();
  }

  endNow(): void {
    this.#isCutShort = true;
    for (const connection of [...this.connections]) connection.endNow("shutdown-deadline");
    for (const socket of [...this.#handshakes.values()]) socket.destroy();
    // Those from before `attach` are the server's alone.
    this.#server.closeAllConnections();
    this.#settle();
  }

  onceEmpty(callback: () => void): void {
    if (this.socketCount === 0) callback();
    else this.#onEmpty.push(callback);
  }

  whenStopped(): Promise<void> {
    return new Promise((resolve) => {
      this.#onStopped.push(resolve);
      this.#settle();
    });
  }

  /** The server is as it was. Connections whose end has begun are ended as that was begun. */
  release(): void {
    this.#hooks.remove();
    for (const connection of [...this.connections]) connection.release();
  }

  /** For sockets that are accepted from now on. */
  setOrphanDeadline(): void {
    setOrphanDeadline(this.#server, this.context.socketOptions, this.context);
  }

  #settle(): void {
    if (this.socketCount > 0) return;
    for (const callback of this.#onEmpty.splice(0)) callback();
    // A socket from before `attach` that has been upgraded is nobody's to end.
    if (!this.#isStopped || !(this.#isServerClosed || this.#isCutShort)) return;
    for (const resolve of this.#onStopped.splice(0)) resolve();
  }
}
