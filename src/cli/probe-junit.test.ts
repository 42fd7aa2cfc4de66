import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "vitest";
import { fakeEvidence, fakeReport, fakeResult } from "./fake-probe-report.ts";
import { probeJunit } from "./probe-junit.ts";

// Goal: CI systems read what the probe found. How: a real XML parser, Python's, reads reports with
// everything in them that XML cannot hold.

const PYTHON = `
import json, sys, xml.etree.ElementTree as tree
def told(node):
    return {"tag": node.tag, "attributes": node.attrib, "text": (node.text or "").strip(),
            "children": [told(child) for child in node]}
print(json.dumps(told(tree.fromstring(sys.stdin.buffer.read()))))
`;
const PYTHON_NOTE =
  spawnSync("python3", ["--version"]).status === 0 ? null : "needs python3, which is not installed";

interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly Element[];
}

function parsed(xml: string): Element {
  const { stdout, stderr } = spawnSync("python3", ["-c", PYTHON], {
    input: xml,
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return JSON.parse(stdout) as Element;
}

const HOSTILE = `<failure>]]></failure>\x00\x1b[2J"'&\ufffe`;

describe("probeJunit", () => {
  it("a failure, a skip, and successes with and without a story", (ctx) => {
    if (PYTHON_NOTE !== null) return ctx.skip(PYTHON_NOTE);
    const report = fakeReport([
      fakeResult("early/one", ["fail", "pass"], { level: "should" }),
      fakeResult("early/two", ["not reached"]),
      fakeResult("late/three", ["unkind"]),
      fakeResult("late/four", ["pass"]),
    ]);
    const suites = parsed(probeJunit(report));
    const [suite] = suites.children;
    assert.equal(suites.tag, "testsuites");
    assert.equal(suite?.attributes.tests, "4");
    assert.equal(suite.attributes.failures, "1");
    assert.equal(suite.attributes.skipped, "1");
    const cases = suite.children.filter(({ tag }) => tag === "testcase");
    assert.deepEqual(
      cases.map(({ attributes, children }) => [
        attributes.classname,
        attributes.name,
        attributes.time,
        children.map(({ tag }) => tag).join(),
      ]),
      [
        ["finwait.probe.early", "early/one", "1.234", "failure"],
        ["finwait.probe.early", "early/two", "1.234", "skipped"],
        ["finwait.probe.late", "late/three", "1.234", "system-out"],
        ["finwait.probe.late", "late/four", "1.234", ""],
      ],
    );
    const failure = cases[0]?.children[0];
    assert.equal(failure?.attributes.message, "seen of early/one [fail 1 of 2]");
    assert.equal(failure.attributes.type, "should");
    assert.match(failure.text, /Rule: RFC 9112, 9\.6\. A server closes in stages\.\nMeans: Users/);
    assert.match(cases[2]?.children[0]?.text ?? "", /\nIf it fails: Users see an error\.\n/);
    assert.match(failure.text, /What to do: docs\/closing\.md#the-modes-measured\n/);
    assert.match(failure.text, /\n {2}\+41 ms RST \(ECONNRESET\)$/);
    assert.equal(cases[1]?.children[0]?.attributes.message, "seen of early/two");
  });

  it("what a server says: text, and no control characters", (ctx) => {
    if (PYTHON_NOTE !== null) return ctx.skip(PYTHON_NOTE);
    const result = fakeResult("early/one", ["fail"]);
    const decisive = { ...result.decisive, seen: HOSTILE, evidence: [fakeEvidence([HOSTILE])] };
    const report = fakeReport([{ ...result, decisive }], { server: HOSTILE });
    const [suite] = parsed(probeJunit(report)).children;
    const harmless = `<failure>]]></failure>\ufffd\ufffd[2J"'&\ufffd`;
    const [properties, testCase] = suite?.children ?? [];
    assert.equal(properties?.children.at(-1)?.attributes.value, harmless);
    assert.equal(testCase?.children[0]?.attributes.message, harmless);
    assert.ok(testCase.children[0]?.text.includes(`response: ${harmless}`));
  });
});
