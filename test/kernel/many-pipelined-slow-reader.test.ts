import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { request, withServer } from "../support/scene.ts";
import { KERNEL_NOTE, socketOf } from "../support/socket-table.ts";

// Goal: pipelined requests are answered in order and no faster than their answers are read. How:
// 5,000 of them with answers of 10 kB, to a client that first reads nothing and then everything.

const COUNT = 5_000;
const CONTENT = "c".repeat(10_000);

describe("pipelining", () => {
  it("5,000 requests, nothing read: few are begun; then read: all in order", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    let begunCount = 0;
    const handler = (exchange: Exchange): void => {
      begunCount += 1;
      exchange.respond(200, [["X-Target", exchange.target]], CONTENT);
    };
    const limits = { sendBufferLimitBytes: 131_072 };
    await withServer({ handler, limits }, async (scene) => {
      const client = await scene.connect({ isReading: false });
      const requests = Array.from({ length: COUNT }, (_, index) => request(`GET /${index}`));
      await client.write(requests.join(""));
      // A request of another client is a full turn for the server: it has read what it wants.
      const other = await scene.connect();
      await other.write(request("GET /other"));
      await other.waitForResponses(1);
      const begunBeforeReading = begunCount - 1;
      const queued = socketOf(scene.port, client.localPort)?.sendQueueBytes ?? 0;
      client.resume();
      await client.waitForResponses(COUNT);
      const targets = client.responses.map(({ fields }) => fields.get("x-target"));
      assert.deepEqual(
        targets,
        requests.map((_, index) => `/${index}`),
      );
      assert.ok(begunBeforeReading < COUNT / 2, `${begunBeforeReading} begun, ${queued} B queued`);
      assert.equal(client.end, "open");
    });
  });
});
