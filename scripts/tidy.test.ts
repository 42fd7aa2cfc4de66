import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { readSource } from "./source-text.ts";
import { checkTree, RULES, readTree } from "./tidy.ts";
import { checkDependencies } from "./tidy-imports.ts";

// Goal: the tree keeps its rules, and each rule can be seen to fail. How: the rules run over the
// files of this repository, and over trees of one or two made-up files that break one of them.

const ROOT = join(import.meta.dirname, "..");
const HEADER = "// What this file is.\n\n";

/** A made-up tree. Only the named rule runs, so the rest may be as short as it likes. */
function violations(rule: string, files: Readonly<Record<string, string>>): string[] {
  const check = RULES[rule];
  assert.ok(check !== undefined, `no rule is called "${rule}"`);
  return check(Object.entries(files).map(([path, text]) => readSource({ path, text })));
}

describe("this tree", () => {
  const files = readTree(ROOT);
  const sources = files.map(readSource);

  it("the walk: finds source, tests and this file", () => {
    const paths = files.map(({ path }) => path);
    assert.ok(paths.includes("scripts/tidy.test.ts"));
    assert.ok(paths.some((path) => path.startsWith("src/base/")));
  });

  for (const [name, rule] of Object.entries(RULES)) {
    it(`every file: ${name}`, () => {
      const found = rule(sources);
      assert.ok(found.length === 0, `\n${found.join("\n")}`);
    });
  }

  it("package.json: depends on what the table of imports names", () => {
    assert.deepEqual(checkDependencies(readFileSync(join(ROOT, "package.json"), "utf8")), []);
  });
});

