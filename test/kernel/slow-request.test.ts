import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { echoTarget, readAll, request, withServer } from "../support/scene.ts";

// Goal: a request that does not come in time is answered with 408, a silent connection with
// nothing. How: time-outs of a quarter of a second, and clients that stop at different points.

const TIMEOUT_MS = 250;

const readBody = async (exchange: Exchange): Promise<void> => {
  exchange.respond(200, [], String(await readAll(exchange)));
};

describe("slow request", () => {
  const cases = [
    ["half a header section", "GET / HTTP/1.1\r\nHost: loc", 408],
    ["half a body", `${request("POST /", ["Content-Length: 10000"])}part`, 408],
    ["half a chunk", `${request("POST /", ["Transfer-Encoding: chunked"])}ff\r\npart`, 408],
    ["nothing", "", null],
  ] as const;
  for (const [name, bytes, status] of cases) {
    const answer = status === null ? "no byte at all" : `a whole ${status}`;
    it(`${name}, then silence: ${answer}, then FIN`, async () => {
      const limits = { headerTimeoutMs: TIMEOUT_MS, bodyRateWindowMs: TIMEOUT_MS };
      await withServer({ handler: readBody, limits }, async (scene) => {
        const client = await scene.connect();
        if (bytes !== "") await client.write(bytes);
        await client.waitForFin();
        const atMs = client.finAtMs ?? 0;
        client.halfClose();
        const ending = await scene.endingOf(client);
        const observed = {
          statuses: client.statuses,
          isComplete: client.completeCount === client.responses.length,
          error: client.error,
          reason: ending.reason,
          outcome: ending.outcome.type,
        };
        const expected = {
          statuses: status === null ? [] : [status],
          isComplete: true,
          error: null,
          reason: status === null ? "idle-timeout" : "request-timeout",
          outcome: "clean",
        };
        assert.deepEqual(observed, expected);
        if (status === null) assert.equal(client.receivedBytes, 0);
        assert.ok(atMs >= TIMEOUT_MS - 30 && atMs < TIMEOUT_MS + 1_500, `FIN after ${atMs} ms`);
      });
    });
  }

  it("half of the next request on a used connection: 408 for that one", async () => {
    const limits = { headerTimeoutMs: TIMEOUT_MS };
    await withServer({ handler: echoTarget, limits }, async (scene) => {
      const client = await scene.connect();
      await client.write(`${request("GET /1")}GET /2 HT`);
      await client.waitForFin();
      assert.deepEqual(client.statuses, [200, 408]);
    });
  });

  it("a body at twice the least rate for several windows: is read to its end", async () => {
    const limits = { bodyMinRateBytesPerSecond: 500, bodyRateWindowMs: TIMEOUT_MS };
    await withServer({ handler: readBody, limits }, async (scene) => {
      const client = await scene.connect();
      await client.write(request("POST /", ["Content-Length: 2000"]));
      let sentBytes = 0;
      const timer = setInterval(() => {
        sentBytes += 100;
        void client.write("s".repeat(100));
        if (sentBytes === 2_000) clearInterval(timer);
      }, 50);
      try {
        await client.waitForResponses(1);
      } finally {
        clearInterval(timer);
      }
      assert.deepEqual(client.statuses, [200]);
      assert.equal(client.last.text, "2000");
    });
  });
});
