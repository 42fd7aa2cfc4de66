import type { ServerResponse } from "node:http";
import { ownerOf } from "./socket-hooks.ts";

// Hears that the head of a response, or 100 (Continue), is about to be written. The methods are
// covered by properties of the response itself, as other packages do, and only where a request has
// a body: everything else is decided before.

export function watchHead(response: ServerResponse): void {
  response.writeHead = writeHead;
}

export function watchContinue(response: ServerResponse): void {
  response.writeContinue = writeContinue;
}

function plain(response: ServerResponse): ServerResponse {
  return Object.getPrototypeOf(response) as ServerResponse;
}

function writeHead<R extends ServerResponse>(this: R, ...args: unknown[]): R {
  const { req } = this;
  ownerOf(req.socket)?.handleHead(req, this);
  return Reflect.apply(plain(this).writeHead, this, args) as R;
}

function writeContinue(this: ServerResponse, ...args: unknown[]): void {
  ownerOf(this.req.socket)?.handleContinueSent();
  Reflect.apply(plain(this).writeContinue, this, args);
}
