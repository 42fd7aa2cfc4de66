import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import type { RawClient } from "../support/raw-client.ts";
import { note, request, withServer } from "../support/scene.ts";

// Goal: a slow reader is served for as long as it makes progress, in bounded memory; one that stops
// is ended. How: 50 MB through write and whenWritable, to a client that reads in small steps.

const PIECE = Buffer.alloc(65_536, "p");
const PIECE_COUNT = 763;
const SEND_LIMIT_BYTES = 131_072;

/** What the process accepted before `write` said stop, each time. */
interface Pressure {
  waitCount: number;
  acceptedBytes: number;
}

const streamTo =
  (pressure: Pressure) =>
  async (exchange: Exchange): Promise<void> => {
    exchange.startResponse(200, [], PIECE.length * PIECE_COUNT);
    for (let count = 0; count < PIECE_COUNT && !exchange.isAborted; count++) {
      pressure.acceptedBytes += PIECE.length;
      if (exchange.write(PIECE)) continue;
      pressure.waitCount += 1;
      await exchange.whenWritable();
    }
    exchange.endResponse();
  };

/** Reads on only after a while, each time it has read something: about 64 KiB per step. */
function readSlowly(client: RawClient, stepMs: number): void {
  client.onSeen(() => {
    client.pause();
    setTimeout(() => client.resume(), stepMs);
  });
}

describe("slow reader", () => {
  it("50 MB in small steps over several send time-outs: whole, in bounded memory", async () => {
    const pressure: Pressure = { waitCount: 0, acceptedBytes: 0 };
    const limits = { sendTimeoutMs: 800, sendBufferLimitBytes: SEND_LIMIT_BYTES };
    await withServer({ handler: streamTo(pressure), limits }, async (scene) => {
      const client = await scene.connect();
      let largestGapBytes = 0;
      client.onSeen(() => {
        largestGapBytes = Math.max(largestGapBytes, pressure.acceptedBytes - client.receivedBytes);
      });
      readSlowly(client, 3);
      const startedAtMs = performance.now();
      await client.write(request());
      await client.waitForResponses(1, 18_000);
      const tookMs = performance.now() - startedAtMs;
      assert.equal(client.last.bodyBytes, PIECE.length * PIECE_COUNT);
      assert.ok(tookMs > 1_600, `a test of slowness took only ${tookMs} ms`);
      assert.ok(pressure.waitCount > 20, `write said stop ${pressure.waitCount} times`);
      // Our buffer, and the two of the kernel: at most 4 MiB to send and what it lets us receive.
      assert.ok(largestGapBytes < 16_000_000, `${largestGapBytes} B were under way at once`);
      note(
        `slow reader: ${Math.round(tookMs)} ms, ${pressure.waitCount} waits, ` +
          `at most ${largestGapBytes} B under way`,
      );
    });
  }, 30_000);

  // Progress is what the kernel takes from us, and it takes again only when a third of its buffer
  // is free: over loopback 1.3 MB. So the reader here is faster than that per send time-out.
  for (const [name, fields] of [
    ["kept open", []],
    ["closed behind it", [["Connection", "close"]]],
  ] as const) {
    it(`20 MB given at once, ${name}, read over several send time-outs: whole`, async () => {
      const content = Buffer.alloc(20_000_000, "w");
      const handler = (exchange: Exchange): void => exchange.respond(200, fields, content);
      const limits = { sendTimeoutMs: 600, sendBufferLimitBytes: SEND_LIMIT_BYTES };
      await withServer({ handler, limits }, async (scene) => {
        const client = await scene.connect();
        readSlowly(client, 5);
        const startedAtMs = performance.now();
        await client.write(request());
        await client.waitForResponses(1, 15_000);
        const tookMs = performance.now() - startedAtMs;
        assert.equal(client.last.bodyBytes, content.length);
        assert.ok(tookMs > 1_200, `a test of slowness took only ${tookMs} ms`);
      });
    });
  }

  it("a reader that stops: ended by the send time-out, with a bounded rest", async () => {
    const pressure: Pressure = { waitCount: 0, acceptedBytes: 0 };
    const limits = { sendTimeoutMs: 400, sendBufferLimitBytes: SEND_LIMIT_BYTES };
    const reasons: string[] = [];
    const handler = (exchange: Exchange): Promise<void> => {
      exchange.onAbort((reason) => reasons.push(reason));
      return streamTo(pressure)(exchange);
    };
    await withServer({ handler, limits }, async (scene) => {
      const client = await scene.connect({ isReading: false });
      await client.write(request());
      const ending = await scene.endingOf(client);
      assert.deepEqual(ending.outcome, { type: "abandoned", bound: "send-timeout" });
      assert.equal(ending.reason, "send-timeout");
      assert.deepEqual(reasons, ["peer-gone"]);
      assert.equal(pressure.waitCount, 1);
      assert.ok(ending.unsentBytes > SEND_LIMIT_BYTES, `${ending.unsentBytes} B`);
      const most = SEND_LIMIT_BYTES + PIECE.length;
      assert.ok(ending.unsentBytes <= most, `${ending.unsentBytes} B unsent, at most ${most}`);
    });
  });
});
