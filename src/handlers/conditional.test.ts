import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import {
  evaluatePreconditions,
  hasConditionOrRange,
  isIfRangeCurrent,
  type PreconditionOutcome,
  type Validators,
} from "./conditional.ts";
import { FakeFields } from "./fake-exchange.ts";
import { formatHttpDate } from "./static-http-date.ts";

// Goal: RFC 9110 §13 for GET and HEAD, above all the order of §13.2.2.
// How: a table of field combinations with the one outcome that each may have.

const NOW_MS = Date.UTC(2025, 5, 1);
const MODIFIED_MS = Date.UTC(2025, 4, 1);
const SAME = formatHttpDate(MODIFIED_MS);
const EARLIER = formatHttpDate(MODIFIED_MS - 1000);
const LATER = formatHttpDate(MODIFIED_MS + 1000);

const STRONG: Validators = { entityTag: '"a"', lastModifiedMs: MODIFIED_MS };
const WEAK: Validators = { entityTag: 'W/"a"', lastModifiedMs: MODIFIED_MS };
const UNTAGGED: Validators = { entityTag: null, lastModifiedMs: MODIFIED_MS };

type Row = readonly [
  validators: Validators,
  fields: Readonly<Record<string, string>>,
  outcome: PreconditionOutcome,
];

const IM = "If-Match";
const INM = "If-None-Match";
const IMS = "If-Modified-Since";
const IUS = "If-Unmodified-Since";

const TABLE: readonly Row[] = [
  [STRONG, {}, "proceed"],
  // If-Match: strong comparison.
  [STRONG, { [IM]: "*" }, "proceed"],
  [UNTAGGED, { [IM]: "*" }, "proceed"],
  [STRONG, { [IM]: '"a"' }, "proceed"],
  [STRONG, { [IM]: '"b", "a"' }, "proceed"],
  [STRONG, { [IM]: '"b"' }, "failed"],
  [STRONG, { [IM]: 'W/"a"' }, "failed"],
  [WEAK, { [IM]: 'W/"a"' }, "failed"],
  [WEAK, { [IM]: '"a"' }, "failed"],
  [UNTAGGED, { [IM]: '"a"' }, "failed"],
  [STRONG, { [IM]: "a" }, "failed"],
  [STRONG, { [IM]: "" }, "failed"],
  // If-Unmodified-Since, and If-Match before it.
  [STRONG, { [IUS]: EARLIER }, "failed"],
  [STRONG, { [IUS]: SAME }, "proceed"],
  [STRONG, { [IUS]: LATER }, "proceed"],
  [STRONG, { [IUS]: "yesterday" }, "proceed"],
  [STRONG, { [IM]: '"a"', [IUS]: EARLIER }, "proceed"],
  [STRONG, { [IM]: '"b"', [IUS]: LATER }, "failed"],
  // If-None-Match: weak comparison.
  [STRONG, { [INM]: "*" }, "not-modified"],
  [UNTAGGED, { [INM]: "*" }, "not-modified"],
  [STRONG, { [INM]: '"a"' }, "not-modified"],
  [STRONG, { [INM]: 'W/"a"' }, "not-modified"],
  [WEAK, { [INM]: '"a"' }, "not-modified"],
  [STRONG, { [INM]: '"x", W/"y" ,"a"' }, "not-modified"],
  [STRONG, { [INM]: ', ,"a",' }, "not-modified"],
  [STRONG, { [INM]: '"x,a", "b"' }, "proceed"],
  [STRONG, { [INM]: '"b"' }, "proceed"],
  [STRONG, { [INM]: 'w/"a"' }, "proceed"],
  [STRONG, { [INM]: '"a' }, "proceed"],
  [STRONG, { [INM]: 'a"' }, "proceed"],
  [STRONG, { [INM]: '"a" "b"' }, "proceed"],
  [UNTAGGED, { [INM]: '"a"' }, "proceed"],
  // If-Modified-Since, and If-None-Match before it.
  [STRONG, { [IMS]: EARLIER }, "proceed"],
  [STRONG, { [IMS]: SAME }, "not-modified"],
  [STRONG, { [IMS]: LATER }, "not-modified"],
  [STRONG, { [IMS]: "yesterday" }, "proceed"],
  [STRONG, { [IMS]: `${SAME}, ${SAME}` }, "proceed"],
  [STRONG, { [INM]: '"b"', [IMS]: LATER }, "proceed"],
  [STRONG, { [INM]: '"a"', [IMS]: EARLIER }, "not-modified"],
  // The first pair decides before the second is looked at.
  [STRONG, { [IM]: '"b"', [INM]: '"a"' }, "failed"],
  [STRONG, { [IM]: '"a"', [INM]: '"a"' }, "not-modified"],
  [STRONG, { [IUS]: EARLIER, [INM]: '"a"' }, "failed"],
  [STRONG, { [IUS]: LATER, [IMS]: LATER }, "not-modified"],
  [STRONG, { [IM]: "*", [IUS]: EARLIER, [INM]: '"b"', [IMS]: LATER }, "proceed"],
];

