import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { type ClosePolicy, DEFAULT_CLOSE_POLICY } from "./policy.ts";
import { overrideClosePolicy, parseClosePolicy } from "./policy-parser.ts";

// Goal: past the parser every value can be relied on. How: a table with one wrong value per row,
// and the whole message that its author will read.

const DAY_MS = 86_400_000;
const MOST = Number.MAX_SAFE_INTEGER;

/** The least and the most of each number, as the documentation says. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  lingerIdleTimeoutMs: [0, DAY_MS],
  lingerTotalTimeoutMs: [0, DAY_MS],
  lingerLimitBytes: [0, MOST],
  lingerMinRateBytesPerSecond: [0, MOST],
  shortLingerTimeoutMs: [0, DAY_MS],
  finWait2TimeoutMs: [1, DAY_MS],
  unacknowledgedTimeoutMs: [1, DAY_MS],
  discardLimitBytes: [0, MOST],
  discardTimeoutMs: [0, DAY_MS],
  lingerConnectionLimit: [0, 1_000_000],
  lingerConnectionLimitPerAddress: [0, 1_000_000],
  lingerPressurePercent: [0, 100],
  lingerTurnLimitBytes: [65_536, MOST],
};
const KNOWN = Object.keys(DEFAULT_CLOSE_POLICY).join(", ");

const shown = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value) : String(value);

/** JavaScript callers have no types, so a row may hold anything. */
const BAD: readonly (readonly [overrides: Record<string, unknown>, message: string])[] = [
  ...Object.entries(RANGES).flatMap(([key, [least, most]]) =>
    [least - 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, most + 1, "5", null, true].map(
      (value) =>
        [
          { [key]: value },
          `Cannot use ${key} ${shown(value)}: expected an integer from ${least} to ${most}`,
        ] as const,
    ),
  ),
  [{ mode: "Off" }, 'Cannot use mode "Off": expected "lingering" or "so-linger" or "off"'],
  [{ mode: 1 }, 'Cannot use mode 1: expected "lingering" or "so-linger" or "off"'],
  [
    { onLingerExhausted: "abort" },
    'Cannot use onLingerExhausted "abort": expected "close" or "reset"',
  ],
  [
    { releaseWhen: "acked" },
    'Cannot use releaseWhen "acked": expected "peer-closed" or "acknowledged"',
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
  ...(
    [
      ["lingerIdleTimeoutMs", 5_000],
      ["lingerTotalTimeoutMs", 30_000],
      ["lingerLimitBytes", 1],
      ["lingerMinRateBytesPerSecond", 0],
      ["shortLingerTimeoutMs", 1],
      ["onLingerExhausted", "reset"],
      ["releaseWhen", "acknowledged"],
    ] as const
  ).map(
    ([key, value]) =>
      [
        { mode: "so-linger", [key]: value },
        `Cannot use ${key} ${shown(value)}: expected none with mode "so-linger", because ` +
          "SO_LINGER closes the socket, and nothing is left to linger on",
      ] as const,
  ),
  [
    { soLingerTimeoutMs: 2_000 },
    'Cannot use soLingerTimeoutMs 2000: expected mode "so-linger" with it, not "lingering"',
  ],
  [
    { mode: "off", soLingerTimeoutMs: 2_000 },
    'Cannot use soLingerTimeoutMs 2000: expected mode "so-linger" with it, not "off"',
  ],
  [
    { mode: "so-linger", soLingerTimeoutMs: 1_500 },
    "Cannot use soLingerTimeoutMs 1500: expected whole seconds, for example 2000, " +
      "because SO_LINGER counts in seconds",
  ],
  [
    { mode: "so-linger", soLingerTimeoutMs: -1_000 },
    "Cannot use soLingerTimeoutMs -1000: expected an integer from 0 to 3600000",
  ],
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
    for (const [key, [least, most]] of Object.entries(RANGES)) {
      for (const value of [least, most]) {
        const times = { lingerIdleTimeoutMs: 0, lingerTotalTimeoutMs: DAY_MS };
        const policy = parseClosePolicy({ ...times, [key]: value });
        assert.equal(policy[key as keyof ClosePolicy], value, `${key} ${value}`);
      }
    }
  });

  it("total equal to idle: is no contradiction", () => {
    const equal = { lingerIdleTimeoutMs: 7, lingerTotalTimeoutMs: 7 };
    assert.equal(parseClosePolicy(equal).lingerTotalTimeoutMs, 7);
  });

  it("mode so-linger with its time alone: is accepted", () => {
    const policy = parseClosePolicy({ mode: "so-linger", soLingerTimeoutMs: 0 });
    assert.deepEqual([policy.mode, policy.soLingerTimeoutMs], ["so-linger", 0]);
  });

  it("fields that are undefined: are not given", () => {
    // JavaScript callers pass optional parts on; the types would not let this test do it.
    const overrides: Record<string, unknown> = { mode: "so-linger", lingerLimitBytes: undefined };
    const policy = parseClosePolicy(overrides as Partial<ClosePolicy>);
    assert.equal(policy.lingerLimitBytes, DEFAULT_CLOSE_POLICY.lingerLimitBytes);
  });

  for (const value of [null, [], 5, "lingering"]) {
    it(`${JSON.stringify(value)} in place of a policy: is refused`, () => {
      // No type allows it, which is why JavaScript callers need the check.
      const parse = (): unknown => parseClosePolicy(value as unknown as Partial<ClosePolicy>);
      assert.throws(parse, /^TypeError: Cannot use a close policy: expected an object, got /);
    });
  }
});

describe("overrideClosePolicy", () => {
  const base = parseClosePolicy({ lingerIdleTimeoutMs: 1_000, lingerLimitBytes: 10 });

  it("some fields: replace the base's, and nothing else changes", () => {
    const policy = overrideClosePolicy(base, { lingerLimitBytes: 99 });
    assert.deepEqual(policy, { ...base, lingerLimitBytes: 99 });
    assert.ok(Object.isFrozen(policy));
  });

  it("the same objects again: the same policy, without another check", () => {
    const overrides = { lingerLimitBytes: 99 };
    assert.equal(overrideClosePolicy(base, overrides), overrideClosePolicy(base, overrides));
    const other = parseClosePolicy();
    assert.equal(overrideClosePolicy(other, overrides).lingerIdleTimeoutMs, 5_000);
  });

  it("a contradiction to the base: is refused", () => {
    assert.throws(() => overrideClosePolicy(base, { lingerTotalTimeoutMs: 999 }), RangeError);
  });

  for (const key of [
    "lingerConnectionLimit",
    "lingerConnectionLimitPerAddress",
    "lingerPressurePercent",
    "lingerTurnLimitBytes",
  ]) {
    it(`${key}: is the server's, and refused`, () => {
      const message = `Cannot use ${key} for one response: expected it in the server's policy`;
      assert.throws(() => overrideClosePolicy(base, { [key]: 1 }), new RangeError(message));
    });
  }

  it("so-linger over a base with linger fields: is accepted, as they were not given", () => {
    assert.equal(overrideClosePolicy(base, { mode: "so-linger" }).mode, "so-linger");
  });
});
