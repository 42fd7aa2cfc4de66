import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { DEFAULT_SERVER_LIMITS, parseServerLimits, type ServerLimits } from "./limits.ts";

// Goal: past parseServerLimits every limit can be relied on. How: for each limit the values around
// both ends of its range, and the whole message that its author will read.

const DAY_MS = 86_400_000;
const MAY_BE_ZERO: readonly (keyof ServerLimits)[] = [
  "bodyLimitBytes",
  "bodyMinRateBytesPerSecond",
  "chunkExtensionsLimitBytes",
  "connectionAgeLimitMs",
  "connectionLimitPerAddress",
  "keepAliveTimeoutMarginMs",
  "requestLimit",
];
const KEYS = Object.keys(DEFAULT_SERVER_LIMITS) as (keyof ServerLimits)[];

describe("parseServerLimits", () => {
  for (const key of KEYS) {
    const least = MAY_BE_ZERO.includes(key) ? 0 : 1;
    const mostOther = key.endsWith("Percent") ? 100 : Number.MAX_SAFE_INTEGER;
    const most = key.endsWith("Ms") ? DAY_MS : mostOther;

    it(`${key} out of range: is refused`, () => {
      const values = [least - 1, most + 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "7", null];
      for (const value of values) {
        const overrides = { [key]: value } as Partial<ServerLimits>;
        const message = `Cannot use ${key} ${value}: expected an integer from ${least} to ${most}`;
        assert.throws(() => parseServerLimits(overrides), new RangeError(message));
      }
    });

    it(`${key} at both ends: is accepted`, () => {
      for (const value of [least, most]) {
        assert.equal(parseServerLimits({ [key]: value })[key], value);
      }
    });
  }

  it("a name that is none: is refused, with those that are", () => {
    const overrides = { headerTimeout: 1 } as Partial<ServerLimits>;
    const message = `Cannot use "headerTimeout" as a limit: expected one of ${KEYS.join(", ")}`;
    assert.throws(() => parseServerLimits(overrides), new RangeError(message));
  });

  it("nothing: is the default, frozen", () => {
    assert.deepEqual(parseServerLimits(), DEFAULT_SERVER_LIMITS);
    assert.ok(Object.isFrozen(parseServerLimits()));
    assert.ok(Object.isFrozen(DEFAULT_SERVER_LIMITS));
  });

  it("one value: replaces the default of that only", () => {
    assert.deepEqual(parseServerLimits({ requestLimit: 5 }), {
      ...DEFAULT_SERVER_LIMITS,
      requestLimit: 5,
    });
  });
});
