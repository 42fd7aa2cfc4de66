import assert from "node:assert/strict";
import { appendFileSync, truncateSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { describe, it } from "vitest";
import { FakeExchange } from "./fake-exchange.ts";
import { SiteFixture } from "./fake-site.ts";
import { planWhole } from "./static-plan.ts";
import { sendFromFile } from "./static-send.ts";

// Goal: streaming keeps the announced length or breaks off, and never runs ahead of a slow peer.
// How: a file of a few chunks, and an exchange whose `write` changes the file, waits or ends.

const CHUNK_BYTES = 65_536;
const SIZE_BYTES = 3 * CHUNK_BYTES + 100;
const CONTENT = Buffer.alloc(SIZE_BYTES, "0123456789abcdef!");

async function withFile(run: (handle: FileHandle, path: string) => Promise<void>): Promise<void> {
  using fixture = new SiteFixture({ "a.bin": CONTENT });
  const handle = await open(fixture.path("a.bin"));
  try {
    await run(handle, fixture.path("a.bin"));
  } finally {
    await handle.close();
  }
}

const plan = planWhole(200, [], SIZE_BYTES);

describe("sendFromFile", () => {
  it("a file that stays: arrives whole, in chunks", async () => {
    await withFile(async (handle) => {
      const exchange = new FakeExchange();
      await sendFromFile(exchange, plan, handle);
      assert.ok(exchange.isEnded && exchange.content.equals(CONTENT));
      assert.equal(exchange.pieces.length, 4);
    });
  });

  it("a file that shrinks: breaks the response off", async () => {
    await withFile(async (handle, path) => {
      const onWrite = (): boolean => {
        truncateSync(path, CHUNK_BYTES + 10);
        return true;
      };
      const exchange = new FakeExchange({ onWrite });
      await sendFromFile(exchange, plan, handle);
      assert.equal(exchange.abortReason, "content-failed");
      assert.equal(exchange.isEnded, false);
      assert.ok(exchange.content.equals(CONTENT.subarray(0, CHUNK_BYTES + 10)));
    });
  });

  it("a file that grows: is sent up to the announced length", async () => {
    await withFile(async (handle, path) => {
      const onWrite = (): boolean => {
        appendFileSync(path, "more");
        return true;
      };
      const exchange = new FakeExchange({ onWrite });
      await sendFromFile(exchange, plan, handle);
      assert.ok(exchange.isEnded && exchange.content.equals(CONTENT));
    });
  });

  it("a read that fails: breaks the response off", async () => {
    using fixture = new SiteFixture({ "a.bin": CONTENT });
    const handle = await open(fixture.path("a.bin"));
    await handle.close();
    const exchange = new FakeExchange();
    await sendFromFile(exchange, plan, handle);
    assert.equal(exchange.abortReason, "content-failed");
  });

  it("a slow peer: gets one chunk until it has room again", async () => {
    await withFile(async (handle) => {
      const exchange = new FakeExchange({ onWrite: () => false });
      const sent = sendFromFile(exchange, plan, handle);
      await exchange.firstWait;
      assert.equal(exchange.pieces.length, 1);
      const timer = setInterval(() => exchange.makeWritable(), 0);
      await sent;
      clearInterval(timer);
      assert.ok(exchange.isEnded && exchange.content.equals(CONTENT));
    });
  });

  it("a peer that goes while we wait: gets nothing more", async () => {
    await withFile(async (handle) => {
      const exchange = new FakeExchange({ onWrite: () => false });
      const sent = sendFromFile(exchange, plan, handle);
      await exchange.firstWait;
      exchange.abort("peer-gone");
      await sent;
      assert.deepEqual([exchange.pieces.length, exchange.lateWriteCount], [1, 0]);
      assert.equal(exchange.isEnded, false);
    });
  });

  it("pieces of both kinds: are sent in order", async () => {
    await withFile(async (handle) => {
      const exchange = new FakeExchange();
      const pieces = [
        { type: "bytes", bytes: Buffer.from("<") },
        { type: "range", first: 16, end: 18 },
        { type: "bytes", bytes: Buffer.from(">") },
        { type: "range", first: 0, end: 2 },
      ] as const;
      await sendFromFile(exchange, { status: 206, fields: [], contentBytes: 6, pieces }, handle);
      assert.equal(exchange.text, "<!0>01");
    });
  });
});
