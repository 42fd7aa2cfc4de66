import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { echoTarget, request, withServer } from "../support/scene.ts";

// Goal: HTTP/1.0 closes after each response unless the client asks otherwise; HTTP/1.1 the other
// way round. How: one request each, then FIN or a second request.

describe("persistence", () => {
  const closing = [
    ["HTTP/1.0", request("GET /1", [], "1.0")],
    ["HTTP/1.1 with Connection: close", request("GET /1", ["Connection: close"])],
  ] as const;
  for (const [name, bytes] of closing) {
    it(`${name}: one response with close, FIN, the next request is absorbed`, async () => {
      await withServer({ handler: echoTarget }, async (scene) => {
        const client = await scene.connect();
        await client.write(bytes + request("GET /2"));
        await client.waitForFin();
        client.halfClose();
        const ending = await scene.endingOf(client);
        assert.deepEqual(client.statuses, [200]);
        assert.equal(client.last.text, "/1");
        assert.equal(client.last.fields.get("connection"), "close");
        assert.equal(client.error, null);
        assert.equal(ending.reason, "client-asked");
        assert.equal(ending.outcome.type, "clean");
      });
    });
  }

  const persisting = [
    ["HTTP/1.0 with keep-alive", request("GET /1", ["Connection: keep-alive"], "1.0")],
    ["HTTP/1.1", request("GET /1")],
  ] as const;
  for (const [name, bytes] of persisting) {
    it(`${name}: stays open for the second request`, async () => {
      await withServer({ handler: echoTarget }, async (scene) => {
        const client = await scene.connect();
        await client.write(bytes);
        await client.waitForResponses(1);
        assert.equal(client.last.fields.get("connection"), "keep-alive");
        assert.equal(client.last.fields.get("keep-alive"), "timeout=65");
        await client.write(bytes);
        await client.waitForResponses(2);
        assert.equal(client.end, "open");
      });
    });
  }

  it("requestLimit 2: the second response says close, the third request is absorbed", async () => {
    await withServer({ handler: echoTarget, limits: { requestLimit: 2 } }, async (scene) => {
      const client = await scene.connect();
      await client.write(request("GET /1") + request("GET /2") + request("GET /3"));
      await client.waitForFin();
      client.halfClose();
      const ending = await scene.endingOf(client);
      assert.deepEqual(
        client.responses.map(({ fields }) => fields.get("connection")),
        ["keep-alive", "close"],
      );
      assert.equal(client.error, null);
      assert.equal(ending.reason, "request-limit");
    });
  });
});