describe("imports follow the folders", () => {
  const imports = (path: string, line: string): string[] =>
    violations("imports follow the folders", { [path]: `${HEADER}${line}\n` });

  const forbidden = [
    ["src/base/a.ts", 'import { b } from "../tcp/b.ts";', "src/tcp/b.ts, and nothing is"],
    ["src/tcp/a.ts", 'import { b } from "../http1/b.ts";', "src/http1/b.ts, and only src/base/ is"],
    ["src/http1/a.ts", 'import { b } from "../tcp/b.ts";', "src/tcp/b.ts"],
    ["src/closing/a.ts", 'import type { B } from "../http1/b.ts";', "src/http1/b.ts"],
    ["src/transport/a.ts", 'import { b } from "../closing/b.ts";', "src/closing/b.ts"],
    ["src/server/a.ts", 'import { b } from "../handlers/b.ts";', "src/handlers/b.ts"],
    ["src/server/a.ts", 'import { b } from "../handlers/fetch-handler.ts";', "src/handlers/fetch"],
    ["src/server/serve.ts", 'import { b } from "../handlers/static.ts";', "src/handlers/static"],
    ["src/handlers/a.ts", 'import { b } from "../server/listener.ts";', "src/server/listener.ts"],
    ["src/attach/a.ts", 'import { b } from "../server/b.ts";', "src/server/b.ts"],
    ["src/observe/a.ts", 'import { b } from "../transport/b.ts";', "src/transport/b.ts"],
    ["src/simulation/a.ts", 'import { b } from "../transport/b.ts";', "types of src/transport/ is"],
    ["src/probe/a.ts", 'import { b } from "../http1/b.ts";', "src/http1/b.ts"],
    ["src/probe/cases/a.ts", 'import { b } from "../../server/b.ts";', "src/server/b.ts"],
    ["src/server/a.ts", 'import { b } from "../cli/b.ts";', "src/cli/b.ts"],
    ["src/server/a.ts", 'import { b } from "../../scripts/b.ts";', "scripts/b.ts"],
    ["src/tcp/a.test.ts", 'import { b } from "../http1/b.ts";', "src/http1/b.ts"],
    ["src/base/a.ts", 'import { b } from "node:net";', "node:net, and nothing of Node is"],
    ["src/simulation/a.ts", 'import { b } from "node:net";', "node:net"],
    ["src/server/a.ts", 'import { b } from "ws";', "the package ws, and no package is"],
    ["src/transport/a.ts", 'import { b } from "koffi";', "the package koffi, and no package is"],
    ["src/server/a.ts", 'import { b } from "vitest";', "the package vitest, and no package is"],
    ["src/handlers/a.ts", 'import { b } from "zod";', "the package zod, and only mrmime may be"],
    ["src/cli/a.ts", 'import { b } from "mrmime-x";', "the package mrmime-x, and only commander"],
  ] as const;
  for (const [path, line, what] of forbidden) {
    it(`${path} with ${line}: is one violation`, () => {
      const found = imports(path, line);
      assert.equal(found.length, 1, found.join("\n"));
      assert.ok(found[0]?.startsWith(`${path}:3: imports `), found[0]);
      assert.ok(found[0]?.includes(what), found[0]);
    });
  }

  const allowed = [
    ["src/tcp/a.ts", 'import { b } from "./b.ts";'],
    ["src/server/a.ts", 'import { b } from "../closing/b.ts";'],
    ["src/server/a.ts", 'import { b } from "node:net";'],
    ["src/server/serve.ts", 'import { b } from "../handlers/fetch-handler.ts";'],
    ["src/handlers/a.ts", 'import type { B } from "../server/exchange.ts";'],
    ["src/handlers/a.ts", 'import { lookup } from "mrmime";'],
    ["src/handlers/a.test.ts", 'import { b } from "../server/fake-exchange.ts";'],
    ["src/observe/a.ts", 'import { b } from "../transport/ffi-node.ts";'],
    ["src/transport/ffi-koffi.ts", 'const b = await import("koffi");'],
    ["src/simulation/a.ts", 'import type { B } from "../transport/b.ts";'],
    ["src/base/a.test.ts", 'import assert from "node:assert/strict";'],
    ["src/base/a.test.ts", 'import { it } from "vitest";'],
    ["src/cli/a.ts", 'import { b } from "../probe/b.ts";'],
    ["src/cli/a.ts", 'import { z } from "zod/mini";'],
    ["src/index.ts", 'export { b } from "./server/b.ts";'],
    ["test/a.test.ts", 'import { b } from "ws";'],
  ] as const;
  for (const [path, line] of allowed) {
    it(`${path} with ${line}: is allowed`, () => {
      assert.deepEqual(imports(path, line), []);
    });
  }

  it("a folder without a row: is asked to get one", () => {
    assert.deepEqual(imports("src/misc/a.ts", ""), [
      "src/misc/a.ts:1: is in no known folder, and a row in scripts/tidy-imports.ts is wanted",
    ]);
  });
});

describe("imports name files", () => {
  const check = (path: string, specifier: string): string[] =>
    violations("imports name files", { [path]: `import "${specifier}";\n`, "src/b/c.ts": "" });

  it("no extension: is a violation", () => {
    assert.deepEqual(check("src/a.ts", "./b/c"), [
      'src/a.ts:1: imports "./b/c", and an extension .ts is wanted',
    ]);
  });

  it("extension of the built file: is a violation", () => {
    assert.equal(check("src/a.ts", "./b/c.js").length, 1);
  });

  it("file that is not there: is a violation", () => {
    assert.deepEqual(check("src/a.ts", "./b/d.ts"), [
      "src/a.ts:1: imports src/b/d.ts, and a file that exists is wanted",
    ]);
  });

  it("file that is there, from any folder: is allowed", () => {
    assert.deepEqual(check("src/a.ts", "./b/c.ts"), []);
    assert.deepEqual(check("test/wire/a.test.ts", "../../src/b/c.ts"), []);
  });

  it("the built package: only suites may import it", () => {
    assert.deepEqual(check("test/package/a.test.ts", "../../dist/index.js"), []);
    assert.equal(check("src/cli/a.ts", "../../dist/index.js").length, 1);
  });
});

