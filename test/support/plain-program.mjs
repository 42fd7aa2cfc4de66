// A program that knows nothing of finwait: 413 to uploads, and to /slow an answer after a quarter of
// a second.
//
// Usage: node plain-program.mjs http|https|required [attaches] [own-sigterm=before|after|later]
// "own-sigterm": when it begins to listen to SIGTERM itself, seen from its call of `listen`.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createRequire } from "node:module";

const [kind, ...habits] = process.argv.slice(2);
const LARGE = "x".repeat(200_000);

function handle(request, response) {
  if (request.method === "POST") return response.writeHead(413).end(LARGE);
  if (request.url === "/slow") return setTimeout(() => response.end("slow"), 250);
  response.end("hello");
}

function makeServer() {
  if (kind === "required") {
    return createRequire(import.meta.url)("node:http").createServer(handle);
  }
  if (kind === "http") return createServer(handle);
  const file = (name) => readFileSync(new URL(name, import.meta.url));
  return createTlsServer({ cert: file("tls-cert.pem"), key: file("tls-key.pem") }, handle);
}

const server = makeServer();
function listenToSigterm() {
  process.on("SIGTERM", () => {
    process.stdout.write("own handler\n");
    server.close(() => process.exit(7));
  });
}

if (habits.includes("own-sigterm=before")) listenToSigterm();
server.listen(0, "127.0.0.1", async () => {
  if (habits.includes("attaches")) {
    const { attach } = await import("finwait/attach");
    const { settings } = attach(server, { lingerTotalTimeoutMs: 43_210 });
    process.stdout.write(`lingers ${settings.close.lingerTotalTimeoutMs}\n`);
  }
  if (habits.includes("own-sigterm=later")) listenToSigterm();
  process.stdout.write(`port ${server.address().port}\n`);
});
if (habits.includes("own-sigterm=after")) listenToSigterm();
