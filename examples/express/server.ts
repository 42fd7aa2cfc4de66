import { setTimeout as pause } from "node:timers/promises";
import express from "express";
import { attach } from "finwait/attach";

// Express whose connections end well. `npx tsx examples/express/server.ts`

const UPLOAD_LIMIT_BYTES = 1_000_000;
const REFUSAL = "The upload is too large. ".repeat(8_000);

const app = express();

app.get("/hello", (_request, response) => {
  response.json({ hello: "world" });
});

app.get("/slow", async (_request, response) => {
  await pause(400);
  response.json({ slow: true });
});

// The refusal stands before the body parser, so nothing of the upload is read for it. The limit of
// the parser is for uploads that do not say how large they are; Express reads those to their end
// before it answers.
app.post(
  "/upload",
  (request, response, next) => {
    if (Number(request.get("content-length") ?? 0) <= UPLOAD_LIMIT_BYTES) next();
    else response.status(413).type("text/plain").send(REFUSAL);
  },
  express.raw({ type: () => true, limit: UPLOAD_LIMIT_BYTES }),
  (request, response) => {
    const body: unknown = request.body;
    response.json({ receivedBytes: body instanceof Uint8Array ? body.byteLength : 0 });
  },
);

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", (error) => {
  if (error !== undefined) throw error;
  console.log(`Listening on ${finwait.url}`);
});
// In the same turn as `listen`: no connection can have come before.
const finwait = attach(server);

async function end(): Promise<void> {
  const { tookMs } = await finwait.shutdown();
  console.log(`Ended after ${tookMs} ms`);
}
// Once: a second signal ends the process as if nobody listened.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
