import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { request, withServer } from "../support/scene.ts";

// Goal: a cheap remainder of a request is read to keep the connection, a dear one closes it. How:
// bodies that nobody reads, below and beyond discardLimitBytes, declared and chunked.

const LIMIT_BYTES = 50_000;
const OPTIONS = {
  handler: (exchange: Exchange) => exchange.respond(200, [], exchange.target),
  close: { discardLimitBytes: LIMIT_BYTES },
};
const CHUNK = `2710\r\n${"c".repeat(10_000)}\r\n`;

describe("unread body", () => {
  it("40 kB declared, sent after the response: the second request is answered", async () => {
    await withServer(OPTIONS, async (scene) => {
      const client = await scene.connect();
      await client.write(request("POST /1", ["Content-Length: 40000"]));
      await client.waitForResponses(1);
      await client.write("b".repeat(40_000) + request("GET /2"));
      await client.waitForResponses(2);
      assert.deepEqual(
        client.responses.map(({ text }) => text),
        ["/1", "/2"],
      );
      assert.equal(client.responses[0]?.fields.get("connection"), "keep-alive");
      client.close();
      assert.equal((await scene.endingOf(client)).discardedBytes, 40_000);
    });
  });

  it("60 kB declared: the response says close, and the body is lingered over", async () => {
    await withServer(OPTIONS, async (scene) => {
      const client = await scene.connect();
      await client.write(request("POST /1", ["Content-Length: 60000"]));
      await client.waitForFin();
      await client.write("b".repeat(60_000) + request("GET /2"));
      client.halfClose();
      const ending = await scene.endingOf(client);
      const observed = {
        statuses: client.statuses,
        connection: client.last.fields.get("connection"),
        error: client.error,
        reason: ending.reason,
        outcome: ending.outcome.type,
        discardedBytes: ending.discardedBytes,
      };
      const expected = {
        statuses: [200],
        connection: "close",
        error: null,
        reason: "body-unread",
        outcome: "clean",
        discardedBytes: 60_000 + request("GET /2").length,
      };
      assert.deepEqual(observed, expected);
    });
  });

  it("20 kB chunked, sent after the response: the second request is answered", async () => {
    await withServer(OPTIONS, async (scene) => {
      const client = await scene.connect();
      await client.write(request("POST /1", ["Transfer-Encoding: chunked"]));
      await client.waitForResponses(1);
      await client.write(`${CHUNK}${CHUNK}0\r\n\r\n${request("GET /2")}`);
      await client.waitForResponses(2);
      assert.deepEqual(client.statuses, [200, 200]);
    });
  });

  it("100 kB chunked, sent after the response: FIN, no second response, no RST", async () => {
    await withServer(OPTIONS, async (scene) => {
      const client = await scene.connect();
      await client.write(request("POST /1", ["Transfer-Encoding: chunked"]));
      await client.waitForResponses(1);
      await client.write(CHUNK.repeat(10));
      await client.waitForFin();
      await client.write(`${CHUNK}0\r\n\r\n${request("GET /2")}`);
      client.halfClose();
      const ending = await scene.endingOf(client);
      const observed = {
        statuses: client.statuses,
        error: client.error,
        reason: ending.reason,
        outcome: ending.outcome.type,
      };
      const expected = {
        statuses: [200],
        error: null,
        reason: "discard-exhausted",
        outcome: "clean",
      };
      assert.deepEqual(observed, expected);
      assert.ok(ending.discardedBytes > 100_000, `${ending.discardedBytes} B`);
    });
  });
});
