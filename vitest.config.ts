import { defineConfig } from "vitest/config";
import { PlainSummaryReporter } from "./scripts/plain-summary-reporter.ts";

// One run for everything: unit tests beside the code, and the suites under test/ that use sockets.
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "scripts/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", new PlainSummaryReporter()],
  },
});
