import { describe, expect, it } from "vitest";
import type { Verdict } from "../../src/probe/probe-case.ts";
import type { ComparedCase, ComparedResult, ComparedServer, Comparison } from "./comparison.ts";
import { comparisonPage } from "./table.ts";

// Goal: the page says what the servers did, and nothing that was not seen.
// Method: two made-up reports and an absent server are written, and the page is compared as text.

const NONE = { pass: 0, unkind: 0, fail: 0, "not reached": 0 };

function result(verdict: Verdict, seen: string, count = 1, attemptCount = 1): ComparedResult {
  return { verdict, seen, counts: { ...NONE, [verdict]: count }, attemptCount, figures: {} };
}

function made(over: Partial<ComparedCase> & Pick<ComparedCase, "id" | "title">): ComparedCase {
  return {
    level: "must",
    requirement: { source: "RFC 0000, 1", text: "A rule." },
    sends: "something",
    accepts: "something else",
    meaning: "Users lose it.",
    help: "#help",
    isPatient: false,
    ...over,
  };
}

function server(over: Partial<ComparedServer> & Pick<ComparedServer, "name">): ComparedServer {
  return { version: "1.0", files: [], about: "files", trouble: null, results: {}, ...over };
}

const COMPARISON: Comparison = {
  finwait: "0.1.0 (abc)",
  startedAt: "2026-01-02T03:04:05.000Z",
  machine: "Linux 6.1, 2 x CPU",
  node: "20.0.0",
  repeat: 5,
  cases: [
    made({ id: "sea/calm", title: "nothing happens" }),
    made({ id: "sea/storm (late)", title: "waves | wind" }),
    made({ id: "sky/rain", title: "it rains", level: "kind" }),
    made({ id: "sky/wait", title: "it waits", level: "should", isPatient: true, meaning: "Held." }),
  ],
  servers: [
    server({
      name: "alpha",
      files: ["configs/alpha.conf", "apps/alpha.mjs"],
      results: {
        "sea/calm": result("pass", "calm", 5, 5),
        "sea/storm (late)": result("pass", "dry", 5, 5),
        "sky/rain": result("unkind", "wet\n  feet", 5, 5),
        "sky/wait": result("pass", "FIN after 5000 ms"),
      },
    }),
    server({
      name: "beta",
      trouble: "It ended while it was probed: oh | no",
      results: {
        "sea/calm": result("not reached", "no path", 5, 5),
        "sea/storm (late)": result("fail", "sunk", 3, 5),
        "sky/rain": result("unkind", "wet feet", 5, 5),
      },
    }),
    server({ name: "gamma", version: null }),
  ],
};

const EXPECTED = `
## The servers

| server | version | configuration | pass | unkind | fail | not reached | failed musts |
| --- | --- | --- | --- | --- | --- | --- | --- |
| alpha | 1.0 | files: [alpha.conf](../scripts/compare/configs/alpha.conf), \
[alpha.mjs](../scripts/compare/apps/alpha.mjs) | 3 | 1 | 0 | 0 | 0 |
| beta | 1.0 | files | 0 | 1 | 1 | 1 | 1 |
| gamma | not installed | files |  |  |  |  |  |

beta: It ended while it was probed: oh | no

## Verdicts

### sea

| case | level | alpha | beta |
| --- | --- | --- | --- |
| sea/calm | must | pass | – |
| [sea/storm (late)](#seastorm-late) | must | pass | **fail** 3/5 |

### sky

| case | level | alpha | beta |
| --- | --- | --- | --- |
| [sky/rain](#skyrain) | kind | unkind | unkind |
| [sky/wait](#skywait) | should | pass |  |

## What was seen

### sea/storm (late)

Waves | wind. A must (RFC 0000, 1). Users lose it. [What to do](closing.md#help)

- beta: **fail** 3/5: sunk
- alpha: pass

### sky/rain

It rains. Good manners (RFC 0000, 1). [What to do](closing.md#help)

- alpha, beta: unkind: wet feet

### sky/wait

It waits. A should (RFC 0000, 1). Held. [What to do](closing.md#help)

- alpha: pass: FIN after 5000 ms
`;

describe("comparisonPage", () => {
  const page = comparisonPage(COMPARISON);

  it("two reports and an absent server: tables and notes say what each did", () => {
    const start = page.indexOf("\n## The servers");
    expect(page.slice(start)).toBe(EXPECTED);
  });

  it("a run: the page says when, where and how often", () => {
    const head = page.slice(0, page.indexOf("## The servers"));
    for (const said of [
      "on 2026-01-02",
      "Linux 6.1, 2 x CPU",
      "finwait 0.1.0 (abc) on Node 20.0.0",
      "tried 5 times",
    ]) {
      expect(head).toContain(said);
    }
  });
});
