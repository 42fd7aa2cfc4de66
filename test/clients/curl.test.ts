import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import * as site from "../support/client-site.ts";
import { missingNote, runCommand } from "../support/command.ts";
import { withServer } from "../support/scene.ts";

// Goal: curl gets the demo page, and an early 413 of 200 kB whole while it uploads 20 MB. How: the
// program itself, five times; its exit status and what it wrote to disk are compared.

const NOTE = missingNote("curl");
const TRIES = 5;

describe("curl", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "finwait-curl-"));
    writeFileSync(join(folder, "upload"), Buffer.alloc(site.UPLOAD_BYTES, "u"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("demo page: is printed whole, the connection is reused for a second file", async (ctx) => {
    if (NOTE !== null) return ctx.skip(NOTE);
    await withServer(site.clientSite(), async ({ server }) => {
      const format = "%{stderr}%{http_code} %{num_connects}\\n";
      const urls = [server.url, `${server.url}style.css`];
      const result = await runCommand("curl", ["-sS", "-w", format, ...urls]);
      assert.equal(result.status, 0, result.complaints);
      assert.equal(result.complaints, "200 1\n200 0\n");
      assert.ok(result.output.includes(site.DEMO_SENTENCE));
    });
  });

  for (const expect of ["Expect:", "Expect: 100-continue"]) {
    it(`20 MB uploaded with "${expect}": the early 413 is whole, 5 of 5`, async (ctx) => {
      if (NOTE !== null) return ctx.skip(NOTE);
      await withServer(site.clientSite(), async ({ server }) => {
        const [from, to] = [join(folder, "upload"), join(folder, "answer")];
        const url = new URL(site.UPLOAD_TARGET, server.url).href;
        const options = ["-sS", "-o", to, "-w", "%{http_code} %{size_download}", "-H", expect];
        for (let count = 0; count < TRIES; count++) {
          const result = await runCommand("curl", [...options, "--data-binary", `@${from}`, url]);
          assert.equal(result.status, 0, result.complaints);
          assert.equal(result.output, `413 ${site.REFUSAL_BYTES}`);
          assert.equal(readFileSync(to).length, site.REFUSAL_BYTES);
        }
      });
    });
  }
});
