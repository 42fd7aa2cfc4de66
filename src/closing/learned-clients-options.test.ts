import assert from "node:assert/strict";
import { describe, it } from "vitest";
import {
  DEFAULT_LEARNED_CLIENTS_OPTIONS,
  type LearnedClientsOptions,
  parseLearnedClientsOptions,
} from "./learned-clients-options.ts";

// Goal: past parseLearnedClientsOptions every value can be relied on. How: the ends of each range,
// what lies beyond them, and the whole message.

const RANGES = {
  tableLimit: [1, 65_536],
  halfLifeMs: [1_000, 604_800_000],
  minimumSample: [1, 1_000_000],
  brokenPercent: [1, 100],
} as const;

const parse = (overrides: Record<string, unknown>): LearnedClientsOptions =>
  parseLearnedClientsOptions(overrides as Partial<LearnedClientsOptions>);

describe("parseLearnedClientsOptions", () => {
  for (const [key, [least, most]] of Object.entries(RANGES)) {
    it(`${key}: is an integer from ${least} to ${most}`, () => {
      for (const value of [least, most]) {
        assert.deepEqual(parse({ [key]: value }), {
          ...DEFAULT_LEARNED_CLIENTS_OPTIONS,
          [key]: value,
        });
      }
      for (const value of [least - 1, most + 1, least + 0.5, Number.NaN, "5", null]) {
        const message = `Cannot use ${key} ${value}: expected an integer from ${least} to ${most}`;
        assert.throws(() => parse({ [key]: value }), new RangeError(message));
      }
    });
  }

  it("mode: is one of three", () => {
    for (const mode of ["off", "report", "enforce"]) assert.equal(parse({ mode }).mode, mode);
    const message = 'Cannot use mode "on": expected "off", "report" or "enforce"';
    assert.throws(() => parse({ mode: "on" }), new RangeError(message));
  });

  it("an unknown name: is refused", () => {
    assert.throws(
      () => parse({ halfLife: 1 }),
      new RangeError(
        'Cannot use "halfLife" for learned clients: expected one of mode, tableLimit, ' +
          "halfLifeMs, minimumSample, brokenPercent",
      ),
    );
  });

  it("nothing: is the default, frozen", () => {
    assert.deepEqual(parseLearnedClientsOptions(), DEFAULT_LEARNED_CLIENTS_OPTIONS);
    assert.ok(Object.isFrozen(parseLearnedClientsOptions()));
    assert.ok(Object.isFrozen(DEFAULT_LEARNED_CLIENTS_OPTIONS));
  });
});
