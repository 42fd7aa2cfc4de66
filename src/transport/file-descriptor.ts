import type { Server, Socket } from "node:net";

// The descriptor of a socket. The one file that reads a private field of Node: `_handle.fd`.
//
// No public API tells it, and socket options need it. The field is a number in Node 20 to 26 and in
// Bun 1.4; Deno 2.9 has the handle without it. Whatever else is found there reads as "unknown". The
// number is good for the current turn of the event loop only: once closed, it is used again.

/** `null`: not open, or this runtime does not tell. */
export function descriptorOf(socket: Socket | Server): number | null {
  try {
    // The cast names the private field; what it holds is checked below.
    const { _handle: handle } = socket as { readonly _handle?: { readonly fd?: unknown } | null };
    const fd = handle?.fd;
    return typeof fd === "number" && Number.isInteger(fd) && fd >= 0 ? fd : null;
  } catch {
    // A getter of a runtime that is not known here: the answer is the same as without one.
    return null;
  }
}
