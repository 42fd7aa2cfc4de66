import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { type AttachedScene, attachedScene, summaryOf } from "../support/attached-scene.ts";
import type { RawClient } from "../support/raw-client.ts";
import { request } from "../support/scene.ts";

// Goal: whatever makes a response the last one, FIN follows it and what comes later is absorbed:
// not answered, not dispatched, not reset. How: raw clients that go on sending.

const GET = request();
const GET_CLOSE = request("GET /", ["Connection: close"]);

/** Sends more requests, ends, and expects the connection to end in order. */
async function insist(
  client: RawClient,
  { endingOf }: AttachedScene,
  reason: string,
): Promise<void> {
  await client.waitForFin();
  for (let count = 0; count < 20; count++) await client.write(GET);
  client.halfClose();
  const ending = await endingOf(client);
  assert.deepEqual(summaryOf(ending), ["clean", null, reason]);
  assert.equal(ending.firstEnder, "local");
  assert.ok(ending.discardedBytes >= 20 * GET.length, `${ending.discardedBytes} bytes discarded`);
  assert.equal(client.end, "fin");
}

for (const isTls of [false, true]) {
  const way = isTls ? "TLS" : "plain";

  describe(`maxRequestsPerSocket, ${way}`, () => {
    for (const how of ["one by one", "pipelined"]) {
      const urls: string[] = [];
      it(
        `requests ${how}: close with the last one, then FIN`,
        attachedScene(
          ({ url = "" }, response) => {
            urls.push(url);
            response.end("ok");
          },
          async (scene) => {
            const client = await scene.connect();
            if (how === "pipelined") await client.write(GET.repeat(5));
            else await client.write(GET);
            await client.waitForResponses(1);
            if (how === "one by one") await client.write(GET);
            await insist(client, scene, "request-limit");
            assert.deepEqual(client.statuses, [200, 200]);
            assert.equal(client.last.fields.get("connection"), "close");
            assert.equal(urls.length, 2);
          },
          {
            isTls,
            prepare: (server) => {
              server.maxRequestsPerSocket = 2;
            },
          },
        ),
      );
    }
  });

  describe(`keepAliveTimeout, ${way}`, () => {
    const urls: string[] = [];
    it(
      "an idle connection: FIN, and requests that cross it are absorbed",
      attachedScene(
        ({ url = "" }, response) => {
          urls.push(url);
          response.end("ok");
        },
        async (scene) => {
          const client = await scene.connect();
          await client.write(GET);
          await insist(client, scene, "idle-timeout");
          assert.deepEqual([client.statuses, urls], [[200], ["/"]]);
          assert.equal(scene.attached.counts.lostCount, 1);
        },
        { isTls, server: { keepAliveTimeout: 50 } },
      ),
    );
  });

  describe(`close that the application says, ${way}`, () => {
    const urls: string[] = [];
    it(
      "setHeader: FIN behind the response",
      attachedScene(
        ({ url = "" }, response) => {
          urls.push(url);
          response.setHeader("Connection", "close").end("ok");
        },
        async (scene) => {
          const client = await scene.connect();
          await client.write(GET);
          await insist(client, scene, "handler-asked");
          assert.deepEqual([client.statuses, urls], [[200], ["/"]]);
        },
        { isTls },
      ),
    );
  });

  describe(`requests behind the one that says close, ${way}`, () => {
    for (const how of ["in the same packet", "while it is answered", "behind the response"]) {
      const urls: string[] = [];
      it(
        `${how}: never reach a handler`,
        attachedScene(
          ({ url = "" }, response) => {
            urls.push(url);
            setImmediate(() => response.end("x".repeat(100_000)));
          },
          async (scene) => {
            const client = await scene.connect();
            const behind = request("GET /behind");
            await client.write(how === "in the same packet" ? GET_CLOSE + behind : GET_CLOSE);
            if (how === "while it is answered") await client.write(behind.repeat(3));
            await client.waitForFin();
            for (let count = 0; count < 20; count++) await client.write(behind);
            client.halfClose();
            const ending = await scene.endingOf(client);
            assert.deepEqual(summaryOf(ending), ["clean", null, "client-asked"]);
            assert.deepEqual([client.statuses, client.completeCount], [[200], 1]);
            assert.deepEqual([urls, ending.requestCount], [["/"], 1]);
          },
          { isTls },
        ),
      );
    }
  });
}

describe("never a second response", () => {
  const SLOW = { headersTimeout: 80, requestTimeout: 80, connectionsCheckingInterval: 20 };
  const halfBody = `${request("POST /", ["Content-Length: 9"])}half`;

  it(
    "requestTimeout behind a complete early response: FIN and nothing else",
    attachedScene(
      (_message, response) => void response.end("early"),
      async ({ connect, endingOf }) => {
        const client = await connect();
        await client.write(halfBody);
        await client.waitForFin();
        client.halfClose();
        assert.deepEqual(summaryOf(await endingOf(client)), ["clean", null, "request-timeout"]);
        assert.deepEqual([client.statuses, client.completeCount], [[200], 1]);
      },
      { server: SLOW, policy: { discardTimeoutMs: 5_000 } },
    ),
  );

  it(
    "time-outs while it lingers: FIN and nothing else",
    attachedScene(
      (_message, response) => void response.setHeader("Connection", "close").end("early"),
      async ({ connect, endingOf }) => {
        const client = await connect();
        await client.write(halfBody);
        const [type, bound] = summaryOf(await endingOf(client));
        assert.deepEqual([type, bound], ["abandoned", "linger-idle-time"]);
        assert.deepEqual([client.statuses, client.completeCount], [[200], 1]);
        assert.equal(client.end, "fin");
      },
      { server: SLOW, policy: { lingerIdleTimeoutMs: 300 } },
    ),
  );

  it(
    "requestTimeout in the middle of a response: what has begun is cut off",
    attachedScene(
      (message, response) => {
        message.on("error", () => {});
        response.on("error", () => {});
        response.setHeader("Content-Length", 100);
        response.write("some");
      },
      async ({ connect, endingOf }) => {
        const client = await connect();
        await client.write(halfBody);
        await client.waitForEnd();
        await endingOf(client);
        assert.deepEqual([client.statuses, client.completeCount], [[200], 0]);
        assert.equal(client.last.bodyBytes, 4);
      },
      { server: SLOW },
    ),
  );
});
