// The servers whose shutdown is compared: each answers 1 KB after 5 ms, and on SIGTERM does what its
// documentation calls graceful.
//
// Usage: node shutdown-servers.mjs finwait|node:http|fastify|http-terminator
// Prints "ready PORT", and after the shutdown "ended" with what the subject itself reports.
// Plain JavaScript, so that no TypeScript loader lives in the process that is measured.

import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const CONTENT = "x".repeat(1_024);
const HANDLER_MS = 5;

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
  fastify: startFastify,
  "http-terminator": startTerminator,
};

const { port, end } = await STARTS[process.argv[2] ?? "finwait"]();
process.once("SIGTERM", async () => {
  const report = await end();
  console.log(`ended ${JSON.stringify(report ?? {})}`);
});
console.log(`ready ${port}`);
