import { describe, expect, it } from "vitest";
import { serve } from "../server/serve.ts";
import { Readiness } from "./readiness.ts";

// Goal: probes hear 200 while the server serves, and 503 from the announcement on.
// Method: a real server, asked before and during the window of its shutdown.

describe("Readiness", () => {
  it("the target of the probes: 200, then 503; everything else is served", async () => {
    const readiness = new Readiness("/ready");
    const handler = readiness.handlerOver((exchange) => exchange.respond(200, [], "site"));
    const server = await serve({ port: 0, handler });
    readiness.watch(server);
    const ask = async (target: string): Promise<[number, string]> => {
      const response = await fetch(new URL(target, server.url));
      return [response.status, await response.text()];
    };
    expect(await ask("/ready")).toEqual([200, "ready\n"]);
    expect(await ask("/ready?x")).toEqual([200, "site"]);
    const shutdown = server.shutdown({ announceMs: 500 });
    expect(await ask("/ready")).toEqual([503, "shutting down\n"]);
    expect(await ask("/")).toEqual([200, "site"]);
    await shutdown;
  });

  it("no target: the handler stays as it is", () => {
    const handler = (): void => {};
    expect(new Readiness("").handlerOver(handler)).toBe(handler);
  });
});
