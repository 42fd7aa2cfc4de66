import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { note, request, withServer } from "../support/scene.ts";

// Goal: a FIN behind the request is no lost interest: the answer comes whole, then our FIN. How:
// the client half-closes at once, the handler takes 100 ms.

const CONTENT = "x".repeat(300_000);
const THINKING_MS = 100;

describe("half-closed peer", () => {
  it("FIN behind the request, handler of 100 ms: whole response, then FIN", async () => {
    const handler = async (exchange: Exchange): Promise<void> => {
      await delay(THINKING_MS);
      exchange.respond(200, [], CONTENT);
    };
    await withServer({ handler }, async (scene) => {
      const client = await scene.connect();
      void client.write(request());
      client.halfClose();
      await client.waitForFin();
      const ending = await scene.endingOf(client);
      const observed = {
        statuses: client.statuses,
        isWhole: client.last.text === CONTENT,
        error: client.error,
        outcome: ending.outcome.type,
        reason: ending.reason,
        firstEnder: ending.firstEnder,
      };
      const expected = {
        statuses: [200],
        isWhole: true,
        error: null,
        outcome: "clean",
        reason: "peer-ended",
        firstEnder: "peer",
      };
      assert.deepEqual(observed, expected);
      note(`half-close: FIN after ${client.finAtMs} ms, handler took ${THINKING_MS} ms`);
    });
  });

  it("FIN behind three pipelined requests: three responses, then FIN", async () => {
    const handler = async (exchange: Exchange): Promise<void> => {
      await delay(20);
      exchange.respond(200, [], exchange.target);
    };
    await withServer({ handler }, async (scene) => {
      const client = await scene.connect();
      void client.write(request("GET /1") + request("GET /2") + request("GET /3"));
      client.halfClose();
      await client.waitForFin();
      assert.deepEqual(
        client.responses.map(({ text }) => text),
        ["/1", "/2", "/3"],
      );
      assert.equal(client.error, null);
    });
  });

  it("FIN in the middle of the body: 400, then FIN", async () => {
    const handler = async (exchange: Exchange): Promise<void> => {
      while ((await exchange.body.read()) !== null);
      exchange.respond(200, [], "");
    };
    await withServer({ handler }, async (scene) => {
      const client = await scene.connect();
      void client.write(`${request("POST /", ["Content-Length: 10"])}12345`);
      client.halfClose();
      await client.waitForFin();
      assert.deepEqual(client.statuses, [400]);
      assert.equal(client.error, null);
    });
  });
});
