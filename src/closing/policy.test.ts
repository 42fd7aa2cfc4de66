import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { type ClosePolicy, DEFAULT_CLOSE_POLICY, parseClosePolicy } from "./policy.ts";

// Goal: past parseClosePolicy every value can be relied on. How: a table with one wrong value per
// row, and the whole message that its author will read.

const DAY_MS = 86_400_000;
const MOST = Number.MAX_SAFE_INTEGER;

const TIMEOUTS = [
  "lingerIdleTimeoutMs",
  "lingerTotalTimeoutMs",
  "shortLingerTimeoutMs",
  "discardTimeoutMs",
] as const;
const AMOUNTS = ["lingerLimitBytes", "lingerMinRateBytesPerSecond", "discardLimitBytes"] as const;
const KNOWN =
  "mode, lingerIdleTimeoutMs, lingerTotalTimeoutMs, lingerLimitBytes, " +
  "lingerMinRateBytesPerSecond, shortLingerTimeoutMs, onLingerExhausted, discardLimitBytes, " +
  "discardTimeoutMs";

/** JavaScript callers have no types, so a row may hold anything. */
const BAD: readonly (readonly [overrides: Record<string, unknown>, message: string])[] = [
  ...TIMEOUTS.flatMap((key) =>
    [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, DAY_MS + 1, "5", null].map(
      (value) =>
        [
          { [key]: value },
          `Cannot use ${key} ${value}: expected an integer from 0 to ${DAY_MS}`,
        ] as const,
    ),
  ),
  ...AMOUNTS.flatMap((key) =>
    [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "5", null].map(
      (value) =>
        [
          { [key]: value },
          `Cannot use ${key} ${value}: expected an integer from 0 to ${MOST}`,
        ] as const,
    ),
  ),
  [{ mode: "so-linger" }, 'Cannot use mode "so-linger": expected "lingering" or "off"'],
  [{ mode: "Off" }, 'Cannot use mode "Off": expected "lingering" or "off"'],
  [
    { onLingerExhausted: "abort" },
    'Cannot use onLingerExhausted "abort": expected "close" or "reset"',
  ],
  [
    { lingerTotalTimeoutMs: 4_999 },
    "Cannot use lingerTotalTimeoutMs 4999: " +
      "expected at least lingerIdleTimeoutMs, which is 5000",
  ],
  [
    { lingerIdleTimeoutMs: 31_000 },
    "Cannot use lingerTotalTimeoutMs 30000: " +
      "expected at least lingerIdleTimeoutMs, which is 31000",
  ],
  [
    { lingerTimeoutMs: 1 },
    `Cannot use "lingerTimeoutMs" in a close policy: expected one of ${KNOWN}`,
  ],
  [{ toString: 1 }, `Cannot use "toString" in a close policy: expected one of ${KNOWN}`],
];

describe("parseClosePolicy", () => {
  for (const [overrides, message] of BAD) {
    it(`${JSON.stringify(overrides)} (${Object.values(overrides)}): is refused`, () => {
      const parse = (): unknown => parseClosePolicy(overrides as Partial<ClosePolicy>);
      assert.throws(parse, new RangeError(message));
    });
  }

  it("nothing: is the default, frozen", () => {
    const policy = parseClosePolicy();
    assert.deepEqual(policy, DEFAULT_CLOSE_POLICY);
    assert.ok(Object.isFrozen(policy));
    assert.ok(Object.isFrozen(DEFAULT_CLOSE_POLICY));
  });

  it("some values: replace the defaults of these only", () => {
    const policy = parseClosePolicy({ mode: "off", discardLimitBytes: 0 });
    assert.deepEqual(policy, { ...DEFAULT_CLOSE_POLICY, mode: "off", discardLimitBytes: 0 });
  });

  it("the ends of every range: are accepted", () => {
    for (const value of [0, DAY_MS]) {
      const all = Object.fromEntries(TIMEOUTS.map((key) => [key, value]));
      assert.equal(parseClosePolicy(all).lingerTotalTimeoutMs, value);
    }
    for (const value of [0, MOST]) {
      const all = Object.fromEntries(AMOUNTS.map((key) => [key, value]));
      assert.equal(parseClosePolicy(all).lingerLimitBytes, value);
    }
  });

  it("total equal to idle: is no contradiction", () => {
    const equal = { lingerIdleTimeoutMs: 7, lingerTotalTimeoutMs: 7 };
    assert.equal(parseClosePolicy(equal).lingerTotalTimeoutMs, 7);
  });
});