describe("imports make no cycle", () => {
  const check = (files: Readonly<Record<string, string>>): string[] =>
    violations("imports make no cycle", files);

  it("three files in a ring: are one violation that names the ring", () => {
    const files = {
      "src/x/a.ts": 'import "./b.ts";',
      "src/x/b.ts": '\nimport type { C } from "./c.ts";',
      "src/x/c.ts": 'import "./a.ts";',
    };
    assert.deepEqual(check(files), [
      "src/x/c.ts:1: closes the cycle src/x/a.ts -> src/x/b.ts -> src/x/c.ts -> src/x/a.ts, " +
        "and no cycle is wanted",
    ]);
  });

  it("a file that imports itself: is a violation", () => {
    assert.equal(check({ "src/x/a.ts": 'import "./a.ts";' }).length, 1);
  });

  it("two ways to one file: are no cycle", () => {
    const files = {
      "src/x/a.ts": 'import "./b.ts";\nimport "./c.ts";',
      "src/x/b.ts": 'import "./c.ts";',
      "src/x/c.ts": "",
    };
    assert.deepEqual(check(files), []);
  });
});

describe("files are used", () => {
  const check = (files: Readonly<Record<string, string>>): string[] =>
    violations("files are used", files);

  it("a file that nothing imports: is a violation", () => {
    assert.deepEqual(check({ "src/x/a.ts": "" }), [
      "src/x/a.ts:1: is imported by nothing, and an import in src that is no test is wanted",
    ]);
  });

  it("a file that only its test imports: is a violation", () => {
    const found = check({ "src/x/a.ts": "", "src/x/a.test.ts": 'import "./a.ts";' });
    assert.deepEqual(found, [
      "src/x/a.ts:1: is imported by tests only, and an import in src that is no test is wanted",
    ]);
  });

  it("entry points and what they reach: are used", () => {
    const files = {
      "src/index.ts": 'export { a } from "./x/a.ts";',
      "src/cli/main.ts": "",
      "src/x/a.ts": "",
    };
    assert.deepEqual(check(files), []);
  });

  it("a fake: needs a test, and source cannot stand in for it", () => {
    const fakes = { "src/x/fake-a.ts": "", "src/x/b-fake-c.ts": "" };
    assert.equal(check(fakes).length, 2);
    const bySource = { ...fakes, "src/index.ts": 'import "./x/fake-a.ts";' };
    assert.equal(check(bySource).length, 2);
    const byTest = { ...fakes, "test/a.test.ts": 'import "../src/x/fake-a.ts";' };
    assert.deepEqual(check(byTest), [
      "src/x/b-fake-c.ts:1: is imported by no test, and one is wanted",
    ]);
  });
});

describe("pure folders are pure", () => {
  const check = (path: string, code: string): string[] =>
    violations("pure folders are pure", { [path]: `${HEADER}${code}\n` });

  for (const code of [
    "new Date()",
    "performance.now()",
    "setTimeout(f, 1)",
    "setInterval(f, 1)",
    "setImmediate(f)",
    "Math.random()",
    "process.env",
    "console.log(1)",
    "Buffer.alloc(1)",
  ]) {
    it(`${code} in a pure folder: is a violation, elsewhere it is none`, () => {
      const found = check("src/closing/a.ts", `const a = ${code};`);
      assert.equal(found.length, 1, found.join("\n"));
      assert.ok(found[0]?.startsWith("src/closing/a.ts:3: uses "), found[0]);
      assert.deepEqual(check("src/server/a.ts", `const a = ${code};`), []);
    });
  }

  it("the words in comments, strings and longer names: are no violation", () => {
    const code = '// Date\nconst dateMs = "Date" + new ArrayBuffer(1) + Math.round(processed);';
    assert.deepEqual(check("src/http1/a.ts", code), []);
  });

  it("Buffer: is allowed in one file and in tests", () => {
    assert.deepEqual(check("src/base/latin1.ts", "Buffer.from(text);"), []);
    assert.deepEqual(check("src/base/a.test.ts", "Buffer.from(text);"), []);
  });

  it("a clock in a test of a pure folder: is a violation", () => {
    assert.equal(check("src/base/a.test.ts", "Date.now();").length, 1);
  });
});

