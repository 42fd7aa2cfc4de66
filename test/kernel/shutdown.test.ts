import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { Signal, within } from "../support/deadline.ts";
import { echoTarget, request, TEST_TLS, withServer } from "../support/scene.ts";

// Goal: a server goes away without losing a response or resetting an idle client, and in bounded
// time. How: one client in flight and one idle while shutdown() is called; then one that never
// ends.

describe("shutdown", () => {
  it("one request in flight, two idle: answer with close, FIN, no RST, resolves", async () => {
    const begun = new Signal();
    const mayAnswer = new Signal();
    const handler = async (exchange: Exchange): Promise<void> => {
      if (exchange.target !== "/busy") return echoTarget(exchange);
      begun.fire();
      await mayAnswer.promise;
      echoTarget(exchange);
    };
    await withServer({ handler }, async (scene) => {
      const [busy, idle, fresh] = [
        await scene.connect(),
        await scene.connect(),
        await scene.connect(),
      ];
      await idle.write(request("GET /before"));
      await idle.waitForResponses(1);
      await busy.write(request("GET /busy"));
      await within(begun.promise, "the handler");
      const shutdown = scene.server.shutdown({ announceMs: 0, deadlineMs: 5_000 });
      assert.equal(scene.server.shutdown(), shutdown);
      await idle.waitForFin();
      await fresh.waitForFin();
      assert.equal(busy.end, "open");
      mayAnswer.fire();
      await busy.waitForFin();
      for (const client of [busy, idle, fresh]) client.halfClose();
      await within(shutdown, "the end of the shutdown");
      const observed = {
        busy: busy.last.text,
        connection: busy.last.fields.get("connection"),
        errors: [busy.error, idle.error, fresh.error],
        freshBytes: fresh.receivedBytes,
        connectionCount: scene.server.connectionCount,
        outcomes: scene.endings.map(({ outcome }) => outcome.type),
        reasons: scene.endings.map(({ reason }) => reason),
      };
      const expected = {
        busy: "/busy",
        connection: "close",
        errors: [null, null, null],
        freshBytes: 0,
        connectionCount: 0,
        outcomes: ["clean", "clean", "clean"],
        reasons: ["server-shutdown", "server-shutdown", "server-shutdown"],
      };
      assert.deepEqual(observed, expected);
    });
  });

  it("new connections behind the announcement: are refused", async () => {
    const mayAnswer = new Signal();
    const begun = new Signal();
    const handler = async (exchange: Exchange): Promise<void> => {
      begun.fire();
      await mayAnswer.promise;
      echoTarget(exchange);
    };
    await withServer({ handler }, async (scene) => {
      const busy = await scene.connect();
      await busy.write(request());
      await within(begun.promise, "the handler");
      const shutdown = scene.server.shutdown({ announceMs: 0 });
      const refused = new Promise((resolve) => {
        const socket = connect(scene.port, "127.0.0.1", () => resolve("connected"));
        socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
      });
      assert.equal(await within(refused, "the connection"), "ECONNREFUSED");
      mayAnswer.fire();
      await busy.waitForFin();
      busy.close();
      await within(shutdown, "the end of the shutdown");
    });
  });

  it("handler that never answers: the deadline ends it, and onAbort says shutdown", async () => {
    const aborted = new Signal<string>();
    const begun = new Signal();
    const handler = (exchange: Exchange): Promise<void> => {
      exchange.onAbort((reason) => aborted.fire(reason));
      begun.fire();
      return new Promise(() => {});
    };
    await withServer({ handler }, async (scene) => {
      const client = await scene.connect();
      await client.write(request());
      await within(begun.promise, "the handler");
      const startedAtMs = performance.now();
      await within(scene.server.shutdown({ deadlineMs: 250 }), "the end of the shutdown");
      const tookMs = performance.now() - startedAtMs;
      const ending = await scene.endingOf(client);
      await client.waitForEnd();
      assert.ok(tookMs >= 245 && tookMs < 2_000, `${tookMs} ms`);
      assert.deepEqual(ending.outcome, { type: "abandoned", bound: "shutdown-deadline" });
      assert.equal(ending.reason, "server-shutdown");
      assert.equal(await within(aborted.promise, "onAbort"), "shutdown");
      assert.deepEqual(client.statuses, []);
    });
  });

  it("TLS handshake that never comes: the deadline ends it as well", async () => {
    const handler = echoTarget;
    await withServer({ handler, tls: TEST_TLS }, async (scene) => {
      // A plain connection: its first byte of TLS never comes.
      const silent = await scene.connect();
      const served = await scene.connect({ isTls: true });
      await served.write(request());
      await served.waitForResponses(1);
      served.halfClose();
      await scene.endingOf(served);
      const shutdown = scene.server.shutdown({ deadlineMs: 250 });
      await within(shutdown, "the end of the shutdown", () => silent.describe(), 3_000);
      await silent.waitForEnd();
      assert.equal(silent.receivedBytes, 0);
    });
  });

  it("TLS handshake that does not begin: ended in half a second, as without TLS", async () => {
    await withServer({ handler: echoTarget, tls: TEST_TLS }, async (scene) => {
      const silent = await scene.connect();
      const shutdown = scene.server.shutdown({ announceMs: 0, deadlineMs: 9_000 });
      const report = await within(
        shutdown,
        "the end of the shutdown",
        () => silent.describe(),
        3_000,
      );
      assert.equal(report.isCutShort, false);
      assert.equal(report.lostCount, 0);
      await silent.waitForEnd();
    });
  });

  it("idle client that never closes: released after the short linger", async () => {
    const options = { handler: echoTarget, close: { shortLingerTimeoutMs: 250 } };
    await withServer(options, async (scene) => {
      const client = await scene.connect();
      await client.write(request());
      await client.waitForResponses(1);
      await within(scene.server.shutdown({ deadlineMs: 6_000 }), "the end of the shutdown", () =>
        client.describe(),
      );
      const ending = await scene.endingOf(client);
      assert.deepEqual(ending.outcome, { type: "abandoned", bound: "linger-idle-time" });
      assert.equal(client.end, "fin");
    });
  });

  it("announcement: accepts and answers with close, then refuses, and reports", async () => {
    await withServer({ handler: echoTarget }, async (scene) => {
      const busy = await scene.connect();
      await busy.write(request());
      await busy.waitForResponses(1);
      const shutdown = scene.server.shutdown({ announceMs: 300, deadlineMs: 5_000 });
      assert.equal(scene.server.phase, "announcing");
      const late = await scene.connect();
      await late.write(request("GET /late"));
      await busy.write(request("GET /again"));
      for (const client of [late, busy]) {
        await client.waitForFin();
        assert.equal(client.last.fields.get("connection"), "close");
        client.halfClose();
      }
      const report = await within(shutdown, "the end of the shutdown");
      const { finishedCount, lingeredCount, resetCount, lostCount, isCutShort } = report;
      assert.deepEqual(
        { finishedCount, lingeredCount, resetCount, lostCount, isCutShort },
        { finishedCount: 2, lingeredCount: 2, resetCount: 0, lostCount: 0, isCutShort: false },
      );
      assert.ok(report.announcedMs >= 299 && report.tookMs >= report.announcedMs);
      assert.equal(scene.server.phase, "closed");
    });
  });

  it("a window that nobody asked for: ends when nobody is connected", async () => {
    await withServer({ handler: echoTarget }, async (scene) => {
      const client = await scene.connect();
      await client.write(request());
      await client.waitForResponses(1);
      const shutdown = scene.server.shutdown();
      await client.write(request());
      await client.waitForFin();
      client.halfClose();
      const report = await within(shutdown, "the end of the shutdown");
      assert.ok(report.announcedMs < 900, `${report.announcedMs} ms`);
      assert.equal(report.lostCount, 0);
    });
  });

  it("a client that was told to close, alone: comes back at once and is answered", async () => {
    await withServer({ handler: echoTarget }, async (scene) => {
      const client = await scene.connect();
      await client.write(request());
      await client.waitForResponses(1);
      const shutdown = scene.server.shutdown();
      await client.write(request());
      await client.waitForFin();
      client.halfClose();
      await scene.endingOf(client);
      const returned = await scene.connect();
      await returned.write(request("GET /again"));
      await returned.waitForFin();
      assert.equal(returned.last.fields.get("connection"), "close");
      assert.equal(returned.last.text, "/again");
      returned.halfClose();
      const report = await within(shutdown, "the end of the shutdown");
      assert.deepEqual([report.finishedCount, report.lostCount], [2, 0]);
    });
  });

  it("a request that meets the FIN of its idle connection: is absorbed, and counts as lost", () =>
    withServer({ handler: echoTarget }, async (scene) => {
      const client = await scene.connect();
      await client.write(request());
      await client.waitForResponses(1);
      const shutdown = scene.server.shutdown({ announceMs: 0 });
      await client.waitForFin();
      await client.write(request());
      client.halfClose();
      const report = await within(shutdown, "the end of the shutdown");
      assert.deepEqual([report.lostCount, report.resetCount, client.error], [1, 0, null]);
    }));

  it("signal aborted in the middle: everything is released at once", () => {
    const begun = new Signal();
    const handler = (): Promise<void> => {
      begun.fire();
      return new Promise(() => {});
    };
    return withServer({ handler }, async (scene) => {
      const client = await scene.connect();
      await client.write(request());
      await within(begun.promise, "the handler");
      const controller = new AbortController();
      const { signal } = controller;
      const shutdown = scene.server.shutdown({ announceMs: 5_000, deadlineMs: 60_000, signal });
      controller.abort();
      const report = await within(shutdown, "the end of the shutdown");
      assert.deepEqual([report.isCutShort, report.lostCount], [true, 1]);
      assert.ok(report.tookMs < 2_000, `${report.tookMs} ms`);
    });
  });

  it("times that cannot be: are refused, and nothing begins", () =>
    withServer({ handler: echoTarget }, async (scene) => {
      // What JavaScript can pass. As texts, 5 is more than 10.
      const text = "10" as unknown as number;
      const refused = [
        [{ announceMs: 5, deadlineMs: text }, "deadlineMs 10: expected 0 to 86400000 milliseconds"],
        [{ announceMs: 20_000 }, "announceMs 20000: expected at most deadlineMs, which is 10000"],
        [{ announceMs: -1 }, "announceMs -1: expected 0 to 86400000 milliseconds"],
        [{ deadlineMs: Number.NaN }, "deadlineMs NaN: expected 0 to 86400000 milliseconds"],
      ] as const;
      for (const [options, what] of refused) {
        await assert.rejects(scene.server.shutdown(options), new RangeError(`Cannot use ${what}`));
      }
      assert.equal(scene.server.phase, "serving");
    }));
});
