import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { Signal, within } from "../support/deadline.ts";
import { echoTarget, request, withServer } from "../support/scene.ts";

// Goal: an RST in the middle of a response is heard by whoever makes it, and by nobody else. How: a
// client resets while a long response comes; another one asks again afterwards.

const PIECE_LIMIT = 5_000;
const PIECE = Buffer.alloc(10_000, "p");

describe("client's RST in the middle of a response", () => {
  it("handler that writes: onAbort says peer-gone, others are answered", async () => {
    const aborted = new Signal<string>();
    const handler = async (exchange: Exchange): Promise<void> => {
      if (exchange.target !== "/long") return echoTarget(exchange);
      exchange.onAbort((reason) => aborted.fire(reason));
      exchange.startResponse(200, [], null);
      // Bounded, so that a server without backpressure fails this test instead of holding it up.
      for (let count = 0; count < PIECE_LIMIT && !exchange.isAborted; count++) {
        if (!exchange.write(PIECE)) await exchange.whenWritable();
      }
    };
    await withServer({ handler }, async (scene) => {
      const [client, other] = [await scene.connect(), await scene.connect()];
      await client.write(request("GET /long"));
      await client.waitFor("100 kB", () => client.receivedBytes > 100_000);
      client.reset();
      const reason = await within(aborted.promise, "onAbort");
      const ending = await scene.endingOf(client);
      await other.write(request("GET /still-here"));
      await other.waitForResponses(1);
      const observed = {
        reason,
        outcome: ending.outcome,
        closeReason: ending.reason,
        peerEnd: ending.peerEnd.type,
        other: other.last.text,
      };
      const expected = {
        reason: "peer-gone",
        outcome: { type: "reset-by-peer" },
        closeReason: "peer-reset",
        peerEnd: "reset",
        other: "/still-here",
      };
      assert.deepEqual(observed, expected);
    });
  });

  it("fetch callback that streams: signal aborts, the stream is cancelled", async () => {
    const aborted = new Signal();
    const cancelled = new Signal();
    const fetch = (webRequest: { readonly signal: AbortSignal }): Response => {
      webRequest.signal.addEventListener("abort", () => aborted.fire());
      const stream = new ReadableStream({
        pull: (controller) => controller.enqueue(PIECE),
        cancel: () => cancelled.fire(),
      });
      return new Response(stream);
    };
    await withServer({ fetch }, async (scene) => {
      const client = await scene.connect();
      await client.write(request());
      await client.waitFor("100 kB", () => client.receivedBytes > 100_000);
      client.reset();
      await within(aborted.promise, "request.signal");
      await within(cancelled.promise, "cancel of the stream");
      assert.deepEqual((await scene.endingOf(client)).outcome, { type: "reset-by-peer" });
    });
  });

  it("RST in the lingering phase: an ending, not an error", async () => {
    const handler = (exchange: Exchange): void => {
      exchange.respond(200, [["Connection", "close"]], "bye");
    };
    await withServer({ handler }, async (scene) => {
      const client = await scene.connect();
      await client.write(request());
      await client.waitForFin();
      client.reset();
      const ending = await scene.endingOf(client);
      assert.deepEqual(ending.outcome, { type: "reset-by-peer" });
      assert.equal(ending.reason, "handler-asked");
      assert.equal(ending.firstEnder, "local");
    });
  });

  it("handler that waits before it answers: onAbort says peer-gone", async () => {
    const aborted = new Signal<string>();
    const begun = new Signal();
    const handler = async (exchange: Exchange): Promise<void> => {
      exchange.onAbort((reason) => aborted.fire(reason));
      begun.fire();
      await aborted.promise;
      exchange.respond(200, [], "to nobody");
    };
    await withServer({ handler }, async (scene) => {
      const client = await scene.connect();
      await client.write(request());
      await within(begun.promise, "the handler");
      client.reset();
      assert.equal(await within(aborted.promise, "onAbort"), "peer-gone");
    });
  });
});