describe("files and folders are named", () => {
  for (const path of ["src/server/index.ts", "src/utils/a.ts", "src/server/helpers/a.ts"]) {
    it(`${path}: is a violation`, () => {
      assert.equal(violations("files and folders are named", { [path]: "" }).length, 1);
    });
  }

  it("src/index.ts: is allowed", () => {
    assert.deepEqual(violations("files and folders are named", { "src/index.ts": "" }), []);
  });
});

describe("types are honest", () => {
  const check = (code: string): string[] =>
    violations("types are honest", { "src/server/a.ts": `${code}\n` });

  for (const code of [
    "let a: any;",
    "let a: any[];",
    "let a: Map<string, any>;",
    "type A = string | any;",
    "const a = b as any;",
    "const a = b!.c;",
    "const a = b[0]!;",
    "const a = b()!;",
    "const a = b as unknown as C;",
    "export default a;",
    "export { a as default };",
    "enum A { B }",
    "const enum A { B }",
  ]) {
    it(`${code}: is a violation`, () => {
      const found = check(code);
      assert.equal(found.length, 1, found.join("\n"));
      assert.ok(found[0]?.startsWith("src/server/a.ts:1: "), found[0]);
    });
  }

  it("a cast through unknown with a comment above or beside it: is allowed", () => {
    assert.deepEqual(check("// The types lack this.\nconst a = b as unknown as C;"), []);
    assert.deepEqual(check("const a = b as unknown as C; // The types lack this."), []);
    assert.equal(check("// Far above.\n\nconst a = b as unknown as C;").length, 1);
  });

  it("names, values and words that look alike: are no violation", () => {
    const code = [
      "const any = Promise.any(all) ?? any;",
      "if (!a || a !== b || !(await c)) return !d;",
      'const text = "any: any, a!.b, export default";',
      "// as unknown as C, enum A",
      "const enumerated = value as unknown;",
    ].join("\n");
    assert.deepEqual(check(code), []);
  });
});

describe("suppressions have reasons", () => {
  const check = (comment: string): string[] =>
    violations("suppressions have reasons", { "src/server/a.ts": `${comment}\n` });

  for (const comment of [
    "// @ts-ignore",
    "// @ts-expect-error",
    "// @ts-nocheck:",
    "// biome-ignore lint/style/noEnum",
    "// biome-ignore lint/style/noEnum: <explanation>",
  ]) {
    it(`"${comment}": is a violation`, () => {
      assert.equal(check(comment).length, 1);
    });
  }

  it("a reason behind it: is allowed", () => {
    assert.deepEqual(check("// @ts-expect-error the types lack this event"), []);
    assert.deepEqual(check("// biome-ignore lint/style/noEnum: the kernel counts like this"), []);
  });
});

describe("open work is numbered", () => {
  const check = (comment: string): string[] =>
    violations("open work is numbered", { "test/a.test.ts": `${comment}\n` });

  for (const comment of ["// FIXME", "// TODO", "// TODO: a", "// TODO(me): a", "// TODO(#1) a"]) {
    it(`"${comment}": is a violation`, () => {
      assert.equal(check(comment).length, 1);
    });
  }

  it("an issue and a sentence: are allowed", () => {
    assert.deepEqual(check("// TODO(#12): Count these as well."), []);
  });
});

describe("one word is forbidden", () => {
  const check = (path: string, text: string): string[] =>
    violations("one word is forbidden", { [path]: text });

  it("in a comment, a name or a string: is a violation with its line", () => {
    assert.deepEqual(check("src/server/a.ts", "\n// Drained.\n"), [
      'src/server/a.ts:2: says "Drain", and linger, discard, flush or shutdown is wanted',
    ]);
    assert.equal(check("src/server/a.ts", "isDraining();\n").length, 1);
    assert.equal(check("src/server/a.ts", 'socket.on("drain", f);\n').length, 1);
  });

  it("in transport/: only the name of Node's event is allowed", () => {
    assert.deepEqual(check("src/transport/a.ts", 'socket.on("drain", f);\n'), []);
    assert.equal(check("src/transport/a.ts", "const onDrain = f;\n").length, 1);
  });
});

