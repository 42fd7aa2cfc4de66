import { describe, expect, it } from "vitest";
import { nearestName } from "./nearest-name.ts";
import { SETTINGS } from "./setting-table.ts";

// Goal: a slip leads to the name that was meant, and nonsense to nothing.
// Method: slips in names of the table of settings.

const NAMES = [...SETTINGS.map(({ name }) => name), "close", "limits", "static"];

describe("nearestName", () => {
  it.each([
    ["prot", "port"],
    ["limit", "limits"],
    ["Host", "host"],
    ["close.lingerIdelTimeoutMs", "close.lingerIdleTimeoutMs"],
    ["close.requestLimit", "limits.requestLimit"],
    ["keepAliveTimeoutMs", "limits.keepAliveTimeoutMs"],
    ["limits.keepAliveTimeout", "limits.keepAliveTimeoutMs"],
    ["xyzzyplugh", null],
    ["x".repeat(1_000), null],
  ])("%s: %s", (name, expected) => {
    expect(nearestName(name, NAMES)).toBe(expected);
  });
});
