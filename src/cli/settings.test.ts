import { describe, expect, it } from "vitest";
import { UsageError } from "./cli-error.ts";
import type { GivenSettings, Origin, SettingValue } from "./setting.ts";
import { originText } from "./setting.ts";
import { type EffectiveSettings, resolveSettings, type SettingSources } from "./settings.ts";

// Goal: the right source wins, its name is kept, and contradictions name both sides.
// Method: sources as plain objects; values and origins, or the whole sentence, out.

type Values = Readonly<Record<string, SettingValue>>;

const flagOf = (name: string): string =>
  `--${name.replace(/.*\./, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function given(values: Values, origin: (name: string) => Origin): GivenSettings {
  return new Map(
    Object.entries(values).map(([name, value]) => [name, { value, origin: origin(name) }]),
  );
}

function resolved(sources: {
  flags?: Values;
  file?: Values;
  httpdConf?: Values;
}): EffectiveSettings {
  const all: SettingSources = {
    flags: given(sources.flags ?? {}, (name) => ({ type: "flag", flag: flagOf(name) })),
    file: given(sources.file ?? {}, () => ({ type: "file", path: "finwait.config.json" })),
    httpdConf: given(sources.httpdConf ?? {}, () => ({
      type: "httpd-conf",
      path: "httpd.conf",
      line: 12,
      directive: "Directive",
    })),
  };
  return resolveSettings(all);
}

function shown(settings: EffectiveSettings, name: string): string {
  const { value, origin } = settings.get(name);
  return `${value} ${originText(origin)}`;
}

function sentenceAbout(sources: Parameters<typeof resolved>[0]): string {
  try {
    resolved(sources);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
  return "nothing is wrong";
}

describe("resolveSettings", () => {
  const one = { port: 1 };
  const two = { port: 2 };
  const three = { port: 3 };
  it.each([
    [{}, "8080 default"],
    [{ httpdConf: three }, "3 httpd.conf:12"],
    [{ httpdConf: three, file: two }, "2 finwait.config.json"],
    [{ httpdConf: three, file: two, flags: one }, "1 --port"],
    [{ httpdConf: three, flags: one }, "1 --port"],
    [{ file: two, flags: one }, "1 --port"],
  ])("port from %j: %s", (sources, expected) => {
    expect(shown(resolved(sources), "port")).toBe(expected);
  });

  it("a value that repeats the default: has its own origin", () => {
    expect(shown(resolved({ file: { port: 8_080 } }), "port")).toBe("8080 finwait.config.json");
  });

  it.each([
    [
      { flags: { "close.lingerTotalTimeoutMs": 1 } },
      "Cannot use --linger-total-timeout-ms 1: " +
        "expected at least close.lingerIdleTimeoutMs, which is 5000",
    ],
    [
      { file: { "close.lingerTotalTimeoutMs": 1 } },
      "Cannot use close.lingerTotalTimeoutMs 1 in finwait.config.json: " +
        "expected at least close.lingerIdleTimeoutMs, which is 5000",
    ],
    [
      { flags: { "close.lingerIdleTimeoutMs": 40_000 } },
      "Cannot use close.lingerTotalTimeoutMs 30000, the default: " +
        "expected at least --linger-idle-timeout-ms, which is 40000",
    ],
    [
      { file: { "static.cacheControl": "no\ncache" } },
      'Cannot use static.cacheControl "no\\ncache" in finwait.config.json: ' +
        'expected visible US-ASCII characters, got "no\\ncache"',
    ],
    [
      { httpdConf: { "limits.keepAliveTimeoutMs": 0 } },
      "Cannot use limits.keepAliveTimeoutMs 0 from Directive in httpd.conf:12: " +
        "expected an integer from 1 to 86400000",
    ],
    [
      { file: { "tls.cert": "cert.pem" } },
      'Cannot use tls.cert "cert.pem" in finwait.config.json: expected tls.key as well',
    ],
    [
      { file: { "tls.key": "key.pem" } },
      'Cannot use tls.key "key.pem" in finwait.config.json: expected tls.cert as well',
    ],
    [{ flags: { "tls.key": "k" } }, "Cannot use --key alone: expected --tls-cert as well"],
  ])("%j: %s", (sources, sentence) => {
    expect(sentenceAbout(sources)).toBe(sentence);
  });

  it("a contradiction in the file that a flag mends: is none", () => {
    const settings = resolved({
      file: { "close.lingerIdleTimeoutMs": 40_000 },
      flags: { "close.lingerTotalTimeoutMs": 50_000 },
    });
    expect(settings.number("close.lingerTotalTimeoutMs")).toBe(50_000);
  });

  it("a certificate of the file with the key of a flag: are a pair", () => {
    const settings = resolved({ file: { "tls.cert": "c" }, flags: { "tls.key": "k" } });
    expect(shown(settings, "tls.cert")).toBe("c finwait.config.json");
  });
});

describe("EffectiveSettings", () => {
  it("section: only what somebody gave, or everything", () => {
    const settings = resolved({ file: { "limits.requestLimit": 5 } });
    expect(settings.section("limits", "given")).toEqual({ requestLimit: 5 });
    expect(settings.section("limits", "all")).toMatchObject({
      requestLimit: 5,
      keepAliveTimeoutMs: 65_000,
    });
  });

  it("with: takes the named settings of others, defaults too", () => {
    const settings = resolved({ file: { port: 1, host: "::" } });
    const mixed = settings.with(resolved({ file: { host: "::1" } }), ["port"]);
    expect([mixed.number("port"), mixed.text("host")]).toEqual([8_080, "::"]);
  });
});
