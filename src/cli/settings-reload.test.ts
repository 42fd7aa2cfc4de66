import { describe, expect, it } from "vitest";
import type { ClientRule } from "../closing/client-rules.ts";
import type { ReconfigurableOptions } from "../server/serve-options.ts";
import { UsageError } from "./cli-error.ts";
import type { UnreadDirective } from "./httpd-conf.ts";
import type { LoadedSettings } from "./loaded-settings.ts";
import type { SettingValue } from "./setting.ts";
import { EffectiveSettings } from "./settings.ts";
import { type ReloadPort, reloadSettings } from "./settings-reload.ts";

// Goal: a reload changes all that can change, or nothing, and says what it did.
// Method: a server that writes down what it is told, and files that are values or errors.

function loaded(
  values: Readonly<Record<string, SettingValue>>,
  unread: readonly UnreadDirective[] = [],
): LoadedSettings {
  const given = Object.entries(values).map(
    ([name, value]) =>
      [name, { value, origin: { type: "file", path: "finwait.config.json" } }] as const,
  );
  return {
    settings: new EffectiveSettings(new Map(given)),
    clientRules: [],
    configPath: "finwait.config.json",
    httpdConfPath: unread.length === 0 ? null : "httpd.conf",
    unread,
  };
}

/** A reload of `next` over `before`: what the server is told, what is said, what is in force. */
function reload(before: LoadedSettings, next: LoadedSettings | Error, refusal?: Error) {
  const changes: ReconfigurableOptions[] = [];
  const lines: string[] = [];
  const port: ReloadPort = {
    load: () => {
      if (next instanceof Error) throw next;
      return next;
    },
    server: {
      reconfigure: (change: ReconfigurableOptions) => {
        if (refusal !== undefined) throw refusal;
        changes.push(change);
      },
    },
    say: (line) => lines.push(line),
  };
  return { after: reloadSettings(before, port), changes, lines };
}

describe("reloadSettings", () => {
  const before = loaded({ "limits.keepAliveTimeoutMs": 65_000, port: 8_080 });

  it("a new limit: is given to the server with all others, and told", () => {
    const { after, changes, lines } = reload(
      before,
      loaded({ "limits.keepAliveTimeoutMs": 5_000, persistence: "off" }),
    );
    expect(lines).toEqual([
      "Reloaded: persistence on -> off, limits.keepAliveTimeoutMs 65000 -> 5000",
    ]);
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({
      persistence: "off",
      limits: { keepAliveTimeoutMs: 5_000 },
      close: {},
      learnedClients: {},
      clientRules: [],
      shippedClientRules: "on",
    });
    expect(after.settings.number("limits.keepAliveTimeoutMs")).toBe(5_000);
  });

  it("a setting that is gone from the file: is its default again", () => {
    const { changes, lines } = reload(loaded({ "limits.requestLimit": 7 }), loaded({}));
    expect(lines).toEqual(["Reloaded: limits.requestLimit 7 -> 0"]);
    // What is not given is the default: the server keeps nothing of what was before.
    expect(changes[0]?.limits).toEqual({});
  });

  it("the same values: are told as that, and rules are read anew all the same", () => {
    const { changes, lines } = reload(before, before);
    expect(lines).toEqual(["Reloaded, nothing changed"]);
    expect(changes).toHaveLength(1);
  });

  it("rules that are others in the same file: are told", () => {
    const rule = { name: "a", pattern: "a", effect: {}, source: "test", found: "2026" };
    const ruled = (...clientRules: ClientRule[]) => ({ ...before, clientRules });
    const broken = { ...rule, effect: { persistence: "off" } } as const;
    expect(reload(before, ruled(rule)).lines).toEqual(["Reloaded: client rules, 0 -> 1"]);
    expect(reload(ruled(rule), ruled(broken)).lines).toEqual(["Reloaded: client rules, 1 -> 1"]);
    expect(reload(ruled(rule), ruled({ ...rule })).lines).toEqual(["Reloaded, nothing changed"]);
  });

  it("what cannot change: is named, each time, and keeps its value", () => {
    const values = { "limits.keepAliveTimeoutMs": 65_000, port: 9_090, host: "::" };
    const next = loaded({ ...values, "close.discardLimitBytes": 1 });
    const first = reload(before, next);
    expect(first.lines).toEqual([
      "Reloaded: close.discardLimitBytes 262144 -> 1",
      "Needs a restart: host 127.0.0.1 -> ::, port 8080 -> 9090",
    ]);
    expect(first.after.settings.number("port")).toBe(8_080);
    expect(reload(first.after, next).lines).toEqual([
      "Reloaded, nothing changed",
      "Needs a restart: host 127.0.0.1 -> ::, port 8080 -> 9090",
    ]);
  });

  it.each([
    ["a broken file", new UsageError("Cannot use port 0 in f.json: expected 1")],
    ["a mistake of ours", new Error("oops")],
  ])("%s: nothing changes, and one line says why", (_, error) => {
    const { after, changes, lines } = reload(before, error);
    expect(after).toBe(before);
    expect(changes).toEqual([]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(error.message);
    expect(lines[0]).toMatch(/; the settings in force stay$/);
  });

  it("a server that refuses: the old settings stay in force", () => {
    const refusal = new RangeError("Cannot use mode: expected another");
    const { after, lines } = reload(before, loaded({ "close.mode": "off" }), refusal);
    expect(after).toBe(before);
    expect(lines).toEqual(["Cannot use mode: expected another; the settings in force stay"]);
  });

  it("lines of httpd.conf without effect: are told again", () => {
    const unread = [{ line: 4, directive: "ServerRoot", reason: "" }];
    expect(reload(before, loaded({ port: 8_080 }, unread)).lines.at(-1)).toBe(
      "httpd.conf: 1 directive is not used: line 4 ServerRoot",
    );
  });
});
