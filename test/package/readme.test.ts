import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

// Goal: every program in the README and docs/ runs as it stands there, and ends by itself.
// Method: each ```js block is given to node as a module, which finds "finwait" in this package.

const textOf = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const programsOf = (text: string): string[] =>
  [...text.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");

const readme = textOf("README.md");
const programs = programsOf(readme);

/** Runs `code` in the root of the package. */
function run(code: string): Promise<{ exitCode: number | null; output: string; errors: string }> {
  const cwd = new URL("../..", import.meta.url);
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { cwd });
  let output = "";
  let errors = "";
  child.stdout.on("data", (text) => {
    output += text;
  });
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const deadline = setTimeout(() => child.kill("SIGKILL"), 15_000);
  return new Promise((resolve) => {
    child.on("close", (exitCode) => {
      clearTimeout(deadline);
      resolve({ exitCode, output, errors });
    });
  });
}

describe("README.md", () => {
  it("its programs: there are four", () => {
    expect(programs.length).toBe(4);
  });

  it.each([
    [0, /server-shutdown clean|peer-ended clean/],
    [1, /you: '127\.0\.0\.1'/],
    [2, /^200$/m],
    [3, /^413$/m],
  ])("program %i: prints what the text says, and ends", async (index, expected) => {
    const { exitCode, output, errors } = await run(programs[index] ?? "");
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" });
    expect(output).toMatch(expected);
  });

  it.each(["npm ci && npm start", "npm ci && npm test"])("command %s: is named", (command) => {
    expect(readme).toContain(command);
  });
});

describe("docs", () => {
  it.each([
    ["docs/attach.md", 0, "hello\n0 requests lost\n"],
    ["docs/closing.md", 0, "413\n"],
    ["docs/closing.md", 1, "413\n"],
    ["docs/operations.md", 0, "serving true\n"],
  ])("%s, program %i: runs, and ends", async (path, index, expected) => {
    const program = programsOf(textOf(path))[index] ?? "";
    const { exitCode, output, errors } = await run(program);
    expect({ exitCode, output, errors }).toEqual({ exitCode: 0, output: expected, errors: "" });
  });
});
