import type { Exchange, Handler } from "../server/exchange.ts";
import { prepareResponse } from "../server/prepared-response.ts";
import { parseRoot, parseStaticFilesOptions, type StaticFilesOptions } from "./static-options.ts";
import type { StaticClock } from "./static-resources.ts";
import { StaticSite } from "./static-site.ts";

// The handler for static files: wires the site to the runtime's clocks and the server's responses.

const CLOCK: StaticClock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
};

/**
 * Serves the files below `root`, and answers 404 for everything else.
 *
 * Small files come from memory and are answered synchronously; larger ones are streamed, one chunk
 * in memory at a time. Nothing outside of `root` is reachable, unless `symlinks` is `"follow"`.
 *
 * @throws {TypeError} An option is unknown or of the wrong type.
 * @throws {RangeError} An option has a value that is not allowed.
 * @throws {Error} `root` is no directory that exists.
 */
export function staticFiles(root: string, options: StaticFilesOptions = {}): Handler {
  const policy = parseStaticFilesOptions(options);
  const site = new StaticSite(parseRoot(root), policy, { clock: CLOCK, prepareResponse });
  return (exchange: Exchange): void | Promise<void> => site.handle(exchange);
}
