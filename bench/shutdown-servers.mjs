// The servers whose shutdown is compared: each answers 1 KB after 5 ms, and on SIGTERM does what its
// documentation calls graceful.
//
// Usage: node shutdown-servers.mjs NAME, a name of STARTS below
// Prints "ready PORT", and after the shutdown "ended" with what the subject itself reports.
// Plain JavaScript, so that no TypeScript loader lives in the process that is measured.

import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const CONTENT = "x".repeat(1_024);
const HANDLER_MS = 5;
/** For subjects that wait half a minute or for ever by default, which is longer than we watch. */
const DEADLINE_MS = 5_000;

async function startFinwait() {
  const { serve } = await import("../dist/index.js");
  const server = await serve({
    port: 0,
    handler: async (exchange) => {
      await pause(HANDLER_MS);
      exchange.respond(200, [["Content-Type", "text/plain"]], CONTENT);
    },
  });
  return { port: server.port, end: () => server.shutdown() };
}

function listen(server) {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}

function makeNodeServer() {
  return createServer((_request, response) => {
    setTimeout(() => response.end(CONTENT), HANDLER_MS);
  });
}

async function startNode() {
  const server = makeNodeServer();
  const port = await listen(server);
  return { port, end: () => new Promise((resolve) => server.close(() => resolve({}))) };
}

async function attachTo(server) {
  const { attach } = await import("../dist/attach/attach.js");
  const attached = attach(server);
  await attached.ready;
  return () => attached.shutdown();
}

async function startAttached() {
  const server = makeNodeServer();
  const end = await attachTo(server);
  return { port: await listen(server), end };
}

async function startStoppable() {
  const { default: stoppable } = await import("stoppable");
  const server = stoppable(makeNodeServer(), DEADLINE_MS);
  const port = await listen(server);
  return { port, end: () => new Promise((resolve) => server.stop(() => resolve({}))) };
}

/** It listens to SIGTERM itself, and ends the process when it is done. */
async function startGracefulShutdown() {
  const { default: gracefulShutdown } = await import("http-graceful-shutdown");
  const server = makeNodeServer();
  gracefulShutdown(server, { timeout: DEADLINE_MS });
  return { port: await listen(server) };
}

async function makeExpressServer() {
  const { default: express } = await import("express");
  const app = express();
  app.get("/", async (_request, response) => {
    await pause(HANDLER_MS);
    response.type("text/plain").send(CONTENT);
  });
  return createServer(app);
}

async function startExpress() {
  const server = await makeExpressServer();
  const port = await listen(server);
  return { port, end: () => new Promise((resolve) => server.close(() => resolve({}))) };
}

async function startAttachedExpress() {
  const server = await makeExpressServer();
  const end = await attachTo(server);
  return { port: await listen(server), end };
}

async function startFastify() {
  const { fastify } = await import("fastify");
  const app = fastify();
  app.get("/", async () => {
    await pause(HANDLER_MS);
    return CONTENT;
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { port: app.server.address().port, end: () => app.close() };
}

async function startTerminator() {
  const { createHttpTerminator } = await import("http-terminator");
  const server = makeNodeServer();
  const terminator = createHttpTerminator({ server });
  const port = await listen(server);
  return { port, end: () => terminator.terminate() };
}

const STARTS = {
  finwait: startFinwait,
  "node:http": startNode,
  "node:http + attach": startAttached,
  stoppable: startStoppable,
  "http-graceful-shutdown": startGracefulShutdown,
  "http-terminator": startTerminator,
  fastify: startFastify,
  express: startExpress,
  "express + attach": startAttachedExpress,
};

const { port, end } = await STARTS[process.argv[2] ?? "finwait"]();
if (end !== undefined) {
  process.once("SIGTERM", async () => {
    const report = await end();
    console.log(`ended ${JSON.stringify(report ?? {})}`);
  });
}
console.log(`ready ${port}`);
