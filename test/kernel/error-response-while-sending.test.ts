import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { ServerLimits } from "../../src/index.ts";
import type { RawClient } from "../support/raw-client.ts";
import { echoTarget, request, withServer } from "../support/scene.ts";

// Goal: 400, 408, 413 and 431 are read whole by a client that is still sending, and nothing
// follows. How: the client goes on after the error, blindly or in a drip, and counts what it gets.

const MEGABYTE = "x".repeat(1_000_000);

interface Case {
  readonly name: string;
  readonly status: number;
  readonly reason: string;
  readonly start: string;
  readonly limits?: Partial<ServerLimits>;
}

const BLIND: readonly Case[] = [
  {
    name: "field line of 2 MB",
    status: 431,
    reason: "peer-protocol-error",
    start: "GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
  },
  {
    name: "garbage of 2 MB",
    status: 400,
    reason: "peer-protocol-error",
    start: "GET / HTTP/1.1\r\nno colon here\r\n\r\n",
  },
  {
    name: "body of 2 MB beyond the limit",
    status: 413,
    reason: "peer-protocol-error",
    start: request("POST /", ["Content-Length: 2000000"]),
    limits: { bodyLimitBytes: 1_000 },
  },
];

async function endAndCount(client: RawClient): Promise<object> {
  await client.waitForFin();
  client.halfClose();
  await client.waitFor("the socket's close", () => client.isClosed);
  return {
    statuses: client.statuses,
    isComplete: client.last.isComplete,
    connection: client.last.fields.get("connection"),
    error: client.error,
  };
}

describe("error response to a client that is still sending", () => {
  for (const { name, status, reason, start, limits = {} } of BLIND) {
    it(`${name}, sent before reading: one whole ${status}, FIN, no RST`, async () => {
      await withServer({ handler: echoTarget, limits }, async (scene) => {
        const client = await scene.connect({ isReading: false });
        await client.write(start);
        await client.write(MEGABYTE);
        await client.write(MEGABYTE);
        client.resume();
        const observed = await endAndCount(client);
        const ending = await scene.endingOf(client);
        const expected = {
          statuses: [status],
          isComplete: true,
          connection: "close",
          error: null,
          reason,
          outcome: "clean",
        };
        const { reason: observedReason, outcome } = ending;
        assert.deepEqual({ ...observed, reason: observedReason, outcome: outcome.type }, expected);
      });
    });
  }

  it("header section in a drip: one whole 408, FIN, no RST while it goes on", async () => {
    const limits = { headerTimeoutMs: 250 };
    await withServer({ handler: echoTarget, limits }, async (scene) => {
      const client = await scene.connect();
      await client.write("GET / HTTP/1.1\r\nX: ");
      const timer = setInterval(() => void client.write("drip"), 40);
      await client.waitForFin();
      // Three more pieces behind the FIN are part of the scenario.
      const writtenBytes = client.writtenBytes + 12;
      const isFurther = (): boolean => client.writtenBytes >= writtenBytes;
      const further = setInterval(() => isFurther() && client.halfClose(), 10);
      try {
        const ending = await scene.endingOf(client);
        clearInterval(timer);
        const observed = {
          statuses: client.statuses,
          isComplete: client.last.isComplete,
          error: client.error,
          reason: ending.reason,
          outcome: ending.outcome.type,
        };
        const expected = {
          statuses: [408],
          isComplete: true,
          error: null,
          reason: "request-timeout",
          outcome: "clean",
        };
        assert.deepEqual(observed, expected);
        assert.ok(ending.discardedBytes >= 12, `${ending.discardedBytes} B`);
      } finally {
        clearInterval(timer);
        clearInterval(further);
      }
    });
  });
});
