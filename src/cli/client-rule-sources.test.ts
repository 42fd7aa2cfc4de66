import { describe, expect, it } from "vitest";
import { parseClientRules } from "../closing/client-rules.ts";
import { collectClientRules } from "./client-rule-sources.ts";
import { readHttpdConf } from "./httpd-conf.ts";
import { EffectiveSettings } from "./settings.ts";

// Goal: BrowserMatch lines decide as in httpd, where the last one that matches does.
// Method: lines of an httpd.conf in, the collected rules asked for an agent.

function collect(...lines: string[]) {
  const conf = readHttpdConf(lines.join("\n"), "httpd.conf");
  return collectClientRules(new EffectiveSettings(new Map()), conf, "httpd.conf");
}

const decision = (agent: string, ...lines: string[]) =>
  parseClientRules(collect(...lines).rules)
    .concerning(agent)
    ?.decide("GET")?.effect;

describe("collectClientRules", () => {
  const broken = "BrowserMatch ^Odd nokeepalive";
  const mended = "BrowserMatch ^Odd/2 !nokeepalive";

  it("two lines that match: the later one decides", () => {
    expect(decision("Odd/2", broken, mended)).toEqual({});
    expect(decision("Odd/2", mended, broken)).toEqual({ persistence: "off" });
    expect(decision("Odd/1", broken, mended)).toEqual({ persistence: "off" });
  });

  it("lines that make no rule: are listed, with their numbers", () => {
    const { rules, unread } = collect(broken, "BrowserMatch ^x redirect-carefully");
    expect(rules.map(({ name }) => name)).toEqual(["httpd.conf:1"]);
    expect(unread.map(({ line, directive }) => [line, directive])).toEqual([[2, "BrowserMatch"]]);
  });
});
