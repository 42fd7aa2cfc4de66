import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { clientProfileById } from "./client-profiles.ts";
import { type ActLog, actsOf } from "./fake-act-log.ts";

// Goal: what the application does is what clients get. How: one visitor each; times and outcomes.

/** From the last request to its response. */
function responseMsOf(log: ActLog): number {
  return log.lastTimeOf("client", "response-seen") - log.lastTimeOf("client", "request");
}

describe("a handler that takes time", () => {
  it("the client waits so much longer for its response", async () => {
    const quickMs = responseMsOf(await actsOf("go"));
    const slowMs = responseMsOf(await actsOf("go", { application: { handlerMs: 700 } }));
    assert.equal(Math.round(slowMs - quickMs), 700);
  });

  it("a client that is gone meanwhile: its connection ends, and nothing fails", async () => {
    const application = { handlerMs: 200_000 };
    const log = await actsOf("modem-vanishing", { application }, 4_000);
    assert.equal(log.timesOf("server", "ending").length, 1);
    const { deliveredCount, abandonedCount } = log.result?.requests ?? {};
    assert.deepEqual([deliveredCount, abandonedCount], [0, 1]);
  });

  it("pipelined requests: one after the other", async () => {
    const log = await actsOf("pipeliner", { application: { handlerMs: 1_000 } });
    const [first = 0, ...others] = log.timesOf("client", "response-seen");
    assert.equal(others.length, 7);
    assert.ok((others.at(-1) ?? 0) - first >= 7_000, `${others.at(-1)} behind ${first}`);
  });
});

describe("an upload", () => {
  const UPLOADERS = ["uploader-unauthorized", "blind-uploader"];

  for (const client of UPLOADERS) {
    it(`${client}, accepted: answered behind its last byte`, async () => {
      const log = await actsOf(client, { application: { uploads: "accept" } });
      const [answeredAtMs = 0] = log.timesOf("server", "response");
      assert.ok(answeredAtMs >= log.lastClientByteAtMs, `${answeredAtMs}`);
      assert.equal(log.result?.requests.deliveredCount, 1);
    });

    it(`${client}, refused: answered before it`, async () => {
      const log = await actsOf(client);
      const [answeredAtMs = 0] = log.timesOf("server", "response");
      assert.ok(answeredAtMs > 0 && answeredAtMs < log.lastClientByteAtMs, `${answeredAtMs}`);
    });
  }

  it("accepted, and the client is gone in the middle of it: nothing fails", async () => {
    const slow = { ...clientProfileById("blind-uploader"), vanishesAfterMs: 4_000 };
    const log = await actsOf(slow, { application: { uploads: "accept" } }, 4_000);
    assert.equal(log.timesOf("client", "request-abandoned").length, 1);
    assert.equal(log.timesOf("server", "ending").length, 1);
    assert.equal(log.result?.requests.deliveredCount, 0);
  });

  it("accepted, and the handler takes time: both", async () => {
    const log = await actsOf(UPLOADERS[0] ?? "", {
      application: { uploads: "accept", handlerMs: 3_000 },
    });
    const [answeredAtMs = 0] = log.timesOf("server", "response");
    assert.equal(Math.round(answeredAtMs - log.lastClientByteAtMs), 3_000);
  });

  it("Apache 1.1's close(): it loses what is refused, and nothing that is accepted", async () => {
    const close = { mode: "off", discardLimitBytes: 0 } as const;
    const lost = async (uploads: "refuse" | "accept"): Promise<number | undefined> => {
      const server = { finWait2Ender: "system", close, application: { uploads } } as const;
      return (await actsOf("uploader-unauthorized", server)).result?.requests.lostCount;
    };
    assert.deepEqual([await lost("refuse"), await lost("accept")], [1, 0]);
  });
});
