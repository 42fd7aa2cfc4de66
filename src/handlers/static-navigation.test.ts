import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { acceptsHtml, isViewPath } from "./static-navigation.ts";

// Goal: a missing page falls back to the application, a missing file does not. How: two tables.

describe("isViewPath", () => {
  for (const [segments, isView] of [
    [[], true],
    [["users"], true],
    [["v1.2", "users"], true],
    [["users", "7"], true],
    [["app.js"], false],
    [["users", "a.b"], false],
    [[".well-known"], false],
  ] as const) {
    it(`/${segments.join("/")}: ${isView}`, () => assert.equal(isViewPath(segments), isView));
  }
});

describe("acceptsHtml", () => {
  for (const [accept, isAccepted] of [
    [undefined, true],
    ["*/*", true],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true],
    ["TEXT/HTML", true],
    ["text/*;q=0.1", true],
    ["application/json", false],
    ["application/json, text/plain, */*", true],
    ["image/avif,image/webp", false],
    ["text/html;q=0, */*", false],
    ["text/html;q=0.000", false],
    ["text/html;level=1;q=0", false],
    ["*/*;q=0, text/html", true],
    ["", false],
  ] as const) {
    it(`${accept ?? "no field"}: ${isAccepted}`, () => {
      assert.equal(acceptsHtml(accept), isAccepted);
    });
  }
});
