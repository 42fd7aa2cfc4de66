import { describe, expect, it } from "vitest";
import {
  DEFAULT_LEARNED_CLIENTS_OPTIONS,
  parseLearnedClientsOptions,
} from "../closing/learned-clients-options.ts";
import { DEFAULT_CLOSE_POLICY } from "../closing/policy.ts";
import { parseClosePolicy } from "../closing/policy-parser.ts";
import { DEFAULT_STATIC_FILES_POLICY } from "../handlers/static-options.ts";
import { DEFAULT_SERVER_LIMITS, parseServerLimits } from "../server/limits.ts";
import { expectedOf, isAllowed, type NumberSetting } from "./setting.ts";
import { SETTINGS, settingOf } from "./setting-table.ts";

// Goal: the table says the same as the library: fields, defaults, ranges, choices.
// Method: the library's functions are asked, value by value; their sentences name the ranges.

/** What the library says about `value` in `name`, or "" if it takes it. */
function complaint(name: string, value: number): string {
  const [section, key = ""] = name.split(".");
  try {
    const mode = key === "soLingerTimeoutMs" ? ({ mode: "so-linger" } as const) : {};
    if (section === "close") parseClosePolicy({ ...mode, [key]: value });
    else if (section === "learnedClients") parseLearnedClientsOptions({ [key]: value });
    else parseServerLimits({ [key]: value });
    return "";
  } catch (error) {
    return String(error);
  }
}

const LIBRARY = {
  close: DEFAULT_CLOSE_POLICY,
  limits: DEFAULT_SERVER_LIMITS,
  learnedClients: DEFAULT_LEARNED_CLIENTS_OPTIONS,
};
const FIELDS = Object.entries(LIBRARY).flatMap(([section, defaults]) =>
  Object.entries(defaults).map(([key, value]) => ({ name: `${section}.${key}`, value })),
);
const NUMBERS = FIELDS.flatMap(({ name }) => {
  const setting = settingOf(name);
  return setting.type === "number" ? [setting] : [];
});

describe("SETTINGS", () => {
  it.each(FIELDS)("$name: has the library's default", ({ name, value }) => {
    expect(settingOf(name).default).toBe(value);
  });

  it.each(NUMBERS)("$name: allows what the library allows", (setting: NumberSetting) => {
    const { name, least, most } = setting;
    const range = `expected an integer from ${least} to ${most}`;
    expect(complaint(name, least - 1)).toContain(range);
    expect(complaint(name, most + 1)).toContain(range);
    expect(complaint(name, least)).not.toContain(range);
    expect(complaint(name, most)).not.toContain(range);
  });

  it("static: has the defaults of static files", () => {
    const ours = SETTINGS.filter(({ name }) => name.startsWith("static."));
    expect(ours.length).toBeGreaterThan(3);
    for (const { name, default: value } of ours) {
      const key = name.replace("static.", "") as keyof typeof DEFAULT_STATIC_FILES_POLICY;
      expect(value).toBe(DEFAULT_STATIC_FILES_POLICY[key]);
    }
  });

  it("every default: is allowed", () => {
    expect(SETTINGS.filter((setting) => !isAllowed(setting, setting.default))).toEqual([]);
  });

  it("names and flags: each stands there once", () => {
    const names = SETTINGS.map(({ name }) => name);
    const flags = SETTINGS.flatMap(({ flag }) => flag ?? []);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(flags).size).toBe(flags.length);
  });
});

describe("expectedOf", () => {
  it.each([
    ["port", "an integer from 0 to 65535"],
    ["accessLog", '"common", "combined", "json" or "off"'],
    ["persistence", '"on" or "off"'],
    ["host", "a string that is not empty"],
    ["tls.key", "a string"],
    ["static.spa", "true or false"],
  ])("%s: %s", (name, expected) => {
    expect(expectedOf(settingOf(name))).toBe(expected);
  });
});

describe("settingOf", () => {
  it("a name that is in no row: is a mistake of ours", () => {
    expect(() => settingOf("close.nothing")).toThrow(TypeError);
  });
});
