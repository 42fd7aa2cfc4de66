import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { echoTarget, request, type Scene, withServer } from "../support/scene.ts";
import { KERNEL_NOTE, socketOf } from "../support/socket-table.ts";

// Goal: a request that crosses the FIN of an idle close is absorbed, not reset. How: the client
// writes after it has seen the FIN; its kernel says whether an RST came (then its socket is gone).

const OPTIONS = {
  handler: echoTarget,
  limits: { keepAliveTimeoutMs: 150, keepAliveTimeoutMarginMs: 0 },
  close: { shortLingerTimeoutMs: 500 },
};
const LATE_REQUEST = request("GET /late");

async function idleClosed(scene: Scene) {
  const client = await scene.connect();
  await client.write(request());
  await client.waitForFin();
  assert.deepEqual(client.statuses, [200]);
  await client.write(LATE_REQUEST);
  return client;
}

describe("idle close", () => {
  it("request behind the FIN, then the client's FIN: no RST, clean", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    await withServer(OPTIONS, async (scene) => {
      const client = await idleClosed(scene);
      client.halfClose();
      const ending = await scene.endingOf(client);
      const observed = {
        statuses: client.statuses,
        error: client.error,
        reason: ending.reason,
        outcome: ending.outcome,
        discardedBytes: ending.discardedBytes,
        firstEnder: ending.firstEnder,
      };
      const expected = {
        statuses: [200],
        error: null,
        reason: "idle-timeout",
        outcome: { type: "clean" },
        discardedBytes: LATE_REQUEST.length,
        firstEnder: "local",
      };
      assert.deepEqual(observed, expected);
    });
  });

  it("request behind the FIN, client stays: no RST for the short linger", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    await withServer(OPTIONS, async (scene) => {
      const client = await idleClosed(scene);
      const ending = await scene.endingOf(client);
      // RST would have taken the client's socket out of the table.
      const kernelState = socketOf(client.localPort, scene.port)?.state ?? "gone";
      const observed = {
        kernelState,
        error: client.error,
        reason: ending.reason,
        outcome: ending.outcome,
        discardedBytes: ending.discardedBytes,
      };
      const expected = {
        kernelState: "close-wait",
        error: null,
        reason: "idle-timeout",
        outcome: { type: "abandoned", bound: "linger-total-time" },
        discardedBytes: LATE_REQUEST.length,
      };
      assert.deepEqual(observed, expected);
      // The late bytes restart the idle bound, so the total one, as long and from the FIN, is
      // first.
      assert.ok(ending.durations.lingeringMs >= 499, JSON.stringify(ending.durations));
    });
  });
});
