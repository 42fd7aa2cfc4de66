import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { poll } from "../support/deadline.ts";
import { NAMESPACE_NOTE, runInNamespace } from "../support/namespace.ts";
import { note } from "../support/scene.ts";
import { KERNEL_NOTE, socketOf } from "../support/socket-table.ts";
import {
  SOCKET_OPTIONS_NOTE,
  type TransportPair,
  withTransportPair,
} from "../support/transport-pair.ts";

// Goal: an orphan is gone when it was promised to be. How: a client reads our FIN and stays; the
// kernel's table says when its end of ours vanishes, and whether it does without a deadline.

const REST_MS = 2_400;
/** finWait2Seconds(REST_MS), which the orphan gets in full. */
const SET_MS = 2_000;
/** A poll of the table on a busy machine. */
const POLL_MS = 150;

const SKIP_NOTE = KERNEL_NOTE ?? SOCKET_OPTIONS_NOTE;

/** FIN is sent and acknowledged, and the client stays. */
async function reachFinWait2({ transport, client }: TransportPair): Promise<void> {
  transport.write(Buffer.from("bye"));
  transport.shutdownWrite();
  await client.waitForFin();
  await poll("FIN-WAIT-2", () => transport.tcpFacts()?.state === "fin-wait-2");
}

describe("closeWithin", () => {
  it("client that stays: the orphan is gone in time, another one is not", async (ctx) => {
    if (SKIP_NOTE !== null) return ctx.skip(SKIP_NOTE);
    await withTransportPair({}, async (control) => {
      await withTransportPair({}, async (pair) => {
        await reachFinWait2(control);
        await reachFinWait2(pair);
        control.transport.close();
        const closedAtMs = performance.now();
        pair.transport.closeWithin(REST_MS);
        await poll("the release", () => pair.seen.includes("released"));
        const orphan = socketOf(pair.serverPort, pair.client.localPort);
        const isGone = () => socketOf(pair.serverPort, pair.client.localPort) === null;
        await poll("the end of the orphan", isGone);
        const livedMs = performance.now() - closedAtMs;
        const observed = {
          orphan: orphan?.state,
          isOwned: orphan?.isOwned,
          control: socketOf(control.serverPort, control.client.localPort)?.state,
          clientError: pair.client.error,
        };
        const expected = {
          orphan: "fin-wait-2",
          isOwned: false,
          control: "fin-wait-2",
          clientError: null,
        };
        assert.deepEqual(observed, expected);
        note(`TCP_LINGER2 for ${REST_MS} ms: the orphan lived ${Math.round(livedMs)} ms`);
        assert.ok(livedMs >= SET_MS - 50, `lived ${livedMs} ms`);
        assert.ok(livedMs <= REST_MS + POLL_MS, `lived ${livedMs} ms`);
      });
    });
  });

  it("less than a second: the client's kernel gets RST at once", async (ctx) => {
    if (SKIP_NOTE !== null) return ctx.skip(SKIP_NOTE);
    await withTransportPair({}, async (pair) => {
      await reachFinWait2(pair);
      const before = socketOf(pair.client.localPort, pair.serverPort);
      pair.transport.closeWithin(500);
      const isReset = () => socketOf(pair.client.localPort, pair.serverPort)?.state === "closed";
      const isForgotten = () => socketOf(pair.client.localPort, pair.serverPort) === null;
      await poll("RST at the client", () => isReset() || isForgotten());
      await pair.client.write("anything");
      await pair.client.waitForError();
      assert.deepEqual(
        { before: before?.state, server: socketOf(pair.serverPort, pair.client.localPort) },
        { before: "close-wait", server: null },
      );
    });
  });

  it("less than a second, before our FIN: the response arrives, then RST", async (ctx) => {
    if (SKIP_NOTE !== null) return ctx.skip(SKIP_NOTE);
    await withTransportPair({}, async ({ transport, client, serverPort }) => {
      transport.write(Buffer.alloc(20_000, "x"));
      transport.closeWithin(0);
      await client.waitForFin();
      await poll("RST", () => socketOf(client.localPort, serverPort)?.state !== "close-wait");
      assert.equal(client.receivedBytes, 20_000);
    });
  });

  it("over TLS: the TCP socket below gets the deadline", async (ctx) => {
    if (SKIP_NOTE !== null) return ctx.skip(SKIP_NOTE);
    await withTransportPair({ isTls: true }, async (pair) => {
      await reachFinWait2(pair);
      pair.transport.closeWithin(1_200);
      const isGone = () => socketOf(pair.serverPort, pair.client.localPort) === null;
      await poll("the end of the orphan", isGone, undefined, 1_200 + POLL_MS);
    });
  });
});

describe("setUnacknowledgedTimeout", () => {
  it("peer that never has room: the connection is cut, and one without it is not", async (ctx) => {
    if (SKIP_NOTE !== null) return ctx.skip(SKIP_NOTE);
    await withTransportPair({ isReading: false }, async (control) => {
      await withTransportPair({ isReading: false }, async (pair) => {
        for (const { transport } of [control, pair]) transport.write(Buffer.alloc(4_000_000));
        assert.equal(pair.transport.setUnacknowledgedTimeout(1_000), true);
        await poll(
          "the end",
          () => pair.seen.includes("released"),
          () => pair.seen.join(),
        );
        assert.deepEqual(pair.seen, ["network-failure ETIMEDOUT", "released"]);
        assert.equal(socketOf(pair.serverPort, pair.client.localPort), null);
        assert.deepEqual(control.seen, []);
        const left = socketOf(control.serverPort, control.client.localPort);
        assert.equal(left?.state, "established");
      });
    });
  });

  it("peer whose link is gone: data and FIN are given up in time", async (ctx) => {
    const reason = SKIP_NOTE ?? NAMESPACE_NOTE;
    if (reason !== null) return ctx.skip(reason);
    const path = "test/kernel/fin-wait-2-kernel-deadline.scene.ts";
    const result = (await runInNamespace(path, [])) as { readonly livedMs: number };
    const { livedMs, ...observed } = result;
    const expected = {
      before: "fin-wait-1",
      seen: ["flushed", "network-failure ETIMEDOUT", "released"],
      after: null,
      facts: { state: "closed", isFinAcknowledged: false, isEverythingAcknowledged: false },
      control: "fin-wait-1",
    };
    assert.deepEqual(observed, expected);
    note(`TCP_USER_TIMEOUT 1,500 ms: FIN-WAIT-1 without a link lived ${livedMs} ms`);
    assert.ok(livedMs >= 1_400 && livedMs < 3_000, `lived ${livedMs} ms`);
  });
});
