import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { Signal } from "../support/deadline.ts";
import { note, readAll, request, withServer } from "../support/scene.ts";
import { KERNEL_NOTE, socketOf } from "../support/socket-table.ts";

// Goal: what a handler does not read stays with the peer. How: 64 MB are pushed at a handler that
// thinks for a while; the kernel's queues say how much of what was sent reached the process.

const LIMIT_BYTES = 65_536;
/** The read that passed the limit, one more that the runtime makes after `pause`, and the head. */
const MARGIN_BYTES = 2 * 65_536 + 200;
const UPLOAD = Buffer.alloc(64_000_000, "f");
const THINKING_MS = 400;

describe("fast uploader", () => {
  it("handler that does not read: the receive buffer is taken, then all of it", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    const isThought = new Signal();
    const mayRead = new Signal();
    const handler = async (exchange: Exchange): Promise<void> => {
      await delay(THINKING_MS);
      isThought.fire();
      await mayRead.promise;
      exchange.respond(200, [], String(await readAll(exchange)));
    };
    const limits = { receiveBufferLimitBytes: LIMIT_BYTES };
    await withServer({ handler, limits }, async (scene) => {
      const client = await scene.connect();
      await client.write(request("POST /", [`Content-Length: ${UPLOAD.length}`]));
      const headBytes = client.writtenBytes;
      // In pieces, because the runtime counts a write only when all of it is with the kernel.
      let piecesBytes = 0;
      const upload = async (): Promise<void> => {
        while (piecesBytes < UPLOAD.length) {
          await client.write(UPLOAD.subarray(piecesBytes, piecesBytes + 64_000));
          piecesBytes += 64_000;
        }
      };
      const uploading = upload();
      await isThought.promise;
      const unsent = socketOf(client.localPort, scene.port)?.sendQueueBytes ?? 0;
      const unread = socketOf(scene.port, client.localPort)?.receiveQueueBytes ?? 0;
      // The piece under way may be partly with the kernel, which only makes this smaller.
      const takenBytes = headBytes + piecesBytes - unsent - unread;
      note(
        `fast uploader: ${piecesBytes} B sent, ${unsent} B and ${unread} B with the kernels, ` +
          `${takenBytes} B with the server`,
      );
      assert.ok(takenBytes <= LIMIT_BYTES + MARGIN_BYTES, `${takenBytes} B were taken`);
      assert.ok(piecesBytes < UPLOAD.length / 2, "the upload was not held back");
      mayRead.fire();
      await uploading;
      await client.waitForResponses(1);
      assert.equal(client.last.text, String(UPLOAD.length));
    });
  });
});
