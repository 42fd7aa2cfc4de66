import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { describe, it } from "vitest";
import { SiteFixture } from "./fake-site.ts";
import {
  DEFAULT_STATIC_FILES_POLICY,
  parseRoot,
  parseStaticFilesOptions,
  type StaticFilesOptions,
} from "./static-options.ts";

// Goal: a wrong option is refused when the handler is made, by name. How: one wrong value per rule.

/** As a caller without types would pass it. */
function parseLoose(options: Record<string, unknown>): unknown {
  return parseStaticFilesOptions(options as StaticFilesOptions);
}

describe("parseStaticFilesOptions", () => {
  it("nothing, or undefined values: are the defaults", () => {
    assert.deepEqual(parseStaticFilesOptions(), DEFAULT_STATIC_FILES_POLICY);
    assert.deepEqual(parseLoose({ spa: undefined }), DEFAULT_STATIC_FILES_POLICY);
  });

  it("the result: is a frozen copy", () => {
    const options = { spa: true };
    const policy = parseStaticFilesOptions(options);
    options.spa = false;
    assert.equal(policy.spa, true);
    assert.ok(Object.isFrozen(policy));
  });

  const wrong: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ spaa: true }, /Cannot use option "spaa": expected one of etag, /],
    [{ toString: true }, /Cannot use option "toString"/],
    [{ etag: true }, /Cannot use etag: expected one of "strong", "weak", false, got true/],
    [{ etag: "Weak" }, /got "Weak"/],
    [{ symlinks: true }, /Cannot use symlinks: expected one of "inside", "follow", "refuse"/],
    [{ spa: "yes" }, /Cannot use spa: expected a boolean, got "yes"/],
    [{ listing: 1 }, /Cannot use listing/],
    [{ dotfiles: null }, /Cannot use dotfiles: expected a boolean, got null/],
    [{ precompressed: "br" }, /Cannot use precompressed/],
    [{ cacheControl: 3600 }, /Cannot use cacheControl: expected a string, got 3600/],
    [{ cacheControl: "a\r\nSet-Cookie: b" }, /Cannot use cacheControl: expected visible US-ASCII/],
    [{ cacheControl: " no-cache" }, /Cannot use cacheControl/],
    [{ notFoundPage: true }, /Cannot use notFoundPage: expected a string or false, got true/],
    [{ notFoundPage: "404.html" }, /Cannot use notFoundPage: expected a path like/],
    [{ notFoundPage: "/../404.html" }, /Cannot use notFoundPage/],
    [{ notFoundPage: "/" }, /Cannot use notFoundPage/],
    [{ cacheFileLimitBytes: -1 }, /Cannot use cacheFileLimitBytes: expected an integer from 0 to/],
    [{ cacheFileLimitBytes: 1.5 }, /got 1.5/],
    [{ cacheFileLimitBytes: 2 ** 40 }, /Cannot use cacheFileLimitBytes/],
    [{ cacheLimitBytes: Number.NaN }, /Cannot use cacheLimitBytes.*got NaN/],
    [{ cacheTrustMs: -1 }, /Cannot use cacheTrustMs: expected a finite number >= 0, got -1/],
    [{ cacheTrustMs: Number.POSITIVE_INFINITY }, /Cannot use cacheTrustMs/],
    [{ cacheTrustMs: "20" }, /Cannot use cacheTrustMs.*got "20"/],
  ];
  for (const [options, message] of wrong) {
    it(`${JSON.stringify(options)}: is refused`, () => {
      assert.throws(() => parseLoose(options), message);
    });
  }

  it("types and values: are different errors", () => {
    assert.throws(() => parseLoose({ spa: 1 }), TypeError);
    assert.throws(() => parseLoose({ etag: "x" }), RangeError);
  });
});

describe("parseRoot", () => {
  it("a symlink to a directory: is resolved", () => {
    using fixture = new SiteFixture({});
    symlinkSync(fixture.root, `${fixture.base}/link`);
    assert.equal(parseRoot(`${fixture.base}/link`), fixture.root);
  });

  it("nothing there, a file, or no string: is refused with the path", () => {
    using fixture = new SiteFixture({ "a.txt": "a" });
    const file = fixture.path("a.txt");
    assert.throws(
      () => parseRoot(`${file}x`),
      /from ".*a\.txtx": expected a directory that exists/,
    );
    assert.throws(() => parseRoot(file), /from ".*a\.txt": expected a directory, got something/);
    assert.throws(() => parseRoot(""), TypeError);
  });
});
