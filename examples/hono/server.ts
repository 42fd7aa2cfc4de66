import type { Server } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { serve } from "@hono/node-server";
import { attach } from "finwait/attach";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";

// Hono on @hono/node-server whose connections end well. `npx tsx examples/hono/server.ts`

const UPLOAD_LIMIT_BYTES = 1_000_000;
const REFUSAL = "The upload is too large. ".repeat(8_000);

const app = new Hono();

app.get("/hello", (context) => context.json({ hello: "world" }));

app.get("/slow", async (context) => {
  await pause(400);
  return context.json({ slow: true });
});

// A length is looked at before anybody touches the body: `bodyLimit` begins to read it, so that the
// response cannot say `Connection: close`. It is for uploads that do not say how large they are.
app.post(
  "/upload",
  async (context, next) => {
    const announcedBytes = Number(context.req.header("content-length") ?? 0);
    if (announcedBytes > UPLOAD_LIMIT_BYTES) return context.text(REFUSAL, 413);
    return next();
  },
  bodyLimit({ maxSize: UPLOAD_LIMIT_BYTES, onError: (context) => context.text(REFUSAL, 413) }),
  async (context) => {
    const { byteLength } = await context.req.arrayBuffer();
    return context.json({ receivedBytes: byteLength });
  },
);

const port = Number(process.env.PORT ?? 3000);
const server = serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, () => {
  console.log(`Listening on ${finwait.url}`);
});
// In the same turn as `serve`: no connection can have come before. It is a server of node:http,
// because no `createServer` was given.
const finwait = attach(server as Server);

async function end(): Promise<void> {
  const { tookMs } = await finwait.shutdown();
  console.log(`Ended after ${tookMs} ms`);
}
// Once: a second signal ends the process as if nobody listened.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
