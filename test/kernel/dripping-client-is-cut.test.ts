import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { ClosePolicy, Ending, Exchange } from "../../src/index.ts";
import { request, withServer } from "../support/scene.ts";

// Goal: a peer that drips cannot hold a lingering connection beyond the total time, nor below the
// rate. How: 10 bytes every 100 ms behind our FIN, until an RST answers them.

const DRIP_MS = 100;
const TOLERANCE_MS = 900;

interface Drip {
  readonly ending: Ending;
  readonly statuses: readonly number[];
  readonly end: string;
}

async function drip(close: Partial<ClosePolicy>): Promise<Drip> {
  const seen: Drip[] = [];
  const handler = (exchange: Exchange): void => {
    exchange.respond(403, [["Connection", "close"]], "no");
  };
  await withServer({ handler, close }, async (scene) => {
    const client = await scene.connect();
    await client.write(request("POST /", ["Content-Length: 100000"]));
    await client.waitForFin();
    const timer = setInterval(() => void client.write("0123456789"), DRIP_MS);
    try {
      const ending = await scene.endingOf(client);
      await client.waitForError();
      seen.push({ ending, statuses: client.statuses, end: client.end });
    } finally {
      clearInterval(timer);
    }
  });
  const [only] = seen;
  assert.ok(only !== undefined);
  return only;
}

describe("dripping client", () => {
  it("10 B every 100 ms, no rate bound: cut at the total bound, not extended", async () => {
    const { ending, statuses, end } = await drip({
      lingerIdleTimeoutMs: 400,
      lingerTotalTimeoutMs: 1_200,
      lingerMinRateBytesPerSecond: 0,
    });
    assert.deepEqual(ending.outcome, { type: "abandoned", bound: "linger-total-time" });
    const { lingeringMs } = ending.durations;
    assert.ok(lingeringMs >= 1_199 && lingeringMs < 1_200 + TOLERANCE_MS, `${lingeringMs} ms`);
    assert.ok(ending.discardedBytes >= 50, `${ending.discardedBytes} B`);
    assert.deepEqual(statuses, [403]);
    assert.equal(end, "reset");
  });

  it("10 B every 100 ms, 500 B/s wanted: cut by the rate bound after the idle time", async () => {
    const { ending, statuses } = await drip({
      lingerIdleTimeoutMs: 400,
      lingerTotalTimeoutMs: 10_000,
      lingerMinRateBytesPerSecond: 500,
    });
    assert.deepEqual(ending.outcome, { type: "abandoned", bound: "linger-rate" });
    const { lingeringMs } = ending.durations;
    assert.ok(lingeringMs >= 399 && lingeringMs < 400 + TOLERANCE_MS, `${lingeringMs} ms`);
    assert.deepEqual(statuses, [403]);
  });
});
