import { describe, expect, it } from "vitest";
import { currentComparisonPage, storedComparisonPage } from "./comparison-files.ts";

// Goal: the page of the comparison says what its run found.
// Method: both are compared as text; `npm run docs` writes the page.

describe("docs/comparison.md", () => {
  it("the run as it is stored: the page is up to date", () => {
    expect(currentComparisonPage()).toBe(storedComparisonPage());
  });
});
