import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { RANGE_COUNT_LIMIT, selectRanges } from "./ranges.ts";

// Goal: every form of RFC 9110 §14.1.2, and a selection that always fits the content.
// How: a table over content of 1000 bytes, then properties with a naive model of the wanted bytes.

type Expected = "whole" | "unsatisfiable" | readonly (readonly [first: number, last: number])[];

const TABLE: readonly (readonly [value: string, expected: Expected])[] = [
  ["bytes=0-0", [[0, 0]]],
  ["bytes=0-499", [[0, 499]]],
  ["bytes=500-999", [[500, 999]]],
  ["bytes=500-", [[500, 999]]],
  ["bytes=999-", [[999, 999]]],
  ["bytes=0-5000", [[0, 999]]],
  ["bytes=-1", [[999, 999]]],
  ["bytes=-500", [[500, 999]]],
  ["bytes=-5000", [[0, 999]]],
  ["BYTES=0-1", [[0, 1]]],
  ["bytes=00-01", [[0, 1]]],
  [
    "bytes= 0-1 ,\t500-501",
    [
      [0, 1],
      [500, 501],
    ],
  ],
  ["bytes=,0-1,,", [[0, 1]]],
  ["bytes=1000-", "unsatisfiable"],
  ["bytes=1000-2000", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=99999999999999999999999-", "unsatisfiable"],
  ["bytes=-0,1000-", "unsatisfiable"],
  ["bytes=0-99999999999999999999999", [[0, 999]]],
  ["bytes=0-1,1000-", [[0, 1]]],
  // Coalesced: overlapping, adjacent, or with a gap below the cost of a part; in the order asked.
  ["bytes=0-99,50-149", [[0, 149]]],
  ["bytes=0-99,100-149", [[0, 149]]],
  ["bytes=0-99,179-199", [[0, 199]]],
  [
    "bytes=0-99,180-199",
    [
      [0, 99],
      [180, 199],
    ],
  ],
  [
    "bytes=900-999,0-9",
    [
      [900, 999],
      [0, 9],
    ],
  ],
  [
    "bytes=500-509,0-9,505-520",
    [
      [500, 520],
      [0, 9],
    ],
  ],
  ["bytes=0-,0-,0-", [[0, 999]]],
  ["bytes=0-999,-1", [[0, 999]]],
  // Not for us, or malformed: ignored.
  ["", "whole"],
  ["bytes", "whole"],
  ["bytes=", "whole"],
  ["bytes=,", "whole"],
  ["bytes=-", "whole"],
  ["bytes=a-b", "whole"],
  ["bytes=1", "whole"],
  ["bytes=1-0", "whole"],
  ["bytes=0-1,5-4", "whole"],
  ["bytes=0 - 1", "whole"],
  ["bytes=+0-1", "whole"],
  ["bytes=0x1-2", "whole"],
  ["bytes=--1", "whole"],
  ["bytes=0-1;2-3", "whole"],
  ["bytes=0-1, bytes=2-3", "whole"],
  ["bytes:0-1", "whole"],
  ["items=0-1", "whole"],
  [" bytes=0-1", "whole"],
];

function selected(value: string, sizeBytes: number): Expected {
  const selection = selectRanges(value, sizeBytes);
  if (selection.type !== "ranges") return selection.type;
  return selection.ranges.map(({ first, last }) => [first, last] as const);
}

describe("selectRanges", () => {
  for (const [value, expected] of TABLE) {
    it(`"${value}": ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(selected(value, 1000), expected);
    });
  }

  it("empty content: has no first byte, and a suffix of it is the whole", () => {
    assert.equal(selected("bytes=0-", 0), "unsatisfiable");
    assert.equal(selected("bytes=-0", 0), "unsatisfiable");
    assert.equal(selected("bytes=-5", 0), "whole");
  });

  it("as many ranges as the limit: are served; one more: the whole", () => {
    const specs = Array.from(
      { length: RANGE_COUNT_LIMIT },
      (_, index) => `${index * 200}-${index * 200}`,
    );
    const sizeBytes = 1_000_000;
    assert.equal(selected(`bytes=${specs.join(",")}`, sizeBytes).length, RANGE_COUNT_LIMIT);
    assert.equal(selected(`bytes=${[...specs, "900000-"].join(",")}`, sizeBytes), "whole");
  });

  it("any valid ranges: cover all wanted bytes, in range, without overlap", () => {
    const size = fc.integer({ min: 1, max: 2_000 });
    const spec = fc.tuple(fc.nat(2_500), fc.option(fc.nat(500))).map(([first, length]) => ({
      text: length === null ? `${first}-` : `${first}-${first + length}`,
      first,
      last: length === null ? Number.POSITIVE_INFINITY : first + length,
    }));
    fc.assert(
      fc.property(size, fc.array(spec, { minLength: 1, maxLength: 10 }), (sizeBytes, specs) => {
        const selection = selectRanges(
          `bytes=${specs.map(({ text }) => text).join(",")}`,
          sizeBytes,
        );
        const wanted = specs.filter(({ first }) => first < sizeBytes);
        if (wanted.length === 0) {
          assert.equal(selection.type, "unsatisfiable");
          return;
        }
        assert.ok(selection.type === "ranges");
        const sorted = [...selection.ranges].sort((left, right) => left.first - right.first);
        for (const [index, range] of sorted.entries()) {
          const previous = sorted[index - 1];
          assert.ok(range.first <= range.last && range.last < sizeBytes && range.first >= 0);
          assert.ok(previous === undefined || range.first - previous.last > 80);
        }
        for (const { first, last } of wanted) {
          const end = Math.min(last, sizeBytes - 1);
          assert.ok(sorted.some((range) => range.first <= first && end <= range.last));
        }
      }),
    );
  });

  it("any text: is answered, and never with bytes outside of the content", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^bytes=[\d,\- a]{0,30}$/), fc.nat(50), (value, sizeBytes) => {
        const selection = selectRanges(value, sizeBytes);
        if (selection.type !== "ranges") return;
        for (const { first, last } of selection.ranges) {
          assert.ok(first >= 0 && first <= last && last < sizeBytes);
        }
      }),
    );
  });
});
