import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { lineAt, readSource } from "./source-text.ts";

// Goal: the tidy rules look at code and only at code. How: texts that hide one kind of thing inside
// another, with marks that are kept or blanked.

const read = (text: string) => readSource({ path: "src/a.ts", text });

/** The code that is left, with every run of blanks as one. */
const codeOf = (text: string): string => read(text).code.replace(/\s+/g, " ").trim();

describe("readSource", () => {
  it("comments: are no code, and keep their lines", () => {
    const source = read("one // two\n/* three\nfour */ five\n");
    assert.equal(source.code, "one       \n        \n        five\n");
    assert.equal(source.comments, "    // two\n/* three\nfour */     \n");
  });

  it("strings with comment signs and quotes inside: are no code and no comments", () => {
    const source = read(`a("// b", '/* c', "d\\" // e") + f`);
    assert.equal(source.code.replace(/\s+/g, " "), "a( , , ) + f");
    assert.equal(source.comments.trim(), "");
  });

  it("template: only its expressions are code, however deep", () => {
    assert.equal(codeOf(`a(\`b \${c + \`d \${e({ f })} g\`} h\`) + i`), "a( c + e({ f }) ) + i");
  });

  it("template with an escaped expression: has no code", () => {
    assert.equal(codeOf(`a + \`b \\\${c} $d\` + e`), "a + + e");
  });

  it("slash behind an operand: divides, and what follows is code", () => {
    assert.equal(codeOf("a / b; (c) / d; e[0] / f"), "a / b; (c) / d; e[0] / f");
  });

  it("slash where an operand is wanted: begins a regular expression", () => {
    assert.equal(codeOf(`a = /b"\\/[/]c/g; return /d'/.test(e)`), "a = ; return .test(e)");
  });

  it("text that ends inside a comment, a string or a template: is blanked to its end", () => {
    for (const text of ["a /* b", 'a "b', "a `b", `a \`\${b} c`]) {
      assert.equal(read(text).code.length, text.length, text);
      assert.ok(!codeOf(text).includes("c"), text);
    }
  });
});

describe("imports", () => {
  it("every form: is found with its line, and whether it is of types only", () => {
    const text = [
      'import { a, type B } from "./a.ts";',
      'import type { C } from "./c.ts";',
      'export type * from "./d.ts";',
      "import {",
      "  e,",
      '} from "./e.ts";',
      'export { f } from "./f.ts";',
      'import "./g.ts";',
      'const h = await import("./h.ts");',
      'import * as i from "node:i";',
    ].join("\n");
    assert.deepEqual(read(text).imports, [
      { specifier: "./a.ts", line: 1, isTypeOnly: false },
      { specifier: "./c.ts", line: 2, isTypeOnly: true },
      { specifier: "./d.ts", line: 3, isTypeOnly: true },
      { specifier: "./e.ts", line: 4, isTypeOnly: false },
      { specifier: "./f.ts", line: 7, isTypeOnly: false },
      { specifier: "./g.ts", line: 8, isTypeOnly: false },
      { specifier: "./h.ts", line: 9, isTypeOnly: false },
      { specifier: "node:i", line: 10, isTypeOnly: false },
    ]);
  });

  it("an import in a comment or a string: is none", () => {
    const text = `// import "./a.ts";\nconst program = 'import b from "./b.ts"';\n`;
    assert.deepEqual(read(text).imports, []);
  });
});

describe("lineAt", () => {
  it("an offset: counts the line breaks before it, from 1", () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((offset) => lineAt("a\n\nb", offset)),
      [1, 1, 2, 3],
    );
  });
});