describe("evaluatePreconditions", () => {
  for (const [validators, fields, outcome] of TABLE) {
    const asked = JSON.stringify(fields);
    it(`${validators.entityTag ?? "no tag"} and ${asked}: ${outcome}`, () => {
      const lines = new FakeFields(Object.entries(fields));
      assert.equal(evaluatePreconditions(lines, validators, NOW_MS), outcome);
    });
  }

  it("any tag in any list: is found, strong or weak", () => {
    const opaque = fc.stringMatching(/^[!#-~]{0,8}$/);
    const tag = fc
      .tuple(fc.constantFrom("", "W/"), opaque)
      .map(([weak, text]) => `${weak}"${text}"`);
    fc.assert(
      fc.property(fc.array(tag), tag, fc.array(tag), (before, current, after) => {
        const list = [...before, current, ...after].join(", ");
        const fields = new FakeFields([[INM, list]]);
        const validators = { entityTag: current, lastModifiedMs: 0 };
        assert.equal(evaluatePreconditions(fields, validators, NOW_MS), "not-modified");
      }),
    );
  });

  it("a hostile run of whitespace: costs linear time", () => {
    const fields = new FakeFields([[INM, `${" \t".repeat(200_000)}x`]]);
    const startedAtMs = performance.now();
    assert.equal(evaluatePreconditions(fields, STRONG, NOW_MS), "proceed");
    assert.ok(performance.now() - startedAtMs < 1_000);
  });
});

describe("isIfRangeCurrent", () => {
  const rows: readonly (readonly [Validators, string, boolean])[] = [
    [STRONG, '"a"', true],
    [STRONG, '"b"', false],
    [STRONG, 'W/"a"', false],
    [WEAK, 'W/"a"', false],
    [WEAK, '"a"', false],
    [UNTAGGED, '"a"', false],
    [STRONG, '"a", "b"', false],
    [STRONG, "*", false],
    [STRONG, SAME, true],
    [STRONG, LATER, false],
    [STRONG, EARLIER, false],
    [STRONG, "yesterday", false],
  ];
  for (const [validators, value, isCurrent] of rows) {
    it(`${validators.entityTag ?? "no tag"} and ${value}: ${isCurrent}`, () => {
      assert.equal(isIfRangeCurrent(value, validators, NOW_MS), isCurrent);
    });
  }

  it("the date of a file modified within this second: is too weak", () => {
    assert.equal(isIfRangeCurrent(SAME, STRONG, MODIFIED_MS + 999), false);
    assert.equal(isIfRangeCurrent(SAME, STRONG, MODIFIED_MS + 1000), true);
  });
});

describe("hasConditionOrRange", () => {
  for (const name of [IM, INM, IMS, IUS, "Range"]) {
    it(`${name}: is one`, () => {
      assert.equal(hasConditionOrRange(new FakeFields([[name, "x"]])), true);
    });
  }

  it("If-Range alone: changes nothing without Range", () => {
    assert.equal(hasConditionOrRange(new FakeFields([["If-Range", '"a"']])), false);
  });
});
