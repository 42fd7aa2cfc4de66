import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { type ClientEffect, parseClientRules } from "../closing/client-rules.ts";
import { browserMatchRule } from "./browser-match.ts";

// Goal: httpd's directives do here what they did there, or a sentence says what is lost. How: the
// directives of httpd's own configuration and of its ssl example, then wrong ones.

const OFF: ClientEffect = { persistence: "off" };

const GOOD: readonly (readonly [words: string, effect: ClientEffect, ignored: string[]])[] = [
  ["BrowserMatch|Mozilla/2|nokeepalive", OFF, []],
  [
    "BrowserMatch|MSIE 4\\.0b2;|nokeepalive|downgrade-1.0|force-response-1.0",
    { ...OFF, http10: true },
    [],
  ],
  ["BrowserMatch|Java/1\\.0|force-response-1.0", { http10: true }, []],
  ["browsermatch|JDK/1\\.0|downgrade-1.0=1", { http10: true }, []],
  ["BrowserMatch|MSIE [2-5]|nokeepalive|ssl-unclean-shutdown", OFF, ["ssl-unclean-shutdown"]],
  ["BrowserMatch|Good|!nokeepalive", {}, []],
  ["BrowserMatch|Good|nokeepalive|downgrade-1.0|!nokeepalive", { http10: true }, []],
  ["BrowserMatch|Good|!gzip-only-text/html|nokeepalive=0", OFF, ["!gzip-only-text/html"]],
];

const BAD: readonly (readonly [words: string, problem: string])[] = [
  ["SetEnvIf|User-Agent|x", "Cannot use SetEnvIf as a client rule: expected BrowserMatch"],
  ["BrowserMatch", "Cannot use BrowserMatch: expected a pattern and at least one variable"],
  ["BrowserMatch|x", "Cannot use BrowserMatch: expected a pattern and at least one variable"],
  ["BrowserMatch||nokeepalive", 'Cannot use the pattern "": expected at least one character'],
  [
    "BrowserMatch|\\bMSI[E]|nokeepalive",
    'Cannot use the pattern "\\bMSI[E]": expected \\d, \\w, \\s, \\D, \\W or \\S, and not \\b, ' +
      "at position 1",
  ],
  [
    "BrowserMatch|Mozilla/4|gzip-only-text/html|no-gzip",
    'Cannot use gzip-only-text/html, no-gzip for "Mozilla/4": not understood; expected ' +
      "nokeepalive, downgrade-1.0, force-response-1.0",
  ],
];

describe("browserMatchRule", () => {
  for (const [words, effect, ignored] of GOOD) {
    it(`${words.replaceAll("|", " ")}: is a rule`, () => {
      const args = words.split("|");
      const result = browserMatchRule(args, "httpd.conf:42");
      const rule = {
        name: "httpd.conf:42",
        pattern: args[1] ?? "",
        effect,
        source: `${args[0]} in httpd.conf:42`,
        found: "undated",
      };
      assert.deepEqual(result, { rule, ignored });
      if ("rule" in result) parseClientRules([result.rule]);
    });
  }

  it("BrowserMatchNoCase: ignores case", () => {
    const result = browserMatchRule(["BrowserMatchNoCase", "msie", "nokeepalive"], "a:1");
    assert.ok("rule" in result);
    assert.notEqual(parseClientRules([result.rule]).concerning("MSIE 3"), null);
  });

  for (const [words, problem] of BAD) {
    it(`${words.replaceAll("|", " ")}: is a problem`, () => {
      assert.deepEqual(browserMatchRule(words.split("|"), "httpd.conf:42"), { problem });
    });
  }
});
