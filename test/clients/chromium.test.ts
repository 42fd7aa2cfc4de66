import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { CHROMIUM, CHROMIUM_FLAGS, CHROMIUM_NOTE } from "../support/chromium.ts";
import * as site from "../support/client-site.ts";
import { Signal, within } from "../support/deadline.ts";
import { note, withServer } from "../support/scene.ts";

// Goal: a browser renders the demo page, and its fetch() sees an early 413 whole during an upload.
// How: headless Chromium; it prints the document it built, or the page reports to the server.

const BROWSER_DEADLINE_MS = 40_000;
const TRIES = 3;

const PAGE = `<!doctype html><title>upload</title><script type="module">
const seen = [];
for (let count = 0; count < ${TRIES}; count++) {
  try {
    const body = new Uint8Array(${site.UPLOAD_BYTES});
    const response = await fetch("${site.UPLOAD_TARGET}", { method: "POST", body });
    seen.push([response.status, (await response.arrayBuffer()).byteLength]);
  } catch (error) {
    seen.push([String(error), 0]);
  }
}
await fetch("/report?" + encodeURIComponent(JSON.stringify(seen)));
</script>`;

/** Runs the browser until `isDone` resolves, or until it ends if that is `null`. */
async function browse(args: readonly string[], isDone: Promise<unknown> | null): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "finwait-chromium-"));
  const child = spawn(CHROMIUM, [...CHROMIUM_FLAGS, `--user-data-dir=${folder}`, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own, so that its children end with it.
    detached: true,
  });
  let output = "";
  let complaints = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  const exit = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
  try {
    await within(
      isDone ?? exit,
      "the browser",
      () => complaints.slice(-1_000),
      BROWSER_DEADLINE_MS,
    );
    return output;
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    await exit;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

describe("Chromium", () => {
  it("demo page: its document has the heading, and the style sheet was asked for", async (ctx) => {
    if (CHROMIUM_NOTE !== null) return ctx.skip(CHROMIUM_NOTE);
    const targets: string[] = [];
    const options = site.clientSite((exchange) => {
      targets.push(exchange.target);
      return false;
    });
    await withServer(options, async ({ server }) => {
      const text = await browse(["--dump-dom", server.url], null);
      assert.ok(text.includes(site.DEMO_SENTENCE), text.slice(0, 500));
      assert.ok(targets.includes("/style.css"), targets.join(" "));
    });
  }, 60_000);

  it("fetch() of 20 MB from a page: sees the early 413 whole, 3 of 3", async (ctx) => {
    if (CHROMIUM_NOTE !== null) return ctx.skip(CHROMIUM_NOTE);
    const reported = new Signal<string>();
    const answer = (exchange: Exchange): boolean => {
      const [path, query = ""] = exchange.target.split("?");
      if (path === "/report") {
        exchange.respond(204, []);
        reported.fire(decodeURIComponent(query));
        return true;
      }
      if (path !== "/page") return false;
      exchange.respond(200, [["Content-Type", "text/html"]], PAGE);
      return true;
    };
    await withServer(site.clientSite(answer), async ({ server, endings }) => {
      await browse([new URL("/page", server.url).href], reported.promise);
      const expected = Array.from({ length: TRIES }, () => [413, site.REFUSAL_BYTES]);
      assert.deepEqual(JSON.parse(await reported.promise), expected);
      note(`Chromium: ${endings.map(({ outcome, reason }) => `${outcome.type}/${reason}`)}`);
    });
  }, 60_000);
});
