import { serve } from "../../src/index.ts";

// A server process with a linger budget, which says on request what it holds. Run with --expose-gc,
// so that what is not held does not count. Argument: the most connections that may linger.

const [, , limit] = process.argv;
const server = await serve({
  port: 0,
  handler: (exchange) => exchange.respond(200, [["Content-Type", "text/plain"]], "hello"),
  close: {
    lingerConnectionLimit: Number(limit),
    lingerPressurePercent: 100,
    lingerIdleTimeoutMs: 60_000,
    lingerTotalTimeoutMs: 60_000,
  },
});

process.on("message", () => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ heldBytes: heapUsed + external, lingering: server.lingering });
});
process.send?.({ port: server.port });
