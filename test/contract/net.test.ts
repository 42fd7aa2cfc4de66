import { type Exchange, type Handler, serve } from "../../src/index.ts";
import { readAll, TEST_TLS } from "../support/scene.ts";
import { closingContract } from "./closing-contract.ts";
import type {
  ContractBackend,
  ContractBehaviour,
  ContractCapabilities,
  ContractOptions,
} from "./contract-backend.ts";
import { SocketServer } from "./socket-server.ts";

// Goal: the closing contract holds over real sockets, in clear and over TLS. How: `serve()` on a
// free port of loopback, and raw clients that tell FIN from RST; time passes by itself.

async function start(options: ContractOptions, isTls: boolean): Promise<SocketServer> {
  let running: SocketServer | null = null;
  const server = await serve({
    port: 0,
    handler: (exchange) =>
      running === null ? undefined : handle(running, exchange, options.behaviour),
    limits: options.limits ?? {},
    close: options.close ?? {},
    onError: (error) => running?.fail(error),
    ...(isTls ? { tls: TEST_TLS } : {}),
  });
  running = new SocketServer({
    port: server.port,
    isTls,
    onEnding: (listener) => server.onEnding(listener),
    shutdown: (times) => server.shutdown(times),
  });
  return running;
}

function handle(
  server: SocketServer,
  exchange: Exchange,
  behaviour: ContractBehaviour,
): ReturnType<Handler> {
  server.noteRequest();
  exchange.onAbort((reason) => {
    if (reason === "peer-gone" || reason === "shutdown") server.noteAborted();
  });
  switch (behaviour.type) {
    case "answer":
      exchange.respond(200, [], new Uint8Array(behaviour.contentBytes));
      break;
    case "read":
      return readAll(exchange).then(() => exchange.respond(200, []));
    case "hold":
      return server.released.then(() => {
        exchange.respond(200, [], new Uint8Array(behaviour.contentBytes));
      });
    case "give-up":
      exchange.startResponse(200, [], behaviour.announcedBytes);
      exchange.write(new Uint8Array(500));
      void server.released.then(() => exchange.abortResponse("content-failed"));
      break;
  }
}

const backend = (isTls: boolean): ContractBackend => ({
  start: (options) => start(options, isTls),
});

const CAPABILITIES: ContractCapabilities = {
  isReusedAfterDiscard: true,
  hasRequestTimeoutResponse: true,
  canReset: true,
  canClientReset: true,
  abortsBeforeEnding: true,
  discardedBytes: "all",
  hasExactStatuses: true,
  givesUpInOrder: true,
};

closingContract("sockets", backend(false), CAPABILITIES);
closingContract("TLS sockets", backend(true), { ...CAPABILITIES, canClientReset: false });
