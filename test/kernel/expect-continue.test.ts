import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { readAll, request, withServer } from "../support/scene.ts";

// Goal: 100 (Continue) is sent when the handler wants the body, and never after a refusal. How: a
// client that waits for it, one that does not, and one that is refused.

const BODY = "b".repeat(1_000);
const HEAD = request("PUT /", [`Content-Length: ${BODY.length}`, "Expect: 100-continue"]);

const accept = async (exchange: Exchange): Promise<void> => {
  exchange.respond(200, [], String(await readAll(exchange)));
};
const refuse = (exchange: Exchange): void => exchange.respond(413, [], "too much");

describe("Expect: 100-continue", () => {
  it("refused: the final status first, no 100 ever, then FIN", async () => {
    await withServer({ handler: refuse }, async (scene) => {
      const client = await scene.connect();
      await client.write(HEAD);
      await client.waitForFin();
      // It may have begun to send: that is absorbed.
      await client.write(BODY);
      client.halfClose();
      const ending = await scene.endingOf(client);
      const observed = {
        interims: client.interimStatuses,
        statuses: client.statuses,
        text: client.last.text,
        connection: client.last.fields.get("connection"),
        error: client.error,
        reason: ending.reason,
        discardedBytes: ending.discardedBytes,
      };
      const expected = {
        interims: [],
        statuses: [413],
        text: "too much",
        connection: "close",
        error: null,
        reason: "expectation-unmet",
        discardedBytes: BODY.length,
      };
      assert.deepEqual(observed, expected);
    });
  });

  it("accepted: 100, then the body, then 200, and the connection goes on", async () => {
    await withServer({ handler: accept }, async (scene) => {
      const client = await scene.connect();
      await client.write(HEAD);
      await client.waitFor("100", () => client.interimStatuses.length === 1);
      assert.deepEqual(client.statuses, []);
      await client.write(BODY);
      await client.waitForResponses(1);
      await client.write(HEAD);
      await client.waitFor("another 100", () => client.interimStatuses.length === 2);
      await client.write(BODY);
      await client.waitForResponses(2);
      assert.deepEqual(client.interimStatuses, [100, 100]);
      assert.deepEqual(client.statuses, [200, 200]);
      assert.equal(client.last.text, "1000");
      assert.equal(client.end, "open");
    });
  });

  it("body sent without waiting: 200 alone, the 100 would be noise", async () => {
    await withServer({ handler: accept }, async (scene) => {
      const client = await scene.connect();
      await client.write(HEAD + BODY);
      await client.waitForResponses(1);
      assert.deepEqual(client.interimStatuses, []);
      assert.deepEqual(client.statuses, [200]);
    });
  });

  it("body sent without waiting, refused: one response, the rest is absorbed", async () => {
    await withServer({ handler: refuse }, async (scene) => {
      const client = await scene.connect();
      await client.write(HEAD + BODY);
      await client.waitForResponses(1);
      client.halfClose();
      await client.waitForFin();
      assert.deepEqual(client.interimStatuses, []);
      assert.deepEqual(client.statuses, [413]);
      assert.equal(client.error, null);
    });
  });
});
