import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import type { RawClient } from "../support/raw-client.ts";
import { request, withServer } from "../support/scene.ts";

// Goal: an upload without end is cut at the byte bound, after the response. How: the client writes
// until an error stops it, once reading and once not.

const LIMIT_BYTES = 1_000_000;
const PIECE = Buffer.alloc(65_536, "e");
const HEAD = request("POST /", ["Content-Length: 900000000"]);

async function writeWithoutEnd(client: RawClient): Promise<void> {
  while (!client.isGone) await client.write(PIECE);
}

describe("endless upload", () => {
  it("reader of the response: sees all of it, then RST; the byte bound is named", async () => {
    const content = "r".repeat(100_000);
    const options = {
      handler: (exchange: Exchange) => exchange.respond(413, [["Connection", "close"]], content),
      close: { lingerLimitBytes: LIMIT_BYTES },
    };
    await withServer(options, async (scene) => {
      const client = await scene.connect();
      await client.write(HEAD);
      const writing = writeWithoutEnd(client);
      await client.waitForResponses(1);
      await client.waitForError();
      await writing;
      const ending = await scene.endingOf(client);
      assert.deepEqual(client.statuses, [413]);
      assert.ok(client.last.text === content, client.describe());
      assert.equal(client.end, "reset");
      assert.deepEqual(ending.outcome, { type: "abandoned", bound: "linger-bytes" });
      assert.ok(ending.discardedBytes > LIMIT_BYTES, `${ending.discardedBytes} B`);
      assert.ok(ending.discardedBytes <= LIMIT_BYTES + 2 * 65_536, `${ending.discardedBytes} B`);
    });
  });

  it("nobody reads a response larger than the buffers: ended by the send time-out", async () => {
    const content = Buffer.alloc(20_000_000, "r");
    const options = {
      handler: (exchange: Exchange) => exchange.respond(413, [["Connection", "close"]], content),
      close: { lingerLimitBytes: LIMIT_BYTES },
      limits: { sendTimeoutMs: 400 },
    };
    await withServer(options, async (scene) => {
      const client = await scene.connect({ isReading: false });
      await client.write(HEAD);
      const writing = writeWithoutEnd(client);
      const ending = await scene.endingOf(client);
      client.close();
      await writing;
      assert.deepEqual(ending.outcome, { type: "abandoned", bound: "send-timeout" });
      assert.ok(ending.discardedBytes <= LIMIT_BYTES + 2 * 65_536, `${ending.discardedBytes} B`);
      assert.ok(ending.unsentBytes > 0);
    });
  });
});
