import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, it } from "vitest";

// Goal: what would be published is what users import, and nothing else. How: npm lists the files of
// the package without packing them, and package.json is followed into that list. Needs a build.

const ROOT = join(import.meta.dirname, "../..");

interface PackageJson {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

const packageJson = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as PackageJson;

/** The paths that npm would pack, relative to the root. Scripts stay off: `prepack` would build. */
function packedPaths(): readonly string[] {
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts", "--offline"];
  const output = execFileSync("npm", args, {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    // On Windows npm is a script, which only a shell can start.
    shell: process.platform === "win32",
  });
  const [packed] = JSON.parse(output) as { files: { path: string }[] }[];
  assert.ok(packed !== undefined, `expected one package, got ${output}`);
  return packed.files.map(({ path }) => path);
}

describe("npm pack", () => {
  const paths = packedPaths();

  it("after a build: holds the built files, the README and the license", () => {
    assert.ok(existsSync(join(ROOT, "dist")), "dist/ is missing: npm run build comes first");
    for (const path of ["package.json", "README.md", "LICENSE", "dist/index.js"]) {
      assert.ok(paths.includes(path), `${path} is not among\n${paths.join("\n")}`);
    }
    for (const path of publicPaths()) {
      assert.ok(paths.includes(path), `package.json names ${path}, which is not packed`);
    }
  });

  it("tests, fakes and sources: stay at home", () => {
    const built = /^dist\/.+\.(?:js|d\.ts)$/;
    const asset = /^assets\/status\.(?:js|css)$|^assets\/icon\.svg$|^scenarios\/[\w.-]+\.json$/;
    // `finwait probe` refers to both.
    const pages = ["docs/attach.md", "docs/closing.md"];
    const texts = ["README.md", "CHANGELOG.md", "LICENSE"];
    const others = [
      "package.json",
      ...texts,
      ...pages,
      "config.schema.json",
      "scenario.schema.json",
    ];
    const strays = paths.filter(
      (path) => !built.test(path) && !asset.test(path) && !others.includes(path),
    );
    assert.deepEqual(strays, []);
    const supports = paths.filter((path) => /\.test\.|[/-]fake-/.test(path));
    assert.deepEqual(supports, []);
  });
});

/** Every file that package.json promises, through `bin` and every condition of `exports`. */
function publicPaths(): readonly string[] {
  const targets = Object.values(packageJson.exports).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target),
  );
  return [...Object.values(packageJson.bin), ...targets].map((path) => posix.normalize(path));
}
