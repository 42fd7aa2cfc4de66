import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { ownerOf } from "./socket-hooks.ts";

// How the bytes of a connection come past the parser of node:http, or away from it. Somebody who
// listens to the data of a socket makes node:http hand them out of its own fast path; this is
// documented behavior, and what is used here.

/** Who counts. */
export interface DiscardCounter {
  noteDiscarded(byteLength: number): void;
}

const COUNTER: unique symbol = Symbol("finwait.counter");
type CountedSocket = Socket & { [COUNTER]?: DiscardCounter };

/**
 * From here on the parser hears no more. `listen` adds the listener that gets the bytes.
 *
 * One by one: `removeAllListeners` makes everything that the socket emits later slower, by a tenth
 * of what a connection costs in all.
 */
export function takeInput(socket: Socket, listen: () => void): void {
  for (const listener of socket.listeners("data")) {
    socket.removeListener("data", listener as () => void);
  }
  listen();
  restartInput(socket);
}

/**
 * Reads on, whatever node:http has stopped.
 *
 * It stops the kernel's handle below a socket whose request nobody reads, and the stream above it
 * believes that a read is under way, so that `resume` alone starts nothing. `_read` does: it is
 * documented, for those who implement streams, and it does nothing to a handle that reads.
 */
export function restartInput(socket: Socket): void {
  socket.resume();
  if (!socket.readableEnded && !socket.destroyed) socket._read(0);
}

/** Tells how much arrives, while the parser goes on throwing it away. */
export function countDiscarded(socket: Socket, counter: DiscardCounter): void {
  const counted: CountedSocket = socket;
  counted[COUNTER] = counter;
  socket.on("data", onDiscarded);
  // The listener ends the fast path, and what had stopped that would go on with nothing.
  restartInput(socket);
}

export function stopCounting(socket: Socket): void {
  const counted: CountedSocket = socket;
  if (counted[COUNTER] === undefined) return;
  delete counted[COUNTER];
  socket.removeListener("data", onDiscarded);
}

function onDiscarded(this: CountedSocket, bytes: Uint8Array): void {
  this[COUNTER]?.noteDiscarded(bytes.byteLength);
}

/** A listener for the end of a request. */
export function onRequestEnd(this: IncomingMessage): void {
  ownerOf(this.socket)?.handleRequestEnd();
}
