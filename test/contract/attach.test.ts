import { createServer, type RequestListener, type ServerOptions } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { attach } from "../../src/attach/attach.ts";
import { TEST_TLS } from "../support/scene.ts";
import { closingContract } from "./closing-contract.ts";
import type {
  ContractBackend,
  ContractBehaviour,
  ContractCapabilities,
  ContractOptions,
} from "./contract-backend.ts";
import { SocketServer } from "./socket-server.ts";

// Goal: the closing contract holds for a server of node:http or node:https with attach. How: such a
// server on a free port of loopback, its handlers as its users write them, and raw clients.

const cert = String(TEST_TLS.cert);
const key = String(TEST_TLS.key);
/** How often node:http looks for requests that are too slow. */
const CHECKING_INTERVAL_MS = 30;
/** As in `serve`: a header section of 9 000 bytes is too long. */
const HEADER_LIMIT_BYTES = 8_192;

function serverOptions({ limits = {} }: ContractOptions): ServerOptions {
  const { headerTimeoutMs, bodyRateWindowMs, keepAliveTimeoutMs } = limits;
  return {
    connectionsCheckingInterval: CHECKING_INTERVAL_MS,
    maxHeaderSize: HEADER_LIMIT_BYTES,
    ...(headerTimeoutMs === undefined ? {} : { headersTimeout: headerTimeoutMs }),
    ...(bodyRateWindowMs === undefined ? {} : { requestTimeout: bodyRateWindowMs }),
    ...(keepAliveTimeoutMs === undefined ? {} : { keepAliveTimeout: keepAliveTimeoutMs }),
    // Node 24 and later add a second of their own.
    keepAliveTimeoutBuffer: 0,
  } as ServerOptions;
}

async function start(options: ContractOptions, isTls: boolean): Promise<SocketServer> {
  let running: SocketServer | null = null;
  const listener: RequestListener = (request, response) => {
    if (running !== null) handle(running, options.behaviour, request, response);
  };
  const settings = serverOptions(options);
  const server = isTls
    ? createTlsServer({ ...settings, cert, key }, listener)
    : createServer(settings, listener);
  const { requestLimit } = options.limits ?? {};
  if (requestLimit !== undefined) server.maxRequestsPerSocket = requestLimit;
  server.on("checkContinue", (request, response) => {
    if (options.behaviour.type === "read") response.writeContinue();
    server.emit("request", request, response);
  });
  const attached = attach(server, options.close);
  await attached.ready;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  running = new SocketServer({
    port: attached.port,
    isTls,
    onEnding: (heard) => attached.onEnding(heard),
    shutdown: (times) => attached.shutdown(times),
  });
  return running;
}

function handle(
  server: SocketServer,
  behaviour: ContractBehaviour,
  ...[request, response]: Parameters<RequestListener>
): void {
  server.noteRequest();
  response.on("close", () => {
    if (!response.writableFinished) server.noteAborted();
  });
  switch (behaviour.type) {
    case "answer":
      response.end(new Uint8Array(behaviour.contentBytes));
      break;
    case "read":
      request.resume().on("end", () => response.end());
      break;
    case "hold":
      void server.released.then(() => response.end(new Uint8Array(behaviour.contentBytes)));
      break;
    case "give-up": {
      const { announcedBytes } = behaviour;
      if (announcedBytes !== null) response.setHeader("Content-Length", announcedBytes);
      response.write(new Uint8Array(500));
      void server.released.then(() => response.destroy());
      break;
    }
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
  abortsBeforeEnding: false,
  // What came before is the parser's.
  discardedBytes: "once-closing",
  hasExactStatuses: false,
  givesUpInOrder: false,
};

closingContract("node:http with attach", backend(false), CAPABILITIES);
closingContract("node:https with attach", backend(true), {
  ...CAPABILITIES,
  canClientReset: false,
});
