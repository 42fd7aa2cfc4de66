import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, it } from "vitest";

// Goal: what is given to browsers as it stands has no mistakes of types. How: the compiler checks
// the JavaScript of assets/ by its comments, with the types of a browser instead of Node's.

const ROOT = join(import.meta.dirname, "..");

function complaints(): string {
  const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
  const compiler = join(dirname(manifest), "bin", "tsc");
  try {
    execFileSync(process.execPath, [compiler, "-p", "tsconfig.assets.json"], { cwd: ROOT });
    return "";
  } catch (error) {
    // The compiler complains on standard output.
    return String((error as { stdout?: Buffer }).stdout ?? error);
  }
}

describe("assets/", () => {
  it("its scripts: the compiler has nothing to say", () => {
    assert.equal(complaints(), "");
  });
});
