import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { ClientRule } from "../closing/client-rules.ts";
import { SHIPPED_CLIENT_RULES } from "../closing/shipped-client-rules.ts";
import { clientRulesTable, clientVerdictText } from "./client-rules-table.ts";

// Goal: what a person reads about client rules. How: whole lines and whole sentences.

const RULE: ClientRule = {
  name: "old",
  pattern: "Old/1",
  effect: { persistence: "off" },
  source: "a letter",
  found: "1996",
};

describe("clientRulesTable", () => {
  it("no width: nothing is cut", () => {
    const effect = { persistence: "off", http10: true, shortLinger: true } as const;
    const rules: ClientRule[] = [
      { ...RULE, ignoreCase: true, methods: ["POST", "PUT"], effect },
      { ...RULE, name: "good", effect: {} },
    ];
    assert.deepEqual(clientRulesTable(rules, null), [
      "name  pattern           method    effect                source    found",
      "old   Old/1 (any case)  POST,PUT  close,http/1.0,short  a letter  1996",
      "good  Old/1             all       good                  a letter  1996",
    ]);
  });

  for (const width of [80, 100, 160]) {
    it(`the shipped rules in ${width} columns: fit, with their whole names`, () => {
      const lines = clientRulesTable(SHIPPED_CLIENT_RULES, width);
      for (const line of lines) assert.ok(line.length <= width, line);
      for (const [index, { name }] of SHIPPED_CLIENT_RULES.entries()) {
        assert.ok(lines[index + 1]?.startsWith(`${name} `), lines[index + 1]);
      }
    });
  }

  it("a terminal that is too narrow: columns keep their least width", () => {
    const [head = ""] = clientRulesTable(SHIPPED_CLIENT_RULES, 10);
    assert.ok(head.length > 10);
  });

  it("no rules: the head line", () => {
    assert.deepEqual(clientRulesTable([], 80), ["name  pattern  method  effect  source  found"]);
  });
});

describe("clientVerdictText", () => {
  const because = "Rule old matches with the pattern Old/1 (source: a letter; found: 1996).";
  const text = (change: Partial<ClientRule>) =>
    clientVerdictText({ ...RULE, ...change }, "POST", false);

  it("no rule: its connections persist", () => {
    const expected = "No rule concerns this client: its connections persist.";
    assert.equal(clientVerdictText(null, "GET", false), expected);
  });

  it("each effect: says what happens", () => {
    assert.equal(
      text({}),
      `${because} The connection ends after every response (Connection: close).`,
    );
    assert.equal(
      text({ methods: ["POST"] }),
      `${because} The connection ends after the response to a POST (Connection: close).`,
    );
    assert.equal(
      text({ effect: { http10: true, shortLinger: true } }),
      `${because} The request is treated as HTTP/1.0: no chunked coding, no 100 (Continue), and ` +
        "the connection ends after the response. Lingering is short.",
    );
    assert.equal(
      text({ effect: {} }),
      `${because} The client is known to be good: its connections persist.`,
    );
  });

  it("behind a proxy: the rule yields", () => {
    assert.equal(
      clientVerdictText(RULE, "POST", true),
      `${because} It yields, because the request came through a proxy: the connection is the ` +
        "proxy's, and persists.",
    );
  });
});
