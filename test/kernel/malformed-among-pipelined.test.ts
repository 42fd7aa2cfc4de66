import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, it } from "vitest";
import type { Exchange, Handler } from "../../src/index.ts";
import { echoTarget, request, withServer } from "../support/scene.ts";

// Goal: an error among pipelined requests costs none of the responses before it. How: ten requests
// in one write, the sixth malformed; answered at once, and answered later.

const REQUESTS = Array.from({ length: 10 }, (_, index) =>
  index === 5 ? request("GET /5", ["Bad Field: x"]) : request(`GET /${index}`),
).join("");

const handlers: Readonly<Record<string, Handler>> = {
  "at once": echoTarget,
  "in later turns": async (exchange: Exchange): Promise<void> => {
    await nextTurn();
    echoTarget(exchange);
  },
};

describe("malformed request among pipelined ones", () => {
  for (const [name, handler] of Object.entries(handlers)) {
    it(`sixth of ten malformed, answered ${name}: five responses, the error, FIN`, async () => {
      await withServer({ handler }, async (scene) => {
        const client = await scene.connect();
        await client.write(REQUESTS);
        await client.waitForFin();
        // A client that goes on for a while: still no RST.
        await client.write(request("GET /late"));
        client.halfClose();
        const ending = await scene.endingOf(client);
        const observed = {
          statuses: client.statuses,
          targets: client.responses.slice(0, 5).map(({ text }) => text),
          completeCount: client.completeCount,
          connection: client.last.fields.get("connection"),
          error: client.error,
          reason: ending.reason,
          outcome: ending.outcome.type,
        };
        const expected = {
          statuses: [200, 200, 200, 200, 200, 400],
          targets: ["/0", "/1", "/2", "/3", "/4"],
          completeCount: 6,
          connection: "close",
          error: null,
          reason: "peer-protocol-error",
          outcome: "clean",
        };
        assert.deepEqual(observed, expected);
      });
    });
  }
});
