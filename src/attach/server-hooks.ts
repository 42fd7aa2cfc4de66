import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { ownerOf } from "./socket-hooks.ts";

// What a node:http or node:https server tells about its connections, heard before anybody else:
// its `emit`, covered by a property of the server itself. A listener would not do: node:http acts
// differently as soon as somebody listens to "clientError" or "upgrade".

/** Hears of the server's sockets. */
export interface ServerEvents {
  /** A socket on which HTTP begins: after the handshake, if there is TLS. */
  handleConnection(socket: Socket): void;
  /** Only with TLS: the TCP socket, before the handshake. */
  handleTcpSocket(socket: Socket): void;
  handleListening(): void;
  /**
   * A request that the diagnostics channel has not told of, on a socket that may be from before
   * `attach`.
   */
  handleUntoldRequest(socket: Socket | undefined): void;
}

export class ServerHooks {
  readonly #server: Server;
  readonly #events: ServerEvents;
  readonly #isTls: boolean;
  readonly #plainEmit: Server["emit"];
  readonly #emit: Server["emit"];
  readonly #plainCloseIdle: Server["closeIdleConnections"];
  readonly #closeIdle: Server["closeIdleConnections"];
  readonly #plainCloseAll: Server["closeAllConnections"];
  readonly #closeAll: Server["closeAllConnections"];
  #isInstalled = true;
  /** The first request has been told of, before it was an event. */
  #areRequestsTold = false;

  /** Which connections the server is destroying right now. */
  closing: "idle" | "all" | null = null;

  constructor(server: Server, events: ServerEvents, isTls: boolean) {
    this.#server = server;
    this.#events = events;
    this.#isTls = isTls;
    this.#plainEmit = server.emit;
    this.#plainCloseIdle = server.closeIdleConnections;
    // One cast: of the overloads TypeScript takes the one with a string.
    const plainEmit = this.#plainEmit as (name: string | symbol, ...args: unknown[]) => boolean;
    this.#emit = (name: string | symbol, ...args: unknown[]) =>
      // Each request is an event, and the most frequent one by far.
      name === "request" && this.#areRequestsTold
        ? plainEmit.call(server, name, ...args)
        : this.#handle(name, args);
    this.#plainCloseAll = server.closeAllConnections;
    this.#closeIdle = () => this.#close("idle", this.#plainCloseIdle);
    this.#closeAll = () => this.#close("all", this.#plainCloseAll);
    server.emit = this.#emit;
    server.closeIdleConnections = this.#closeIdle;
    server.closeAllConnections = this.#closeAll;
  }

  /** The server is as it was. If somebody has covered it again since then, ours only passes on. */
  remove(): void {
    this.#isInstalled = false;
    const server = this.#server;
    restore(server, "emit", this.#emit, this.#plainEmit);
    restore(server, "closeIdleConnections", this.#closeIdle, this.#plainCloseIdle);
    restore(server, "closeAllConnections", this.#closeAll, this.#plainCloseAll);
  }

  #pass(name: string | symbol, args: unknown[]): boolean {
    return Reflect.apply(this.#plainEmit, this.#server, [name, ...args]) as boolean;
  }

  #handle(name: string | symbol, args: unknown[]): boolean {
    if (!this.#isInstalled) return this.#pass(name, args);
    // Casts: what these events carry is documented, and differs from event to event.
    const [first, second] = args as [unknown, unknown];
    switch (name) {
      case "request":
        this.#checkRequest(first);
        break;
      case "connection":
        if (this.#isTls) this.#events.handleTcpSocket(first as Socket);
        else this.#events.handleConnection(first as Socket);
        break;
      case "secureConnection":
        this.#events.handleConnection(first as Socket);
        break;
      case "clientError": {
        const tell = (): boolean => this.#pass(name, args);
        const owner = ownerOf(second as Socket);
        return owner === undefined ? tell() : owner.handleClientError(first as Error, tell);
      }
      case "timeout":
        ownerOf(first as Socket)?.handleTimeout();
        break;
      case "upgrade":
      case "connect":
        ownerOf(socketOf(first))?.handleUpgrade(first as IncomingMessage);
        break;
      case "listening":
        this.#events.handleListening();
        break;
      case "checkContinue":
        ownerOf(socketOf(first))?.handleExpectation();
        break;
    }
    return this.#pass(name, args);
  }

  #checkRequest(request: unknown): void {
    const socket = socketOf(request);
    if (ownerOf(socket)?.hasRequests === true) this.#areRequestsTold = true;
    else this.#events.handleUntoldRequest(socket);
  }

  #close(which: "idle" | "all", plainClose: () => void): void {
    if (this.#isInstalled) this.closing = which;
    try {
      plainClose.call(this.#server);
    } finally {
      this.closing = null;
    }
  }
}

/** The socket of a request. The one that an "upgrade" carries may be a wrapper around it. */
function socketOf(request: unknown): Socket | undefined {
  return (request as { readonly socket?: Socket }).socket;
}

function restore<K extends "emit" | "closeIdleConnections" | "closeAllConnections">(
  server: Server,
  key: K,
  ours: Server[K],
  before: Server[K],
): void {
  if (server[key] !== ours) return;
  Reflect.deleteProperty(server, key);
  // It may have been covered before us, too.
  if (server[key] !== before) server[key] = before;
}
