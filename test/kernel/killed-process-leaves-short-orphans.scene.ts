import { serve } from "../../src/index.ts";

// A server process that is ended by force. Argument: finWait2TimeoutMs.

const [, , finWait2TimeoutMs] = process.argv;
const server = await serve({
  port: 0,
  handler: (exchange) => exchange.respond(200, [["Connection", "close"]], "hello"),
  close: { finWait2TimeoutMs: Number(finWait2TimeoutMs) },
});
process.send?.({ port: server.port, isAbsent: "absentBecause" in server.socketOptions });
