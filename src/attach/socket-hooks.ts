import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

// The three ways in which node:http, a framework or an application ends a socket, put under the
// control of whoever owns its end. They are public methods, covered by properties of the socket
// itself: shared functions, because closures per connection would cost memory.

/** What is told of a socket. True, of a method that says so: it is taken care of. */
export interface SocketOwner {
  // --- What somebody does to the socket. True: the socket does nothing. ---

  handleDestroy(error: Error | undefined): boolean;
  /** Node calls it behind the last response, when all of that is with the kernel. */
  handleDestroySoon(): boolean;
  /** `isBare`: without a last piece of data. */
  handleEnd(isBare: boolean): boolean;
  /** The socket has ended its side; what was given to `end` is in its buffer. */
  handleEnded(): void;

  // --- What node:http says about it ---

  /** True once it has heard of a request. */
  readonly hasRequests: boolean;

  /** Before node:http has looked at Expect, and before anybody has seen the request. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  /**
   * All of the response is with the kernel, and node:http is about to say what becomes of the
   * connection.
   */
  handleResponseFinished(request: IncomingMessage, response: ServerResponse): void;
  /** The head of the response is about to be written. */
  handleHead(request: IncomingMessage, response: ServerResponse): void;
  /** A request that waits for 100 (Continue); the application decides. */
  handleExpectation(): void;
  handleContinueSent(): void;
  /** The request has been read, or thrown away, to its end. */
  handleRequestEnd(): void;
  /**
   * The request cannot be parsed, is too slow, or the socket failed. `tellListeners` tells the
   * application, and returns whether there is anybody. True: node:http does nothing.
   */
  handleClientError(error: Error, tellListeners: () => boolean): boolean;
  /** Its time-out expired; a `destroy` in this turn is the consequence. */
  handleTimeout(): void;
  /** From here on the socket is the application's. */
  handleUpgrade(request: IncomingMessage): void;
}

const OWNER: unique symbol = Symbol("finwait.owner");

type OwnedSocket = Socket & { [OWNER]?: SocketOwner };

export function ownSocket(socket: Socket, owner: SocketOwner): void {
  const owned: OwnedSocket = socket;
  owned[OWNER] = owner;
  socket.destroy = destroy;
  socket.destroySoon = destroySoon;
  socket.end = end;
}

/** Only while its connection is ours: nobody else sets the property. */
export function ownerOf(socket: Socket | null | undefined): SocketOwner | undefined {
  return (socket as OwnedSocket | null | undefined)?.[OWNER];
}

/** The socket does what it did before. */
export function disownSocket(socket: Socket): void {
  const owned: OwnedSocket = socket;
  delete owned[OWNER];
  // Whoever has covered them again since then goes on.
  if (socket.destroy === destroy) Reflect.deleteProperty(socket, "destroy");
  if (socket.destroySoon === destroySoon) Reflect.deleteProperty(socket, "destroySoon");
  if (socket.end === end) Reflect.deleteProperty(socket, "end");
}

/** What the class of the socket does, TLS or not. */
function plain(socket: Socket): Socket {
  return Object.getPrototypeOf(socket) as Socket;
}

/** Streams of Node hand `null` on where nobody gave an error. */
function destroy<S extends OwnedSocket>(this: S, error?: Error | null): S {
  if (this[OWNER]?.handleDestroy(error ?? undefined) !== true)
    plain(this).destroy.call(this, error ?? undefined);
  return this;
}

function destroySoon(this: OwnedSocket): void {
  if (this[OWNER]?.handleDestroySoon() !== true) plain(this).destroySoon.call(this);
}

function end<S extends OwnedSocket>(this: S, ...args: unknown[]): S {
  const owner = this[OWNER];
  // node:http ends each socket whose peer has. Of one that has ended already that is an error
  // which nobody hears, and which takes longer to make than all else about an ending.
  if (this.writableEnded && args.length === 0) return this;
  if (owner?.handleEnd(args.length === 0) === true) return this;
  Reflect.apply(plain(this).end, this, args);
  owner?.handleEnded();
  return this;
}
