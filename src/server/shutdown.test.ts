import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "vitest";
import { parseShutdownOptions } from "../teardown/shutdown.ts";
import { serve } from "./serve.ts";

// Goal: how long a shutdown announces and lasts, and when it is said to be cut short. How: options
// as values; then whole servers on free ports, with nobody or one idle client.

const handler = (exchange: { respond(status: number, fields: []): void }): void =>
  exchange.respond(200, []);

describe("parseShutdownOptions", () => {
  it.each([
    [{}, { announceMs: 1_000, deadlineMs: 10_000, isWindowFull: false }],
    [{ deadlineMs: 300 }, { announceMs: 300, deadlineMs: 300, isWindowFull: false }],
    [{ announceMs: 0 }, { announceMs: 0, deadlineMs: 10_000, isWindowFull: true }],
    [{ announceMs: 1_000 }, { announceMs: 1_000, deadlineMs: 10_000, isWindowFull: true }],
  ])("%j: %j", (options, times) => {
    assert.deepEqual(parseShutdownOptions(options), times);
  });
});

describe("signal", () => {
  it("aborted before the call, one idle client: ends it at once, cut short", async () => {
    const server = await serve({ port: 0, handler });
    // A persistent connection of the runtime's own.
    await (await fetch(server.url)).text();
    assert.equal(server.connectionCount, 1);
    const report = await server.shutdown({ signal: AbortSignal.abort() });
    assert.equal(report.isCutShort, true);
    assert.ok(report.tookMs < 900, `${report.tookMs} ms`);
  });

  it("aborted when nothing is open: nothing was cut short", async () => {
    const server = await serve({ port: 0, handler });
    const report = await server.shutdown({ announceMs: 1_000, signal: AbortSignal.abort() });
    assert.equal(report.isCutShort, false);
    assert.ok(report.tookMs < 900, `${report.tookMs} ms`);
  });

  it("not aborted: is not listened to any more afterwards", async () => {
    const server = await serve({ port: 0, handler });
    const { signal } = new AbortController();
    const shutdown = server.shutdown({ announceMs: 50, signal });
    assert.equal(getEventListeners(signal, "abort").length, 1);
    await shutdown;
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });
});

describe("announceMs", () => {
  it("0: idle connections hear the end at once, in order", async () => {
    const server = await serve({ port: 0, handler });
    await (await fetch(server.url)).text();
    const report = await server.shutdown({ announceMs: 0 });
    assert.deepEqual([report.lingeredCount, report.lostCount, report.isCutShort], [1, 0, false]);
    assert.equal(server.recentEndings.at(-1)?.reason, "server-shutdown");
  });
});
