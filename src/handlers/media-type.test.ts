import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { mediaTypeOf } from "./media-type.ts";

// Goal: the type follows the extension alone. How: names that a naive lookup gets wrong.

const TABLE: readonly (readonly [name: string, type: string])[] = [
  ["index.html", "text/html; charset=utf-8"],
  ["INDEX.HTML", "text/html; charset=utf-8"],
  ["a.css", "text/css; charset=utf-8"],
  ["a.min.js", "text/javascript; charset=utf-8"],
  ["a.txt", "text/plain; charset=utf-8"],
  ["a.json", "application/json"],
  ["a.svg", "image/svg+xml"],
  ["a.wasm", "application/wasm"],
  ["a.woff2", "font/woff2"],
  ["a.tar.gz", "application/gzip"],
  ["a.unheard-of", "application/octet-stream"],
  ["html", "application/octet-stream"],
  [".html", "application/octet-stream"],
  ["a.", "application/octet-stream"],
  ["a.constructor", "application/octet-stream"],
  ["a.__proto__", "application/octet-stream"],
  ["a.toString", "application/octet-stream"],
];

describe("mediaTypeOf", () => {
  for (const [name, type] of TABLE) {
    it(`${name}: ${type}`, () => assert.equal(mediaTypeOf(name), type));
  }
});
