import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { attach } from "finwait/attach";
import Koa from "koa";

// Koa whose connections end well. `npx tsx examples/koa/server.ts`

const UPLOAD_LIMIT_BYTES = 1_000_000;
const REFUSAL = "The upload is too large. ".repeat(8_000);

const app = new Koa();

app.use(async (context) => {
  switch (`${context.method} ${context.path}`) {
    case "GET /hello":
      context.body = { hello: "world" };
      break;
    case "GET /slow":
      await pause(400);
      context.body = { slow: true };
      break;
    case "POST /upload":
      // Without a length there is none to compare, so it has to be given.
      if (context.request.length === undefined) {
        context.status = 411;
      } else if (context.request.length > UPLOAD_LIMIT_BYTES) {
        context.status = 413;
        context.body = REFUSAL;
      } else {
        context.body = { receivedBytes: (await buffer(context.req)).byteLength };
      }
      break;
  }
});

const server = createServer(app.callback());
const finwait = attach(server);
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`Listening on ${finwait.url}`);
});

async function end(): Promise<void> {
  const { tookMs } = await finwait.shutdown();
  console.log(`Ended after ${tookMs} ms`);
}
// Once: a second signal ends the process as if nobody listened.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
