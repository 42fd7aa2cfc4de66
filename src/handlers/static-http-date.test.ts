import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { formatHttpDate, parseHttpDate } from "./static-http-date.ts";

// Goal: the three formats of RFC 9110 §5.6.7 are read alike, and nothing else is read at all.
// How: the RFC's own example, near misses of each format, and a round trip over four millennia.

const NOW_MS = Date.UTC(2025, 5, 1);
const EXAMPLE_MS = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("parseHttpDate", () => {
  for (const text of [
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
  ]) {
    it(`"${text}": is the example of the RFC`, () => {
      assert.equal(parseHttpDate(text, NOW_MS), EXAMPLE_MS);
    });
  }

  for (const text of [
    "",
    "0",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 gmt",
    "sun, 06 nov 1994 08:49:37 GMT",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Sun, 29 Feb 2023 08:49:37 GMT",
    "Sun, 06 Foo 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06-Nov-94 08:49:37 GMT",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sun Nov 6 08:49:37 1994",
    "Sun Nov  6 08:49:37 1994 GMT",
    "1994-11-06T08:49:37Z",
  ]) {
    it(`"${text}": is no date`, () => {
      assert.equal(parseHttpDate(text, NOW_MS), null);
    });
  }

  it("two-digit year up to 50 years ahead: is in the future", () => {
    const atMs = parseHttpDate("Wednesday, 01-Jan-75 00:00:00 GMT", NOW_MS);
    assert.equal(atMs, Date.UTC(2075, 0, 1));
  });

  it("two-digit year more than 50 years ahead: is in the past", () => {
    const atMs = parseHttpDate("Friday, 01-Jan-76 00:00:00 GMT", NOW_MS);
    assert.equal(atMs, Date.UTC(1976, 0, 1));
  });

  it("leap second: is the next minute's first", () => {
    const atMs = parseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT", NOW_MS);
    assert.equal(atMs, Date.UTC(2017, 0, 1));
  });

  it("year below 100: is not taken for one of the last century", () => {
    const atMs = parseHttpDate("Sun, 06 Nov 0094 08:49:37 GMT", NOW_MS);
    assert.equal(new Date(atMs ?? 0).getUTCFullYear(), 94);
  });

  it("any second that is formatted: is read back", () => {
    const seconds = fc.integer({ min: 0, max: Math.floor(Date.UTC(3999, 0) / 1000) });
    fc.assert(
      fc.property(seconds, (second) => {
        assert.equal(parseHttpDate(formatHttpDate(second * 1000), NOW_MS), second * 1000);
      }),
    );
  });
});
