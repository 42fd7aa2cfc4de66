// A vitest reporter that ends a run with one plain line, such as `tests: 512 passed, 0 failed`, for
// whoever reads the log with grep. Before it come the reasons of skipped tests.
//
// What went wrong outside of a test (a file that does not load, a hook, a rejection that nobody
// handled) counts as failed, so that the line never says `0 failed` about a run that did.

/** What is read of a vitest `TestCase`. */
export interface ReportedTest {
  readonly fullName: string;
  result(): {
    readonly state: "passed" | "failed" | "skipped" | "pending";
    readonly note?: string | undefined;
  };
}

/** What is read of a vitest `TestModule`. */
export interface ReportedModule {
  readonly relativeModuleId: string;
  readonly children: {
    allTests(): Iterable<ReportedTest>;
    allSuites(): Iterable<{ errors(): readonly unknown[] }>;
  };
  errors(): readonly unknown[];
}

/** Register it behind the other reporters: they write in the order of registration. */
export class PlainSummaryReporter {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void = (text) => process.stdout.write(text)) {
    this.#write = write;
  }

  onTestRunEnd(modules: readonly ReportedModule[], unhandledErrors: readonly unknown[]): void {
    this.#write(`${summaryLines(modules, unhandledErrors.length).join("\n")}\n`);
  }
}

function summaryLines(modules: readonly ReportedModule[], unhandledCount: number): string[] {
  const counts = { passed: 0, failed: unhandledCount, skipped: 0 };
  const lines: string[] = [];
  let unexplainedCount = 0;
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state, note } = test.result();
      // A test that is pending at the end never ran: the run was interrupted.
      counts[state === "pending" ? "failed" : state]++;
      if (state !== "skipped") continue;
      if (note === undefined) unexplainedCount++;
      else lines.push(`skipped: ${module.relativeModuleId} > ${test.fullName}: ${note}`);
    }
  }
  if (unexplainedCount > 0) lines.push(`skipped without a reason: ${unexplainedCount}`);
  const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`;
  return [...lines, `tests: ${counts.passed} passed, ${counts.failed} failed${skipped}`];
}
