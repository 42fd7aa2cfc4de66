import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { encodePath, isUnsafeOnWindows, parseTargetPath } from "./static-target.ts";

// Goal: no target leads anywhere but down. How: a corpus of traversal attempts, then properties:
// what is accepted has only plain names, and every list of plain names survives the round trip.

function outcomeOf(target: string, dotfiles: "serve" | "hide" = "hide"): string {
  const path = parseTargetPath(target, "origin", dotfiles);
  if (path.type !== "path") return path.type;
  return `${path.segments.join("|")}${path.endsWithSlash ? "|/" : ""}${path.query}`;
}

const INVALID_TARGETS = [
  "/..",
  "/../",
  "/../etc/passwd",
  "/a/../b",
  "/a/..",
  "/./a",
  "/.",
  "/%2e%2e/etc/passwd",
  "/%2E%2E/etc/passwd",
  "/.%2e/etc/passwd",
  "/%2e./etc/passwd",
  "/%2e",
  "/..%2fetc%2fpasswd",
  "/..%2Fetc",
  "/%2e%2e%2fetc",
  "/..%5cetc",
  "/..\\..\\etc",
  "/\\evil.example",
  "/%5cevil.example",
  "/%2fevil.example",
  "/a%2fb",
  "/a%2Fb",
  "/a%5Cb",
  "/a%00",
  "/a%00.txt",
  "/%",
  "/%2",
  "/%zz",
  "/%u002e",
  "/a%",
  "/%ff",
  "/%c0%ae%c0%ae/etc",
  "/%e0%80%ae",
  "/%ed%a0%80",
  "/%f8%80%80%80%80",
  "/%80",
  "/\u00fc",
  "/a b",
  "",
  "a",
  "..",
  "*",
];

const HIDDEN_TARGETS = [
  "//",
  "//evil.example",
  "//evil.example/",
  "/a//b",
  "/a//",
  "///",
  "/.git/config",
  "/.env",
  "/a/.htaccess",
  "/%2egit/config",
  "/...",
  "/.well-known2",
  "/a/.well-known/b",
  "/.well-known/.git",
];

describe("parseTargetPath", () => {
  for (const target of INVALID_TARGETS) {
    it(`"${target}": is invalid`, () => {
      assert.equal(outcomeOf(target), "invalid");
      assert.equal(outcomeOf(target, "serve"), "invalid");
    });
  }

  for (const target of HIDDEN_TARGETS) {
    it(`"${target}": is hidden`, () => assert.equal(outcomeOf(target), "hidden"));
  }

  const accepted: readonly (readonly [string, string])[] = [
    ["/", "|/"],
    ["/?a=/../b", "|/?a=/../b"],
    ["/a", "a"],
    ["/a/b.txt", "a|b.txt"],
    ["/a/", "a|/"],
    ["/a%20b", "a b"],
    ["/%61", "a"],
    ["/%C3%BC.txt?x", "ü.txt?x"],
    ["/a+b@2x.png", "a+b@2x.png"],
    ["/a%252e%252e", "a%2e%2e"],
    ["/%252e%252e%252f", "%2e%2e%2f"],
    ["/a..b/c..", "a..b|c.."],
    ["/.well-known/security.txt", ".well-known|security.txt"],
    ["/a?b?c", "a?b?c"],
    ["/%3f%23", "?#"],
  ];
  for (const [target, expected] of accepted) {
    it(`"${target}": is ${expected}`, () => assert.equal(outcomeOf(target), expected));
  }

  it("dotfiles served: their names are ordinary", () => {
    assert.equal(outcomeOf("/.env", "serve"), ".env");
    assert.equal(outcomeOf("/...", "serve"), "...");
  });

  it("absolute-form: the path is what follows the authority", () => {
    const paths = [
      "http://example.test/a/b?c",
      "HTTPS://user@example.test:8080/a/b?c",
      "http://[2001:db8::1]/a/b?c",
    ].map((target) => parseTargetPath(target, "absolute", "hide"));
    const expected = { type: "path", segments: ["a", "b"], endsWithSlash: false, query: "?c" };
    for (const path of paths) assert.deepEqual(path, expected);
  });

  it("absolute-form without a path: is the root", () => {
    for (const [target, query] of [
      ["http://example.test", ""],
      ["http://example.test?a", "?a"],
      ["http://example.test/", ""],
    ] as const) {
      const expected = { type: "path", segments: [], endsWithSlash: true, query };
      assert.deepEqual(parseTargetPath(target, "absolute", "hide"), expected);
    }
  });

  it("asterisk-form: has no path", () => {
    assert.deepEqual(parseTargetPath("*", "asterisk", "hide"), { type: "invalid" });
  });

  it("any target: leads to plain names or nowhere", () => {
    const part = fc.constantFrom(
      "/",
      "..",
      ".",
      "%2e",
      "%2f",
      "%5c",
      "%00",
      "\\",
      "a",
      "%",
      "%c3",
      "?",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const path = parseTargetPath(`/${parts.join("")}`, "origin", "serve");
        if (path.type !== "path") return;
        for (const segment of path.segments) {
          assert.ok(
            segment !== "" && segment !== "." && segment !== ".." && !/[/\\\0]/.test(segment),
          );
        }
        assert.ok(!encodePath(path.segments, true).startsWith("//"));
      }),
      { numRuns: 1_000 },
    );
  });

  it("any plain names: survive encoding and parsing", () => {
    const name = fc
      .string({ unit: "grapheme", minLength: 1 })
      .filter((text) => !/^\.{1,2}$|[/\\\0]/.test(text));
    fc.assert(
      fc.property(fc.array(name), fc.boolean(), (segments, endsWithSlash) => {
        const target = encodePath(segments, endsWithSlash);
        const path = parseTargetPath(target, "origin", "serve");
        assert.ok(path.type === "path", target);
        assert.deepEqual(path.segments, segments);
        assert.equal(path.endsWithSlash, segments.length === 0 || endsWithSlash);
      }),
    );
  });
});

describe("isUnsafeOnWindows", () => {
  it("streams, wildcards, last dots and spaces: are unsafe", () => {
    for (const name of ["a.txt::$DATA", "a:", "a.", "a ", "a*", "a?", "a|b"]) {
      assert.equal(isUnsafeOnWindows(name), true, name);
    }
    for (const name of ["a.txt", "a b", ".a", "ü"])
      assert.equal(isUnsafeOnWindows(name), false, name);
  });
});
