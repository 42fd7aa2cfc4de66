import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";

// Goal: a program in TypeScript can use the package with every check on, with the types of browsers
// and without them. How: a project of its own in a folder of its own, checked by the compiler.

const ROOT = join(import.meta.dirname, "../..");
const PROGRAM = `
import { serve, serveAdmin } from "finwait";
import { type AttachedServer, attach } from "finwait/attach";
import "finwait/register";

export const names: readonly string[] = [serve.name, serveAdmin.name, attach.name];
export type Attached = AttachedServer;
`;

describe("types", () => {
  for (const lib of ["es2023", "es2023,dom,dom.iterable"]) {
    it(`with lib ${lib} and skipLibCheck off: no complaint`, () => {
      const folder = mkdtempSync(join(tmpdir(), "finwait-types-"));
      try {
        mkdirSync(join(folder, "node_modules"));
        symlinkSync(ROOT, join(folder, "node_modules/finwait"));
        symlinkSync(join(ROOT, "node_modules/@types"), join(folder, "node_modules/@types"));
        writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
        writeFileSync(join(folder, "program.ts"), PROGRAM);
        const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023"];
        const args = [...options, "--lib", lib, "--types", "node", "program.ts"];
        execFileSync(join(ROOT, "node_modules/.bin/tsc"), args, { cwd: folder, encoding: "utf8" });
      } catch (error) {
        throw new Error((error as { stdout?: string }).stdout ?? String(error), { cause: error });
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
