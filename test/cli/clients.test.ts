import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";

// Goal: `finwait clients` as somebody at a terminal sees it. Method: the built command runs as a
// process of its own; the texts themselves are tested beside their source.

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const FOLDER = mkdtempSync(join(tmpdir(), "finwait-clients-"));
const RULES = join(FOLDER, "rules.json");
const RULE = { name: "mozilla-2", pattern: "^curl/", effect: {}, source: "us", found: "2026" };
writeFileSync(RULES, JSON.stringify({ rules: [RULE] }));
afterAll(() => rmSync(FOLDER, { recursive: true }));

function finwait(...args: string[]): { output: string; errors: string; exit: number | null } {
  const options = { encoding: "utf8", timeout: 10_000 } as const;
  const { stdout, stderr, status } = spawnSync(process.execPath, [MAIN, ...args], options);
  return { output: stdout, errors: stderr, exit: status };
}

describe("finwait clients", () => {
  it("nothing else: a table of the shipped rules", () => {
    const { output, errors, exit } = finwait("clients");
    assert.equal(exit, 0, errors);
    assert.match(output, /^name +pattern +method +effect +source +found\n/);
    assert.match(output, /\nmozilla-2 +Mozilla\/2 +all +close +Apache httpd.* +1996\n/);
  });

  it("--client-rules --json: the user's first, in place of shipped ones so named", () => {
    const { output } = finwait("clients", "--client-rules", RULES, "--json");
    const { rules } = JSON.parse(output) as { rules: { name: string }[] };
    assert.deepEqual(rules[0], RULE);
    assert.equal(rules.filter(({ name }) => name === "mozilla-2").length, 1);
    // What is printed can be edited and given back.
    const again = join(FOLDER, "again.json");
    writeFileSync(again, output);
    assert.equal(finwait("clients", "--client-rules", again, "--json").output, output);
  });

  it("a wrong file: one sentence, and exit code 1", () => {
    const file = join(FOLDER, "wrong.json");
    writeFileSync(file, JSON.stringify([{ ...RULE, pattern: "(" }]));
    const { output, errors, exit } = finwait("clients", "--client-rules", file);
    const place = 'pattern "(" in client rule 1 ("mozilla-2")';
    const reason = "expected a ) for the (, at position 1";
    assert.equal(errors, `finwait: Cannot use ${file}: cannot use ${place}: ${reason}\n`);
    assert.deepEqual([output, exit], ["", 1]);
  });
});

describe("finwait clients test", () => {
  it("a broken client: the rule, its source, and what happens", () => {
    const { output, exit } = finwait("clients", "test", "Mozilla/2.0 (Win95; I)");
    assert.match(
      output,
      /^Rule mozilla-2 matches .*source: Apache httpd.*Connection: close\)\.\n$/,
    );
    assert.equal(exit, 0);
  });

  it("--via: the rule yields", () => {
    const { output } = finwait("clients", "test", "Mozilla/2.0 (Win95; I)", "--via");
    assert.match(output, /It yields, because the request came through a proxy/);
  });

  it("--method, --json, --client-rules behind the agent: count", () => {
    const args = ["test", "curl/8", "--method", "post", "--client-rules", RULES, "--json"];
    const { output } = finwait("clients", ...args);
    assert.deepEqual(JSON.parse(output), {
      agent: "curl/8",
      method: "POST",
      isBehindProxy: false,
      rule: RULE,
      effect: {},
    });
  });

  it("any other client: its connections persist", () => {
    const { output } = finwait("clients", "test", "curl/8.5.0");
    assert.equal(output, "No rule concerns this client: its connections persist.\n");
  });
});
