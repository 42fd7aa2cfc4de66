import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";

// Goal: without the OpenTelemetry API the package works, and says what is missing when it is asked
// for it. How: the built package runs in a folder that has its dependencies, and not that one.

const ROOT = join(import.meta.dirname, "../..");

const PROGRAM = `
import { observeWithOpenTelemetry, serve } from "./dist/index.js";
const server = await serve({ port: 0, fetch: () => new Response("ok") });
const text = await (await fetch(server.url)).text();
const error = await observeWithOpenTelemetry(server).catch((error) => error);
await server.shutdown({ deadlineMs: 0 });
process.stdout.write(JSON.stringify([text, error.code, error.message]));
`;

describe("observeWithOpenTelemetry", () => {
  it("no @opentelemetry/api: a clear error when asked for, and nothing before", () => {
    const folder = mkdtempSync(join(tmpdir(), "finwait-package-"));
    try {
      cpSync(join(ROOT, "dist"), join(folder, "dist"), { recursive: true });
      cpSync(join(ROOT, "package.json"), join(folder, "package.json"));
      mkdirSync(join(folder, "node_modules"));
      for (const name of ["mrmime", "uplot"]) {
        symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
      }
      const args = ["--input-type=module", "-e", PROGRAM];
      const output = execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
      assert.deepEqual(JSON.parse(output), [
        "ok",
        "FINWAIT_OPEN_TELEMETRY_ABSENT",
        "Cannot observe with OpenTelemetry: expected the package @opentelemetry/api to be " +
          "installed",
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
