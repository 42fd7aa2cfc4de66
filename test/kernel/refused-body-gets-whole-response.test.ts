import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { request, withServer } from "../support/scene.ts";

// Goal: 401 to a body that is still being sent arrives whole, whatever becomes of the connection.
// How: half of the body is sent, the answer awaited, then the other half follows.

const CONTENT = "Who are you? ".repeat(1_000);

const refuse =
  (close: boolean) =>
  (exchange: Exchange): void => {
    if (exchange.target === "/next") exchange.respond(200, [], "next");
    else exchange.respond(401, close ? [["Connection", "close"]] : [], CONTENT);
  };

describe("refused body", () => {
  for (const bodyBytes of [100, 200_000]) {
    const half = "b".repeat(bodyBytes / 2);
    const head = request("POST /", [`Content-Length: ${bodyBytes}`]);

    it(`401 in the middle of ${bodyBytes} B, then close: whole response, FIN, no RST`, async () => {
      await withServer({ handler: refuse(true) }, async (scene) => {
        const client = await scene.connect();
        await client.write(head + half);
        await client.waitForResponses(1);
        await client.waitForFin();
        await client.write(half);
        client.halfClose();
        const ending = await scene.endingOf(client);
        const observed = {
          statuses: client.statuses,
          text: client.last.text,
          error: client.error,
          outcome: ending.outcome.type,
          reason: ending.reason,
          discardedBytes: ending.discardedBytes,
        };
        // The first half may count as discarded in the exchange; the second one is after our FIN.
        const expected = {
          statuses: [401],
          text: CONTENT,
          error: null,
          outcome: "clean",
          reason: "handler-asked",
          discardedBytes: observed.discardedBytes,
        };
        assert.deepEqual(observed, expected);
        assert.ok(ending.discardedBytes >= half.length, JSON.stringify(ending));
      });
    });

    it(`401 in the middle of ${bodyBytes} B, kept: the next request is answered`, async () => {
      await withServer({ handler: refuse(false) }, async (scene) => {
        const client = await scene.connect();
        await client.write(head + half);
        await client.waitForResponses(1);
        await client.write(half + request("GET /next"));
        await client.waitForResponses(2);
        assert.deepEqual(client.statuses, [401, 200]);
        assert.equal(client.responses[0]?.text, CONTENT);
        assert.equal(client.end, "open");
      });
    });
  }
});