describe("files have headers", () => {
  const check = (text: string, path = "src/server/a.ts"): string[] =>
    violations("files have headers", { [path]: text });

  const header = (lines: number): string => "// A line.\n".repeat(lines);

  it("code without a comment: is a violation", () => {
    assert.deepEqual(check('import { a } from "./a.ts";\n\nexport const b = a;\n'), [
      "src/server/a.ts:3: begins without a header comment, and one after the imports is wanted",
    ]);
  });

  it("an empty file: is a violation", () => {
    assert.equal(check("").length, 1);
  });

  it("nine lines: are a violation, eight are none", () => {
    assert.deepEqual(check(`${header(9)}\nconst a = 1;\n`), [
      "src/server/a.ts:1: has 9 header lines, and at most 8 are wanted",
    ]);
    assert.deepEqual(check(`${header(8)}\nconst a = 1;\n`), []);
  });

  it("after imports of several lines, or after #!: is found", () => {
    assert.deepEqual(check(`import {\n  a,\n} from "./a.ts";\n\n${header(2)}`), []);
    assert.deepEqual(check(`#!/usr/bin/env node\n${header(2)}const a = 1;\n`), []);
  });

  it("a block comment: counts with its delimiters", () => {
    const block = (lines: number): string => `/**\n${" * A line.\n".repeat(lines)} */\nlet a;\n`;
    assert.deepEqual(check(block(6)), []);
    assert.deepEqual(check(block(7)), [
      "src/server/a.ts:1: has 9 header lines, and at most 8 are wanted",
    ]);
  });

  it("a test: has its own rule for the first comment", () => {
    assert.deepEqual(check("const a = 1;\n", "src/server/a.test.ts"), []);
  });
});

describe("files and lines are short", () => {
  const check = (path: string, text: string): string[] =>
    violations("files and lines are short", { [path]: text });

  it("101 columns: are a violation, 100 are none", () => {
    const text = `${"x".repeat(100)}\n${"x".repeat(101)}\n`;
    assert.deepEqual(check("src/a.test.ts", text), [
      "src/a.test.ts:2: has 101 columns, and at most 100 are wanted",
    ]);
  });

  it("a long address: is allowed", () => {
    assert.deepEqual(check("src/a.ts", `// https://example.com/${"x".repeat(100)}\n`), []);
  });

  it("401 lines in source, 601 in a test: are a violation", () => {
    assert.deepEqual(check("src/a.ts", "x\n".repeat(400)), []);
    assert.deepEqual(check("src/a.ts", "x\n".repeat(401)), [
      "src/a.ts:1: has 401 lines, and at most 400 are wanted",
    ]);
    assert.deepEqual(check("src/a.test.ts", "x\n".repeat(600)), []);
    assert.deepEqual(check("test/kernel/a.scene.ts", "x\n".repeat(600)), []);
    assert.equal(check("src/a.test.ts", "x\n".repeat(601)).length, 1);
  });
});

describe("checkDependencies", () => {
  it("a package without a row in the table: is a violation with its line", () => {
    const text = '{\n  "dependencies": {\n    "commander": "1",\n    "left-pad": "1"\n  }\n}\n';
    assert.deepEqual(checkDependencies(text), [
      "package.json:4: depends on left-pad, and only mrmime, uplot, commander, zod are wanted",
    ]);
  });

  it("an optional package that no file is named for: is a violation with its line", () => {
    const text = '{\n  "optionalDependencies": {\n    "koffi": "3",\n    "ws": "8"\n  }\n}\n';
    assert.deepEqual(checkDependencies(text), [
      "package.json:4: depends on ws, and only koffi, @opentelemetry/api are wanted",
    ]);
  });

  it("no dependencies: is allowed", () => {
    assert.deepEqual(checkDependencies("{}"), []);
  });
});

describe("checkTree", () => {
  it("two broken rules in one file: are both reported", () => {
    const found = checkTree([{ path: "src/base/a.ts", text: `${HEADER}export default Date;\n` }]);
    assert.ok(
      found.some((line) => line.includes("uses Date")),
      found.join("\n"),
    );
    assert.ok(
      found.some((line) => line.includes("exports a default")),
      found.join("\n"),
    );
  });
});
