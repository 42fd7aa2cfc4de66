import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { parseClientRules } from "./client-rules.ts";
import { SHIPPED_CLIENT_RULES } from "./shipped-client-rules.ts";

// Goal: each rule meets the clients it was written for, and no client of today that is in order.
// How: agents as they are sent, and the rule that decides for GET and for POST.

const WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
const BLINK = "AppleWebKit/537.36 (KHTML, like Gecko)";
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_2 like Mac OS X)";
const IPAD = "Mozilla/5.0 (iPad; CPU OS 18_4 like Mac OS X)";
const ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv)";
const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";

const AGENTS: readonly (readonly [agent: string, get: string | null, post: string | null])[] = [
  ["Mozilla/3.01 (Win95; I)", "mozilla-3.01-win95-good", "mozilla-3.01-win95-good"],
  ["Mozilla/3.01 (Win95; U)", null, null],
  ["Mozilla/3.01 (WinNT; I)", null, null],
  ...[
    ["Mozilla/3.01 (X11; I; FreeBSD 2.1.5-RELEASE i386)", "mozilla-3.01-freebsd"],
    ["Mozilla/2.02 (X11; I; FreeBSD 2.1.5-RELEASE i386)", "mozilla-2.02-freebsd"],
    ["Mozilla/3.01Gold (X11; I; SunOS 5.5 sun4m)", "mozilla-3.01gold-sunos"],
    ["Mozilla/2.0 (compatible; MSIE 3.01; Mac_PowerPC)", "msie-3.01-mac"],
    ["Mozilla/3.0 (compatible; MSIE 3.01; Mac_68000)", "msie-3.01-mac"],
    ["Mozilla/2.0 (compatible; MSIE 3.01; Windows 95)", "msie-3.01-win95"],
    ["Mozilla/2.0 (compatible; MSIE 3.01; AOL 3.0; Windows 95)", "msie-3.01-win95"],
    ["Mozilla/2.0 (compatible; MSIE 3.01; Windows 95; 1024,768)", "msie-3.01-win95"],
    ["Mozilla/2.0 (compatible; MSIE 3.01; Windows NT)", "mozilla-2"],
    ["Mozilla/2.0 (compatible; MSIE 3.02; Windows 95)", "mozilla-2"],
    ["Mozilla/2.0 (Win95; I)", "mozilla-2"],
    ["Mozilla/4.0 (compatible; MSIE 4.0b2; Windows 95)", "msie-4.0b2"],
    ["RealPlayer 4.0", "realplayer-4.0"],
    ["Mozilla/4.5 (compatible; HTTPClient 1.0; RealPlayer 4.0)", "realplayer-4.0"],
    ["Java/1.0.2", "java-1.0"],
    ["JDK/1.0.2", "jdk-1.0"],
  ].map(([agent = "", name = ""]) => [agent, name, name] as const),
  ["Mozilla/3.01Gold (X11; I; SunOS 5.5.1 sun4u)", null, null],
  ["Mozilla/4.0 (compatible; MSIE 4.01; Windows 98)", null, "msie-4-to-6-post"],
  ["Mozilla/4.0 (compatible; MSIE 5.5; Windows NT 5.0)", null, "msie-4-to-6-post"],
  ["Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", null, "msie-4-to-6-post"],
  ["Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", null, "msie-6-sv1-good"],
  ["Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; en) Opera 8.50", null, "opera-as-msie-good"],
  ["Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0)", null, null],
  ["Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)", null, null],
  ["Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", null, null],
  ["Java/11.0.2", null, null],
  ["Java/17.0.9", null, null],
  // Safari on its three kinds of machine.
  [`${IPHONE} ${WEBKIT} Version/18.3.1 Mobile/15E148 Safari/604.1`, null, "safari-post"],
  [`${IPAD} ${WEBKIT} Version/18.4 Mobile/15E148 Safari/604.1`, null, "safari-post"],
  [`${MAC} ${WEBKIT} Version/18.4 Safari/605.1.15`, null, "safari-post"],
  [`${MAC} ${WEBKIT} Version/26.0 Safari/605.1.15`, null, "safari-post"],
  // All of these say "Safari" and are something else.
  [`${MAC} ${BLINK} Chrome/136.0.0.0 Safari/537.36`, null, null],
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${BLINK} Chrome/136.0.0.0 Safari/537.36`, null, null],
  [`${MAC} ${BLINK} Chrome/136.0.0.0 Safari/537.36 Edg/136.0.0.0`, null, null],
  [`${MAC} ${BLINK} Chrome/136.0.0.0 Safari/537.36 OPR/120.0.0.0`, null, null],
  [`Mozilla/5.0 (X11; Linux x86_64) ${BLINK} HeadlessChrome/136.0.0.0 Safari/537.36`, null, null],
  [`Mozilla/5.0 (Linux; Android 10; K) ${BLINK} Chrome/136.0.0.0 Mobile Safari/537.36`, null, null],
  [`${ANDROID} ${BLINK} Version/4.0 Chrome/136.0.0.0 Mobile Safari/537.36`, null, null],
  [`${ANDROID} ${WEBKIT} Version/4.0 Mobile Safari/534.30`, null, null],
  [`${IPHONE} ${WEBKIT} CriOS/136.0.7103.56 Mobile/15E148 Safari/604.1`, null, null],
  [
    `${IPHONE} ${WEBKIT} Version/18.0 EdgiOS/136.0.3240.50 Mobile/15E148 Safari/605.1.15`,
    null,
    null,
  ],
  [`${MAC} ${WEBKIT} Version/18.4 Safari/605.1.15 Ddg/18.4`, null, null],
  [`${IPHONE} ${WEBKIT} FxiOS/138.0 Mobile/15E148 Safari/605.1.15`, null, null],
  // And the rest of today.
  ["Mozilla/5.0 (X11; Linux x86_64; rv:138.0) Gecko/20100101 Firefox/138.0", null, null],
  [`${MAC.replace("_15_7", ".15; rv:138.0")} Gecko/20100101 Firefox/138.0`, null, null],
  ["Opera/9.80 (Windows NT 6.1; U; en) Presto/2.12.388 Version/12.16", null, null],
  ["curl/8.5.0", null, null],
  ["Wget/1.21.4", null, null],
  ["python-requests/2.32.3", null, null],
  ["Go-http-client/1.1", null, null],
  ["okhttp/4.12.0", null, null],
  ["node", null, null],
  ["", null, null],
];

describe("SHIPPED_CLIENT_RULES", () => {
  const rules = parseClientRules(SHIPPED_CLIENT_RULES);

  for (const [agent, get, post] of AGENTS) {
    it(`${agent || "no agent"}: ${get ?? "no rule"}, POST ${post ?? "no rule"}`, () => {
      const verdict = rules.concerning(agent);
      assert.equal(verdict?.decide("GET")?.name ?? null, get);
      assert.equal(verdict?.decide("POST")?.name ?? null, post);
      if (get === null && post === null) assert.equal(verdict, null);
    });
  }

  it("every rule: decides for one of these agents", () => {
    const deciding = new Set(AGENTS.flatMap(([, get, post]) => [get, post]));
    const idle = SHIPPED_CLIENT_RULES.filter(({ name }) => !deciding.has(name));
    assert.deepEqual(idle, []);
  });

  it("Object.isFrozen: the list and everything in it", () => {
    assert.ok(Object.isFrozen(SHIPPED_CLIENT_RULES));
    for (const rule of SHIPPED_CLIENT_RULES) {
      for (const each of [rule, rule.effect, rule.methods]) assert.ok(Object.isFrozen(each));
    }
  });
});
