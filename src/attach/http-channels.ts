import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ownerOf } from "./socket-hooks.ts";

// The two places at which node:http tells of a request and of the end of its response, whatever
// framework answers: its diagnostics channels. They are the process's, so they are subscribed to
// once, and sockets that belong to nobody here are passed over.

const STARTED = "http.server.request.start";
const FINISHED = "http.server.response.finish";

interface RequestMessage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

let userCount = 0;

/** Tells the owner of each socket, if it has one. Returns a function that ends that. */
export function watchRequests(): () => void {
  userCount += 1;
  if (userCount === 1) {
    subscribe(STARTED, handleStarted);
    subscribe(FINISHED, handleFinished);
  }
  let isWatching = true;
  return () => {
    if (!isWatching) return;
    isWatching = false;
    userCount -= 1;
    if (userCount > 0) return;
    unsubscribe(STARTED, handleStarted);
    unsubscribe(FINISHED, handleFinished);
  };
}

// The casts below name what Node documents for these channels.

function handleStarted(message: unknown): void {
  const { request, response, socket } = message as RequestMessage;
  ownerOf(socket)?.handleRequest(request, response);
}

function handleFinished(message: unknown): void {
  const { request, response, socket } = message as RequestMessage;
  ownerOf(socket)?.handleResponseFinished(request, response);
}
