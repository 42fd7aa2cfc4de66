import { setTimeout as pause } from "node:timers/promises";
import fastify from "fastify";
import { attach } from "finwait/attach";

// Fastify whose connections end well. `npx tsx examples/fastify/server.ts`

const UPLOAD_LIMIT_BYTES = 1_000_000;
const REFUSAL = "The upload is too large. ".repeat(8_000);

const app = fastify();
// Fastify has its server from the start.
const finwait = attach(app.server);

app.get("/hello", () => ({ hello: "world" }));

app.get("/slow", async () => {
  await pause(400);
  return { slow: true };
});

app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

// `onRequest` runs before the body is read; the limit of the parser is for uploads that do not say
// how large they are.
app.post(
  "/upload",
  {
    bodyLimit: UPLOAD_LIMIT_BYTES,
    onRequest: async (request, reply) => {
      if (Number(request.headers["content-length"] ?? 0) <= UPLOAD_LIMIT_BYTES) return;
      return reply.code(413).type("text/plain").send(REFUSAL);
    },
  },
  ({ body }) => ({ receivedBytes: body instanceof Uint8Array ? body.byteLength : 0 }),
);

app.addHook("onClose", async () => console.log("Closed what the application had open"));

// One address: of "localhost" Fastify makes two servers, and `app.server` is only the first.
await app.listen({ port: Number(process.env.PORT ?? 3000), host: "127.0.0.1" });
console.log(`Listening on ${finwait.url}`);

async function end(): Promise<void> {
  // First, because from the moment of `close` Fastify answers 503.
  const { tookMs } = await finwait.shutdown();
  await app.close();
  console.log(`Ended after ${tookMs} ms`);
}
// Once: a second signal ends the process as if nobody listened.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
