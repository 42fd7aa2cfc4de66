import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { backgroundCloses } from "../../src/transport/background-close.ts";
import { descriptorOf } from "../../src/transport/file-descriptor.ts";
import { poll } from "../support/deadline.ts";
import { note } from "../support/scene.ts";
import { KERNEL_NOTE, socketOf } from "../support/socket-table.ts";
import {
  SOCKET_OPTIONS_NOTE,
  socketOptions,
  type TransportPair,
  type TransportPairOptions,
  withTransportPair,
} from "../support/transport-pair.ts";

// Goal: close() with SO_LINGER waits for the client and not for the event loop. How: a client whose
// window is full makes close() wait; the gaps between turns of the loop say whether the loop did.

/** Fits into this end's send buffer and not into the receive buffer of a client that reads not. */
const CONTENT = Buffer.alloc(1_000_000, "c");
const GAP_LIMIT_MS = 200;

const SKIP_NOTE = KERNEL_NOTE ?? SOCKET_OPTIONS_NOTE;

/** The longest time between two turns of the event loop until `isOver`. */
async function longestGap(what: string, isOver: () => boolean): Promise<number> {
  const deadlineAtMs = performance.now() + 8_000;
  let gapMs = 0;
  let turnAtMs = performance.now();
  while (!isOver()) {
    await new Promise((resolve) => setImmediate(resolve));
    const nowMs = performance.now();
    if (nowMs > deadlineAtMs) throw new Error(`Waited in vain for ${what}`);
    gapMs = Math.max(gapMs, nowMs - turnAtMs);
    turnAtMs = nowMs;
  }
  return gapMs;
}

/** Everything written and FIN are with the kernel, and the client has not read it. */
async function fillWindow({ transport, seen }: TransportPair): Promise<void> {
  transport.write(CONTENT);
  transport.shutdownWrite();
  await poll("FIN", () => seen.includes("flushed"));
}

const isClosed = (): boolean => backgroundCloses.closingCount === 0;

describe("SO_LINGER", () => {
  it("destroy() of the runtime, control: blocks the event loop all the time", async (ctx) => {
    const options = socketOptions;
    if (SKIP_NOTE !== null || options === null) return ctx.skip(SKIP_NOTE ?? "");
    await withTransportPair({ isReading: false }, async (pair) => {
      await fillWindow(pair);
      assert.equal(options.setSoLinger(descriptorOf(pair.socket) ?? -1, 1), true);
      const startedAtMs = performance.now();
      pair.transport.close();
      const blockedMs = performance.now() - startedAtMs;
      note(`destroy() with SO_LINGER 1 s: blocked ${Math.round(blockedMs)} ms`);
      assert.ok(blockedMs > 900, `blocked ${blockedMs} ms`);
    });
  });

  const kinds: readonly TransportPairOptions[] = [{ isTls: false }, { isTls: true }];
  for (const { isTls = false } of kinds) {
    const title = isTls ? "closeWithSoLinger over TLS" : "closeWithSoLinger";
    it(`${title}, client that does not read: close() waits, the loop does not`, async (ctx) => {
      if (SKIP_NOTE !== null) return ctx.skip(SKIP_NOTE);
      await withTransportPair({ isReading: false, isTls }, async (pair) => {
        const { transport, client, serverPort, seen } = pair;
        await fillWindow(pair);
        const startedAtMs = performance.now();
        assert.equal(transport.closeWithSoLinger(1_000, 60_000), true);
        const releaseGapMs = await longestGap("the release", () => seen.includes("released"));
        const releasedMs = performance.now() - startedAtMs;
        const isBusy = !isClosed();
        const gapMs = Math.max(releaseGapMs, await longestGap("close()", isClosed));
        const closedMs = performance.now() - startedAtMs;
        note(
          `${title} 1 s: released ${Math.round(releasedMs)} ms, ` +
            `closed ${Math.round(closedMs)} ms, longest gap ${Math.round(gapMs)} ms`,
        );
        assert.equal(isBusy, true);
        assert.ok(closedMs > 900 && closedMs < 2_500, `close() took ${closedMs} ms`);
        assert.ok(gapMs < GAP_LIMIT_MS, `a turn of the loop took ${gapMs} ms`);
        const orphan = socketOf(serverPort, client.localPort);
        assert.deepEqual([orphan?.state, orphan?.isOwned], ["fin-wait-1", false]);
        client.resume();
        await client.waitForFin();
        assert.equal(client.receivedBytes, CONTENT.byteLength);
      });
    });
  }

  it("closeWithSoLinger, client that reads after a while: close() ends then", async (ctx) => {
    if (SKIP_NOTE !== null) return ctx.skip(SKIP_NOTE);
    await withTransportPair({ isReading: false }, async (pair) => {
      await fillWindow(pair);
      const startedAtMs = performance.now();
      assert.equal(pair.transport.closeWithSoLinger(6_000, 60_000), true);
      await poll("the release", () => pair.seen.includes("released"));
      assert.equal(isClosed(), false);
      pair.client.resume();
      await pair.client.waitForFin();
      await longestGap("close()", isClosed);
      const closedMs = performance.now() - startedAtMs;
      assert.ok(closedMs < 3_000, `close() took ${closedMs} ms`);
      assert.equal(pair.client.receivedBytes, CONTENT.byteLength);
      const left = socketOf(pair.serverPort, pair.client.localPort);
      assert.deepEqual([left?.state, left?.isOwned], ["fin-wait-2", false]);
    });
  });
});
