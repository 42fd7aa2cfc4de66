import { describe, expect, it } from "vitest";
import { UsageError } from "./cli-error.ts";
import type { Setting, SettingValue } from "./setting.ts";
import { besideFile, readSettingFile, settingsOfFile } from "./setting-file.ts";
import { SETTINGS } from "./setting-table.ts";

// Goal: a file gives what it says, and whatever is wrong with it is one sentence.
// Method: texts in; values, or the whole sentence, out. Every setting is given wrong values.

const FILE = "finwait.config.json";

function valuesOf(text: string, path = FILE): Record<string, SettingValue> {
  const entries = [...settingsOfFile(text, path)].map(
    ([name, { value }]) => [name, value] as const,
  );
  return Object.fromEntries(entries);
}

function sentenceAbout(content: unknown): string {
  try {
    settingsOfFile(typeof content === "string" ? content : JSON.stringify(content), FILE);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
  return "nothing is wrong";
}

/** `{ "close": { "mode": value } }` for `close.mode`. */
function fileWith(name: string, value: unknown): unknown {
  const [section = "", key] = name.split(".");
  return key === undefined ? { [section]: value } : { [section]: { [key]: value } };
}

/** A value of every setting that is not its default. */
function otherValue(setting: Setting): SettingValue {
  switch (setting.type) {
    case "number":
      return setting.default + 1 <= setting.most ? setting.default + 1 : setting.least;
    case "choice":
      return setting.choices.find((choice) => choice !== setting.default) ?? "";
    case "text":
      return "/else";
    case "switch":
      return !setting.default;
  }
}

/** Wrong values, and what is expected in their place. */
function wrongValues(setting: Setting): [unknown, string][] {
  switch (setting.type) {
    case "number": {
      const expected = `an integer from ${setting.least} to ${setting.most}`;
      const bad = ["5", 1.5, true, null, [], {}, setting.least - 1];
      return [...bad, ...(setting.most < 2 ** 53 - 1 ? [setting.most + 1] : [2 ** 53])].map(
        (value) => [value, expected],
      );
    }
    case "choice": {
      const choices = setting.choices.map((choice) => `"${choice}"`);
      const expected = `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
      return ["never", 1, true, null, "ON"].map((value) => [value, expected]);
    }
    case "text":
      return [
        ...[1, true, null, []].map((value): [unknown, string] => [
          value,
          setting.canBeEmpty ? "a string" : "a string that is not empty",
        ]),
        ...(setting.canBeEmpty ? [] : [["", "a string that is not empty"] as [unknown, string]]),
      ];
    case "switch":
      return ["true", 1, null, "on"].map((value) => [value, "true or false"]);
  }
}

describe("settingsOfFile", () => {
  it.each(SETTINGS)("$name: is read", (setting) => {
    const value = otherValue(setting);
    expect(valuesOf(JSON.stringify(fileWith(setting.name, value)))).toEqual({
      [setting.name]: value,
    });
  });

  it.each(
    SETTINGS.flatMap((setting) =>
      wrongValues(setting).map(([value, expected]) => ({
        name: setting.name,
        value: JSON.stringify(value),
        content: fileWith(setting.name, value),
        expected,
      })),
    ),
  )("$name $value: is refused by name", ({ name, value, content, expected }) => {
    expect(sentenceAbout(content)).toBe(
      `Cannot use ${name} ${value} in finwait.config.json: expected ${expected}`,
    );
  });

  it.each([
    [
      { close: { lingerIdelTimeoutMs: 1 } },
      'Cannot use "close.lingerIdelTimeoutMs" in finwait.config.json: ' +
        "expected a known name, perhaps close.lingerIdleTimeoutMs",
    ],
    [
      { limit: {} },
      'Cannot use "limit" in finwait.config.json: expected a known name, perhaps limits',
    ],
    [
      { tls: { xyzzyplugh: "" } },
      'Cannot use "tls.xyzzyplugh" in finwait.config.json: ' +
        "expected a known name, one of tls.cert or tls.key",
    ],
    [
      '{ "__proto__": {} }',
      'Cannot use "__proto__" in finwait.config.json: expected a known name, one of root, host, ' +
        "port, backlog, socketOptions, tls, static, accessLog, persistence, close, limits, " +
        "clientRules, shippedClientRules, learnedClients, shutdown or admin",
    ],
    [
      { close: [] },
      "Cannot use close in finwait.config.json: expected an object of settings, got an array",
    ],
    [
      { limits: 5 },
      "Cannot use limits in finwait.config.json: expected an object of settings, got 5",
    ],
    [[], "Cannot use finwait.config.json: expected an object of settings, got an array"],
    ["null", "Cannot use finwait.config.json: expected an object of settings, got null"],
    [{ $schema: 1 }, "Cannot use $schema in finwait.config.json: expected a string, got 1"],
    [
      '{\n  "port": 80,\n}',
      "Cannot use finwait.config.json line 3 column 1: expected a name in double quotes, " +
        'got "}"',
    ],
    [
      "",
      "Cannot use finwait.config.json line 1 column 1: expected a value, got the end of the file",
    ],
  ])("%j: is refused with %s", (content, sentence) => {
    expect(sentenceAbout(content)).toBe(sentence);
  });

  it("nothing, or only a schema: gives nothing", () => {
    expect(valuesOf("{}")).toEqual({});
    expect(valuesOf('{ "$schema": "./config.schema.json", "close": {} }')).toEqual({});
  });

  it("paths: are relative to the file, and absolute or empty ones stay", () => {
    const text = JSON.stringify({
      root: "public",
      tls: { cert: "/etc/cert.pem", key: "" },
      clientRules: "../rules.json",
      shutdown: { readinessTarget: "/ready" },
    });
    expect(valuesOf(text, "conf/site/finwait.config.json")).toEqual({
      root: "conf/site/public",
      "tls.cert": "/etc/cert.pem",
      "tls.key": "",
      clientRules: "conf/rules.json",
      "shutdown.readinessTarget": "/ready",
    });
    expect(valuesOf(text).root).toBe("public");
  });

  it("every value: has the file as its origin", () => {
    const given = settingsOfFile('{ "port": 1 }', "a/b.json");
    expect(given.get("port")).toEqual({ value: 1, origin: { type: "file", path: "a/b.json" } });
  });
});

describe("readSettingFile", () => {
  it("a file that is missing: says so, and which flag named it", () => {
    expect(() => readSettingFile("--config", "/none.json")).toThrow(
      /^Cannot read --config \/none\.json: there is no such file$/,
    );
    expect(() => readSettingFile(null, "/none.json")).toThrow(/^Cannot read \/none\.json: there/);
  });

  it("a directory: is no file", () => {
    expect(() => readSettingFile("--config", "/")).toThrow(/^Cannot read --config \/: it is a dir/);
  });
});

describe("besideFile", () => {
  it.each([
    ["finwait.config.json", "public", "public"],
    ["/etc/f.json", "public", "/etc/public"],
    ["conf/f.json", "/srv", "/srv"],
  ])("%s, %s: %s", (file, path, expected) => {
    expect(besideFile(file, path)).toBe(expected);
  });
});
