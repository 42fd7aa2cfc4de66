import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CATALOGUE } from "../src/probe/cases/catalogue.ts";
import { currentProbePage, probePage } from "./probe-page.ts";

// Goal: the table of the page is the catalogue, and what reports refer to is there. Method: texts
// are compared; `npm run docs` writes the table.

const CLOSING = new URL("../docs/closing.md", import.meta.url);

/** The anchors that a heading gets on the usual hosts. */
function anchorsOf(page: string): readonly string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => {
    const words = heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "");
    return `#${words.replaceAll(" ", "-")}`;
  });
}

describe("docs/probe.md", () => {
  it("the catalogue as it is: the table is up to date", () => {
    expect(currentProbePage()).toBe(probePage());
  });
});

describe("what to do, in docs/closing.md", () => {
  it("the page is there, and so is every heading that a case refers to", () => {
    expect(existsSync(CLOSING)).toBe(true);
    const anchors = anchorsOf(readFileSync(CLOSING, "utf8"));
    const missing = CATALOGUE.filter(({ help }) => !anchors.includes(help));
    expect(missing.map(({ id, help }) => `${id}: ${help}`)).toEqual([]);
  });
});
