import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "vitest";
import { readThreeWays } from "../support/fake-peer.ts";
import { eventLog } from "./event-log.ts";
import { parseWireFile } from "./fixture.ts";

// Goal: the bytes in the Markdown files of this folder give the event logs that stand beside them.
// How: every case, read whole, cut in two at each byte, and one byte at a time.

const folder = new URL("./", import.meta.url);
const paths = readdirSync(folder)
  .filter((path) => path.endsWith(".md") && path !== "README.md")
  .sort();

for (const path of paths) {
  describe(path, () => {
    const cases = parseWireFile(path, readFileSync(new URL(path, folder), "utf8"));
    for (const { title, line, request, fin, limits, events } of cases) {
      it(`line ${line}, ${title}: gives its log`, () => {
        const seen = eventLog(readThreeWays(request, { fin, limits }));
        assert.deepEqual(seen, events);
      });
    }

    it("its cases: at least one, each with a title of its own", () => {
      assert.notEqual(cases.length, 0);
      assert.equal(new Set(cases.map(({ title }) => title)).size, cases.length);
    });
  });
}

describe("parseWireFile", () => {
  const file = (request: string, rest = "```events\npeer ended\n```") =>
    parseWireFile("x.md", `# X\n\n## t: c\n\n\`\`\`request\n${request}\n\`\`\`\n\n${rest}\n`)[0];

  it("lines: end with CRLF, unless a backslash ends them", () => {
    assert.equal(file("a\nb\\\nc")?.request, "a\r\nbc\r\n");
    assert.equal(file("a\\\\")?.request, "a\\\r\n");
    assert.equal(file("a\\\\\\\nb\\")?.request, "a\\b");
  });

  it("escapes: bytes; an unknown one is refused", () => {
    assert.equal(file("\\x00\\xff\\r\\n\\t\\\\x41\\")?.request, "\0\xff\r\n\t\\x41");
    assert.throws(() => file("\\q"), /x\.md:3 "t: c".*got "\\q"/);
  });

  it("<FIN> on the last line: the peer ends", () => {
    assert.equal(file("a\n<FIN>")?.fin, true);
    assert.equal(file("a\n<FIN>")?.request, "a\r\n");
    assert.equal(file("a")?.fin, false);
  });

  it("a limit: is set", () => {
    const limit = "Limit: `headLimitBytes` 20\n\n```events\n```";
    assert.deepEqual(file("a", limit)?.limits, { headLimitBytes: 20 });
  });

  it("no events, or two blocks of them: refused", () => {
    assert.throws(() => file("a", ""), /expected one block "events", got 0/);
    assert.throws(() => file("a", "```events\n```\n```events\n```"), /got 2/);
    assert.throws(() => file("a", "```events\n"), /does not end/);
  });
});
