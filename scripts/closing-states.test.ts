import { describe, expect, it } from "vitest";
import { closingStatesPage, currentClosingStatesPage } from "./closing-states.ts";

// Goal: the page of the closing states is the one that the table gives.
// Method: both are compared as text; `npm run docs` writes the page.

describe("docs/closing-states.md", () => {
  it("the table as it is: the page in docs/ is up to date", () => {
    expect(currentClosingStatesPage()).toBe(closingStatesPage());
  });
});
