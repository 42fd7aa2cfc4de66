import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// The files that the status page asks for. Read once, at the start: a missing one is an error then,
// and no request ever names a path of the disk.

export interface Asset {
  readonly type: string;
  readonly content: Uint8Array;
}

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

/** By request target. @throws {Error} A file of this package or of uplot is missing. */
export function loadAssets(): ReadonlyMap<string, Asset> {
  const require = createRequire(import.meta.url);
  // From src/admin as well as from dist/admin.
  const own = (name: string): URL => new URL(`../../assets/${name}`, import.meta.url);
  return new Map([
    ["/status.js", { type: SCRIPT, content: readFileSync(own("status.js")) }],
    ["/status.css", { type: STYLE, content: readFileSync(own("status.css")) }],
    ["/icon.svg", { type: "image/svg+xml", content: readFileSync(own("icon.svg")) }],
    [
      "/uplot.js",
      { type: SCRIPT, content: readFileSync(require.resolve("uplot/dist/uPlot.iife.min.js")) },
    ],
    [
      "/uplot.css",
      { type: STYLE, content: readFileSync(require.resolve("uplot/dist/uPlot.min.css")) },
    ],
  ]);
}
