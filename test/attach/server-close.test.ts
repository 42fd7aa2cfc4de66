import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { describe, it } from "vitest";
import { attach } from "../../src/attach/attach.ts";
import { attachedScene, startServer, summaryOf } from "../support/attached-scene.ts";
import { Signal, within } from "../support/deadline.ts";
import { RawClient } from "../support/raw-client.ts";
import { request } from "../support/scene.ts";

// Goal: the server's own ways to end keep their meaning with attach: callbacks come, idle clients
// see FIN, busy ones their answer, and closeAllConnections is at once. How: raw clients in each
// state.

const GET = request();

/** Answers "/held" when released, others at once. */
function holding(): { readonly handler: RequestListener; readonly held: Signal; release(): void } {
  const held = new Signal();
  const released = new Signal();
  return {
    held,
    release: () => released.fire(),
    handler: ({ url }, response) => {
      if (url !== "/held") {
        response.end("ok");
        return;
      }
      held.fire();
      void released.promise.then(() => response.end("late"));
    },
  };
}

for (const isTls of [false, true]) {
  const way = isTls ? "TLS" : "plain";

  describe(`close, ${way}`, () => {
    const { handler, held, release } = holding();
    it(
      "idle clients see FIN, the busy one its answers, close and FIN, then the callback comes",
      attachedScene(
        handler,
        async ({ server, connect, endingOf }) => {
          const idle = await connect();
          const busy = await connect();
          await idle.write(GET);
          await idle.waitForResponses(1);
          await busy.write(request("GET /held"));
          await held.promise;
          let isClosed = false;
          const closed = new Promise<void>((resolve) => server.close(() => resolve())).then(() => {
            isClosed = true;
          });
          await idle.waitForFin();
          // What crosses the FIN is absorbed.
          await idle.write(GET);
          idle.halfClose();
          assert.deepEqual(summaryOf(await endingOf(idle)), ["clean", null, "server-shutdown"]);
          assert.deepEqual([idle.statuses, idle.end], [[200], "fin"]);
          assert.deepEqual([busy.end, isClosed], ["open", false]);
          release();
          await busy.waitForResponses(1);
          // Nobody had told it, so its next request is answered, and says so.
          await busy.write(GET);
          await busy.waitForFin();
          busy.halfClose();
          await within(closed, "the callback of close");
          assert.deepEqual([busy.statuses, busy.completeCount], [[200, 200], 2]);
          assert.equal(busy.last.fields.get("connection"), "close");
          assert.deepEqual(summaryOf(await endingOf(busy)), ["clean", null, "server-shutdown"]);
        },
        // Never idle for too long.
        { isTls, server: { keepAliveTimeout: 0 } },
      ),
    );
  });

  describe(`closeIdleConnections, ${way}`, () => {
    const { handler, held, release } = holding();
    it(
      "idle clients see FIN, the busy one goes on and is used again",
      attachedScene(
        handler,
        async ({ server, connect, endingOf }) => {
          const idle = await connect();
          const busy = await connect();
          await idle.write(GET);
          await idle.waitForResponses(1);
          await busy.write(request("GET /held"));
          await held.promise;
          server.closeIdleConnections();
          await idle.waitForFin();
          idle.halfClose();
          assert.equal((await endingOf(idle)).outcome.type, "clean");
          release();
          await busy.waitForResponses(1);
          await busy.write(GET);
          await busy.waitForResponses(2);
          assert.equal(busy.end, "open");
        },
        { isTls },
      ),
    );
  });

  describe(`closeAllConnections, ${way}`, () => {
    const { handler, held } = holding();
    it(
      "idle, busy and lingering clients: are gone at once, and the callback of close comes",
      attachedScene(
        handler,
        async ({ attached, server, connect, endingOf }) => {
          const idle = await connect();
          const busy = await connect();
          const lingering = await connect();
          await idle.write(GET);
          await idle.waitForResponses(1);
          await busy.write(request("GET /held"));
          await held.promise;
          await lingering.write(request("GET /", ["Connection: close"]));
          await lingering.waitForFin();
          const closed = new Promise<void>((resolve) => server.close(() => resolve()));
          server.closeAllConnections();
          assert.equal(attached.connectionPhases.lingering, 0);
          await within(closed, "the callback of close");
          await busy.waitForEnd();
          assert.deepEqual(busy.statuses, []);
          const expected = ["abandoned", "socket-destroyed"];
          assert.deepEqual(summaryOf(await endingOf(busy)).slice(0, 2), expected);
          assert.deepEqual(summaryOf(await endingOf(lingering)).slice(0, 2), expected);
          assert.equal(attached.connectionCount, 0);
        },
        { isTls },
      ),
    );
  });
}

describe("an AbortSignal given to listen", () => {
  it("aborted: the server closes, idle clients see FIN", async () => {
    const abort = new AbortController();
    const server = startServer((_message, response) => void response.end("ok"));
    const attached = attach(server);
    await new Promise<void>((resolve) => {
      server.listen({ port: 0, host: "127.0.0.1", signal: abort.signal }, resolve);
    });
    const client = await RawClient.connect({ port: attached.port });
    await client.write(GET);
    await client.waitForResponses(1);
    const closed = new Promise<void>((resolve) => server.once("close", () => resolve()));
    abort.abort();
    await client.waitForFin();
    client.halfClose();
    await within(closed, "the close of the server");
    assert.deepEqual(client.statuses, [200]);
    await within(attached.shutdown({ deadlineMs: 0 }), "the end of the server");
  });
});
