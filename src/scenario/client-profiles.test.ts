import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { actsOf } from "./fake-act-log.ts";

// Goal: pools of today keep idle connections for as long as their sources say. How: one visitor
// each, and when it closed, counted from its last response.

const LIMITS = { keepAliveTimeoutMs: 20_000, keepAliveTimeoutMarginMs: 5_000 };

async function idleMsOf(client: string, limits: object): Promise<number> {
  const log = await actsOf(client, { limits });
  return log.lastTimeOf("client", "close") - log.lastTimeOf("client", "response-seen");
}

describe("an idle connection", () => {
  it("undici: the server's word less two seconds", async () => {
    assert.equal(Math.round(await idleMsOf("undici", LIMITS)), 18_000);
  });

  it("Firefox: the server's word", async () => {
    assert.equal(Math.round(await idleMsOf("firefox", LIMITS)), 20_000);
  });

  it("Go: 90 s of its own, whatever the server says", async () => {
    const limits = { keepAliveTimeoutMs: 200_000 };
    assert.equal(Math.round(await idleMsOf("go", limits)), 90_000);
  });

  it("Chrome: the server ends it, and Chrome looks within a minute", async () => {
    const log = await actsOf("chrome", { limits: LIMITS, finWait2Ender: "system" });
    const waitMs = log.lastTimeOf("client", "close") - log.lastTimeOf("client", "end-seen");
    assert.ok(waitMs > 1_000 && waitMs <= 60_000, `${waitMs} ms`);
  });
});
