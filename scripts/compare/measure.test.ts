import { describe, expect, it } from "vitest";
import type { Verdict } from "../../src/probe/probe-case.ts";
import { type CaseResult, countVerdicts } from "../../src/probe/probe-report.ts";
import { joinResults } from "./measure.ts";

// Goal: attempts that were made apart count as if they had been made together.
// Method: made-up results of one case are joined.

function resultOf(verdict: Verdict, seen: string, verdicts: readonly Verdict[]): CaseResult {
  return {
    id: "sea/storm",
    title: "waves",
    level: "must",
    requirement: { source: "RFC 0000, 1", text: "A rule." },
    sends: "",
    accepts: "",
    meaning: "",
    help: "#help",
    verdict,
    counts: countVerdicts(verdicts),
    decisive: { verdict, seen, figures: {}, evidence: [], durationMs: 1 },
    attemptCount: verdicts.length,
  };
}

const PASSED = resultOf("pass", "dry", ["pass"]);
const FAILED = resultOf("fail", "sunk", ["fail", "pass", "fail", "unkind"]);

describe("joinResults", () => {
  it("a failure later: decides, and all attempts are counted", () => {
    const { verdict, counts, attemptCount, decisive } = joinResults(PASSED, FAILED);
    expect({ verdict, attemptCount, seen: decisive.seen }).toEqual({
      verdict: "fail",
      attemptCount: 5,
      seen: "sunk",
    });
    expect(counts).toEqual({ pass: 2, unkind: 1, fail: 2, "not reached": 0 });
  });

  it("a failure first: decides, and stays the one that is told", () => {
    const joined = joinResults(resultOf("fail", "first", ["fail"]), FAILED);
    expect(joined.decisive.seen).toBe("first");
    expect(joinResults(FAILED, PASSED).verdict).toBe("fail");
  });

  it("not reached, then reached: what was seen decides", () => {
    const joined = joinResults(resultOf("not reached", "", ["not reached"]), PASSED);
    expect(joined.verdict).toBe("pass");
    expect(joined.counts).toEqual({ pass: 1, unkind: 0, fail: 0, "not reached": 1 });
  });
});
