import assert from "node:assert/strict";
import { describe, expectTypeOf, it } from "vitest";
import type { Reporter } from "vitest/node";
import {
  PlainSummaryReporter,
  type ReportedModule,
  type ReportedTest,
} from "./plain-summary-reporter.ts";

// Goal: the last line counts every test once and never hides a failure. How: modules with the few
// members that the reporter reads, and the whole output compared.

type State = ReturnType<ReportedTest["result"]>["state"];

const test = (state: State, note?: string): ReportedTest => ({
  fullName: "linger > peer-fin: ends",
  result: () => ({ state, note }),
});

const loadedModule = (tests: readonly ReportedTest[], hookErrors = 0): ReportedModule => ({
  relativeModuleId: "src/a.test.ts",
  children: {
    allTests: () => tests,
    allSuites: () => [{ errors: () => new Array(hookErrors).fill("hook") }],
  },
  errors: () => [],
});

const brokenModule: ReportedModule = { ...loadedModule([]), errors: () => ["no such file"] };

function outputOf(modules: readonly ReportedModule[], unhandledErrors: readonly unknown[] = []) {
  let output = "";
  new PlainSummaryReporter((text) => {
    output += text;
  }).onTestRunEnd(modules, unhandledErrors);
  return output;
}

describe("PlainSummaryReporter", () => {
  it("passed and failed tests in two files: are added up", () => {
    const modules = [
      loadedModule([test("passed"), test("failed")]),
      loadedModule([test("passed")]),
    ];
    assert.equal(outputOf(modules), "tests: 2 passed, 1 failed\n");
  });

  it("skipped tests: are counted, with the reasons that they gave", () => {
    const tests = [test("skipped", "Linux only"), test("skipped"), test("passed")];
    assert.equal(
      outputOf([loadedModule(tests)]),
      "skipped: src/a.test.ts > linger > peer-fin: ends: Linux only\n" +
        "skipped without a reason: 1\n" +
        "tests: 1 passed, 0 failed, 2 skipped\n",
    );
  });

  it("a file that does not load: counts as failed", () => {
    assert.equal(outputOf([brokenModule]), "tests: 0 passed, 1 failed\n");
  });

  it("a hook that fails: counts as failed", () => {
    assert.equal(outputOf([loadedModule([test("passed")], 1)]), "tests: 1 passed, 1 failed\n");
  });

  it("a rejection that nobody handled: counts as failed", () => {
    assert.equal(outputOf([], [new Error("late")]), "tests: 0 passed, 1 failed\n");
  });

  it("a test that never ran because the run was interrupted: counts as failed", () => {
    assert.equal(outputOf([loadedModule([test("pending")])]), "tests: 0 passed, 1 failed\n");
  });

  it("vitest's own types: fit", () => {
    expectTypeOf<PlainSummaryReporter>().toExtend<Reporter>();
  });
});
