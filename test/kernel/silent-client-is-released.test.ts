import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { request, withServer } from "../support/scene.ts";
import { KERNEL_NOTE, socketOf } from "../support/socket-table.ts";

// Goal: a client that never ends its side costs the process nothing after the idle bound. How: it
// reads the response and the FIN and stays; the kernel says who owns the server's end.

const IDLE_MS = 300;
const TOLERANCE_MS = 700;

describe("client that never closes", () => {
  it("silent after the FIN: FIN-WAIT-2 is owned until the idle bound, then not", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    const options = {
      handler: (exchange: Exchange) => exchange.respond(200, [["Connection", "close"]], "bye"),
      close: { lingerIdleTimeoutMs: IDLE_MS },
    };
    await withServer(options, async (scene) => {
      const client = await scene.connect();
      await client.write(request());
      await client.waitForFin();
      const finAtMs = performance.now();
      const lingering = socketOf(scene.port, client.localPort);
      const ending = await scene.endingOf(client);
      const heldMs = performance.now() - finAtMs;
      const released = socketOf(scene.port, client.localPort);
      const observed = {
        // The client's kernel may delay the acknowledgment that ends FIN-WAIT-1.
        isInFinWait: lingering?.state.startsWith("fin-wait"),
        isOwnedWhileLingering: lingering?.isOwned,
        released: released?.state,
        isOwnedAfterwards: released?.isOwned,
        outcome: ending.outcome,
        reason: ending.reason,
        clientError: client.error,
      };
      const expected = {
        isInFinWait: true,
        isOwnedWhileLingering: true,
        released: "fin-wait-2",
        isOwnedAfterwards: false,
        outcome: { type: "abandoned", bound: "linger-idle-time" },
        reason: "handler-asked",
        clientError: null,
      };
      assert.deepEqual(observed, expected);
      assert.ok(heldMs < IDLE_MS + TOLERANCE_MS, `held for ${heldMs} ms`);
      assert.ok(ending.durations.lingeringMs >= IDLE_MS - 1, JSON.stringify(ending.durations));
    });
  });

  it("bound reached with onLingerExhausted reset: the client sees RST", async () => {
    const options = {
      handler: (exchange: Exchange) => exchange.respond(200, [["Connection", "close"]], "bye"),
      close: { lingerIdleTimeoutMs: 200, onLingerExhausted: "reset" as const },
    };
    await withServer(options, async (scene) => {
      const client = await scene.connect();
      await client.write(request());
      await client.waitForFin();
      const ending = await scene.endingOf(client);
      await client.write("anything");
      await client.waitForError();
      assert.deepEqual(ending.outcome, { type: "reset-by-local", bound: "linger-idle-time" });
      assert.deepEqual(client.statuses, [200]);
    });
  });
});
