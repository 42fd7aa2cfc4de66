import { createServer } from "node:http";
import { attach } from "finwait/attach";
import next from "next";

// Next with a custom server whose connections end well. In the root of the repository:
// `npm install --no-save next react react-dom && npx tsx examples/next/server.ts`, or for
// production `npx next build examples/next` first and NODE_ENV=production.

const UPLOAD_LIMIT_BYTES = 1_000_000;
const REFUSAL = "The upload is too large. ".repeat(8_000);

const hostname = "127.0.0.1";
const port = Number(process.env.PORT ?? 3000);

const server = createServer();
const finwait = attach(server);

// With the server given, Next listens to "upgrade" by itself: its development server has a
// WebSocket.
const app = next({
  dev: process.env.NODE_ENV !== "production",
  dir: import.meta.dirname,
  hostname,
  port,
  httpServer: server,
});
const handle = app.getRequestHandler();
await app.prepare();
server.on("request", (request, response) => {
  // Before Next, which may begin to read a body for the Request of a route handler; a response
  // cannot say `Connection: close` for it then.
  const isTooLarge = Number(request.headers["content-length"] ?? 0) > UPLOAD_LIMIT_BYTES;
  if (isTooLarge) response.writeHead(413, { "Content-Type": "text/plain" }).end(REFUSAL);
  else void handle(request, response);
});
server.listen(port, hostname, () => console.log(`Listening on ${finwait.url}`));

async function end(): Promise<void> {
  const { tookMs } = await finwait.shutdown();
  await app.close();
  console.log(`Ended after ${tookMs} ms`);
}
// Once: a second signal ends the process as if nobody listened.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
