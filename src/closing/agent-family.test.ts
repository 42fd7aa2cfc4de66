import assert from "node:assert/strict";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { agentFamily, FAMILY_LIMIT, familyPattern, NO_FAMILY } from "./agent-family.ts";
import { AgentMatcher } from "./agent-matcher.ts";
import { parseAgentPattern } from "./agent-pattern.ts";

// Goal: one family per client and major version, bounded whatever is sent. How: real agents, then
// random ones; and every pattern of a family has to find the agent that it came from.

const BLINK = "AppleWebKit/537.36 (KHTML, like Gecko)";
const WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
const WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_2 like Mac OS X)";

const AGENTS: readonly (readonly [agent: string | null, family: string])[] = [
  [null, NO_FAMILY],
  ["", NO_FAMILY],
  ["  ", NO_FAMILY],
  ["curl/8.5.0", "curl/8"],
  ["Wget/1.21.4", "Wget/1"],
  ["node", "node"],
  ["python-requests/2.32.3", "python-requests/2"],
  ["Java/17.0.9", "Java/17"],
  ["Opera/9.80 (Windows NT 6.1; U; en) Presto/2.12.388 Version/12.16", "Opera/9"],
  [`${WINDOWS} ${BLINK} Chrome/136.0.0.0 Safari/537.36`, "Chrome/136"],
  [`${WINDOWS} ${BLINK} Chrome/136.0.0.0 Safari/537.36 Edg/136.0.3240.50`, "Edg/136"],
  [`${WINDOWS} ${BLINK} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763`, "Edge/18"],
  [`${WINDOWS} ${BLINK} Chrome/136.0.0.0 Safari/537.36 OPR/120.0.0.0`, "OPR/120"],
  [`${WINDOWS} ${BLINK} HeadlessChrome/136.0.0.0 Safari/537.36`, "HeadlessChrome/136"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:138.0) Gecko/20100101 Firefox/138.0", "Firefox/138"],
  [`${IPHONE} ${WEBKIT} Version/18.3.1 Mobile/15E148 Safari/604.1`, "Safari/18"],
  [`${IPHONE} ${WEBKIT} CriOS/136.0 Mobile/15E148 Safari/604.1`, "CriOS/136"],
  [`${IPHONE} ${WEBKIT} FxiOS/138.0 Mobile/15E148 Safari/605.1.15`, "FxiOS/138"],
  [`${IPHONE} ${WEBKIT} Mobile/15E148`, "AppleWebKit/605"],
  ["Mozilla/2.0 (compatible; MSIE 3.01; Windows 95)", "MSIE/3"],
  ["Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", "MSIE/6"],
  ["Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot/2"],
  ["Mozilla/5.0 (compatible; archive.org_bot +http://archive.org)", "Mozilla/5"],
  ["Mozilla/3.01 (X11; I; FreeBSD 2.1.5-RELEASE i386)", "Mozilla/3"],
  ["Mozilla/3.01Gold (X11; I; SunOS 5.5 sun4m)", "Mozilla/3"],
  ["Mozilla/5.0 (X11", "Mozilla/5"],
  ["Mozilla/5.0 ) Firefox/138.0", "Firefox/138"],
  ["(comment) first/1", "first/1"],
  ["(only a comment)", "?"],
  ["a/b/2", "a"],
  ["dev/unstable", "dev"],
  ["x/12345678", "x"],
  ["x/1234567", "x/1234567"],
  ["caf\xe9\x01/1", "caf??/1"],
  ["\u0141/1", "?/1"],
  [`${"n".repeat(600)}/1`, "n".repeat(32)],
];

const finds = (pattern: string, agent: string): boolean =>
  new AgentMatcher([{ text: pattern, tree: parseAgentPattern(pattern) }], (found) => found).match(
    agent,
  ).length === 1;

describe("agentFamily", () => {
  for (const [agent, family] of AGENTS) {
    it(`${agent?.slice(0, 120) ?? "null"}: is ${family}`, () => {
      assert.equal(agentFamily(agent), family);
    });
  }

  it("anything: a bounded family of printable characters", () => {
    const piece = fc.constantFrom(
      "Mozilla/5.0",
      " (",
      ")",
      "; ",
      "compatible; ",
      "/",
      "é",
      "\0",
      "9",
    );
    const agent = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.array(piece, { maxLength: 200 }).map((parts) => parts.join("")),
    );
    const check = fc.property(agent, (text) => {
      const family = agentFamily(text);
      assert.ok(family.length > 0 && family.length <= FAMILY_LIMIT, family);
      assert.match(family, /^[!-~]+$/);
    });
    fc.assert(check, { numRuns: 300 });
  });
});

describe("familyPattern", () => {
  it("a family that many share: has none", () => {
    for (const family of ["Mozilla/5", "Mozilla/4", "Mozilla", "AppleWebKit/605", "?", "??/1"]) {
      assert.equal(familyPattern(family), null);
    }
  });

  it("the agents above: are found by the pattern of their family", () => {
    let count = 0;
    for (const [agent, family] of AGENTS) {
      const pattern = familyPattern(family);
      if (pattern === null) continue;
      count++;
      assert.ok(finds(pattern, agent ?? ""), `${pattern} in ${agent}`);
    }
    assert.ok(count > 25);
  });

  it("another version, another name: are not found", () => {
    assert.ok(!finds(familyPattern("curl/8") ?? "", "curl/80.1"));
    assert.ok(!finds(familyPattern("curl/8") ?? "", "mycurl/8.1"));
    assert.ok(!finds(familyPattern("MSIE/3") ?? "", "Mozilla/4.0 (compatible; MSIE 31.0)"));
    assert.ok(!finds(familyPattern("a.c/1") ?? "", "abc/1"));
    assert.ok(!finds(familyPattern("Safari/1") ?? "", `${IPHONE} Version/18.1 Safari/604.1`));
    assert.ok(!finds(familyPattern(NO_FAMILY) ?? "", "x"));
  });
});
