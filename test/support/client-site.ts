import { join } from "node:path";
import { type Exchange, type Handler, type ServeOptions, staticFiles } from "../../src/index.ts";

// What the suites of real clients talk to: the demo site, and an upload that is refused early.

const DEMO = join(import.meta.dirname, "../../demo");

/** Where uploads are refused with 413 and `Connection: close` before they are read. */
export const UPLOAD_TARGET = "/upload";
export const REFUSAL_BYTES = 200_000;
export const UPLOAD_BYTES = 20_000_000;
/** A sentence of demo/index.html. */
export const DEMO_SENTENCE = "How does a connection end?";

const REFUSAL = Buffer.alloc(REFUSAL_BYTES, "413 ");

/** The demo site with the early refusal, and `extra` before both if it answers true. */
export function clientSite(extra: (exchange: Exchange) => boolean = () => false): ServeOptions {
  const files: Handler = staticFiles(DEMO);
  const handler: Handler = (exchange) => {
    if (extra(exchange)) return;
    if (exchange.target !== UPLOAD_TARGET) return files(exchange);
    exchange.respond(413, [["Connection", "close"]], REFUSAL);
  };
  return { handler };
}
