import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { request, TEST_TLS, withServer } from "../support/scene.ts";

// Goal: over TLS an early response reaches a client that sends everything first. How: 4 MB up with
// reading stopped, 1 MB with `Connection: close` down, ten times; then a close_notify each way.

const UPLOAD = Buffer.alloc(4_000_000, "u");
const CONTENT = Buffer.alloc(1_000_000, "c");
const TRIES = 10;

describe("TLS", () => {
  it("4 MB sent before reading, 1 MB answered with close: whole, 10 of 10", async () => {
    const options = {
      tls: TEST_TLS,
      handler: (exchange: Exchange) => exchange.respond(413, [["Connection", "close"]], CONTENT),
    };
    await withServer(options, async (scene) => {
      const seen: object[] = [];
      for (let count = 0; count < TRIES; count++) {
        const client = await scene.connect({ isTls: true, isReading: false });
        await client.write(request("POST /", [`Content-Length: ${UPLOAD.length}`]));
        await client.write(UPLOAD);
        client.resume();
        await client.waitForFin();
        client.halfClose();
        const ending = await scene.endingOf(client);
        seen.push({
          statuses: client.statuses,
          bodyBytes: client.last.bodyBytes,
          error: client.error,
          outcome: ending.outcome.type,
          peerEnd: ending.peerEnd.type,
        });
      }
      const expected = {
        statuses: [413],
        bodyBytes: CONTENT.length,
        error: null,
        outcome: "clean",
        peerEnd: "fin-or-close-notify",
      };
      assert.deepEqual(
        seen,
        Array.from({ length: TRIES }, () => expected),
      );
    });
  });

  it("half-closed by close_notify before a response: answered whole", async () => {
    const handler = (exchange: Exchange): void => exchange.respond(200, [], CONTENT);
    await withServer({ tls: TEST_TLS, handler }, async (scene) => {
      const client = await scene.connect({ isTls: true });
      void client.write(request());
      client.halfClose();
      await client.waitForFin();
      assert.deepEqual(client.statuses, [200]);
      assert.equal(client.last.bodyBytes, CONTENT.length);
      assert.equal(client.error, null);
    });
  });
});
