import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { beforeAll } from "vitest";
import { describeExample } from "./example-contract.ts";

// Goal: the example, where Next is installed; it is no dependency of this package, because it is
// larger than everything else together. How: built first, as for production.

const FOLDER = join(import.meta.dirname, "../../examples/next");
const BUILD_TIMEOUT_MS = 120_000;

function findNext(): string | null {
  try {
    return dirname(createRequire(join(FOLDER, "server.ts")).resolve("next/package.json"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    return null;
  }
}

const next = findNext();
const hint = "npm install --no-save next react react-dom";
const missingNote = next === null ? `needs next, which is not installed (${hint})` : null;

beforeAll(async () => {
  if (next === null) return;
  const env = {
    PATH: process.env.PATH,
    NEXT_TELEMETRY_DISABLED: "1",
    NODE_ENV: "production" as const,
  };
  const args = [join(next, "dist/bin/next"), "build", FOLDER];
  const options = { env, timeout: BUILD_TIMEOUT_MS };
  await promisify(execFile)(process.execPath, args, options);
}, BUILD_TIMEOUT_MS);

describeExample({
  name: "next",
  missingNote,
});
