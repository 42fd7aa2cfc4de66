import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { CLIENT_PROFILES } from "./client-profiles.ts";
import type { Scenario, ScenarioServer, ScenarioVisitors } from "./scenario.ts";
import type { ScenarioResult } from "./scenario-result.ts";
import { playScenario } from "./scenario-run.ts";

// Goal: the story of the Apache page comes out, with figures that can be checked by hand. How:
// shortened scenarios, the real server in them; what is expected is calculated here.

const MEMORY_BYTES = 524_288;
const BYTES_PER_CONNECTION = 512;
const BROKEN_PER_SECOND = 1;
const DURATION_SECONDS = 1_300;

const VISITORS: readonly ScenarioVisitors[] = [
  { client: "browser-good", arrivalsPerSecond: 0.2 },
  { client: "browser-never", arrivalsPerSecond: BROKEN_PER_SECOND },
  { client: "uploader-unauthorized", arrivalsPerSecond: 0.05 },
];

/** lingering_close() of 1.2: two seconds of silence, thirty in all. */
const APACHE_1_2: ScenarioServer = {
  system: "sunos-4",
  memoryBytes: MEMORY_BYTES,
  bytesPerConnection: BYTES_PER_CONNECTION,
  finWait2Ender: "system",
  clientRules: "off",
  close: {
    lingerIdleTimeoutMs: 2_000,
    lingerTotalTimeoutMs: 30_000,
    lingerMinRateBytesPerSecond: 0,
    discardLimitBytes: 0,
  },
  limits: { keepAliveTimeoutMs: 15_000, keepAliveTimeoutMarginMs: 0 },
};
const APACHE_1_1: ScenarioServer = {
  ...APACHE_1_2,
  system: "freebsd-2",
  close: { mode: "off", discardLimitBytes: 0 },
};
const FINWAIT: ScenarioServer = {
  system: "sunos-4",
  memoryBytes: MEMORY_BYTES,
  bytesPerConnection: BYTES_PER_CONNECTION,
  finWait2Ender: "process",
  clientRules: "off",
};

function scenarioOf(server: ScenarioServer, more: Partial<Scenario> = {}): Scenario {
  return {
    title: "test",
    question: "test",
    server,
    visitors: VISITORS,
    durationSeconds: DURATION_SECONDS,
    sampleSeconds: 10,
    seed: 1,
    ...more,
  };
}

const play = (server: ScenarioServer, more: Partial<Scenario> = {}): Promise<ScenarioResult> =>
  playScenario(scenarioOf(server, more));

function assertNear(actual: number, expected: number, percent: number, what: string): void {
  const limit = (expected * percent) / 100;
  assert.ok(Math.abs(actual - expected) <= limit, `${what}: ${actual}, expected about ${expected}`);
}

const peakOf = ({ sockets }: ScenarioResult, wanted: string): number =>
  sockets.find(({ state }) => state === wanted)?.peak ?? 0;

describe("Apache 1.2 and clients that never answer FIN", () => {
  it("no time limit: the machine crashes when memory / (rate x bytes) says so", async () => {
    const { crashedAtMs, memory, requests, samples } = await play(APACHE_1_2);
    // 524,288 bytes / (1 per second x 512 bytes) = 1,024 s.
    const expectedSeconds = MEMORY_BYTES / (BROKEN_PER_SECOND * BYTES_PER_CONNECTION);
    assert.ok(crashedAtMs !== null, "it did not crash");
    assertNear(crashedAtMs / 1_000, expectedSeconds, 10, "seconds to the crash");
    assert.ok(memory.peakBytes > MEMORY_BYTES * 0.99, `${memory.peakBytes} bytes`);
    const last = samples.at(-2);
    assert.ok((last?.finWait2Orphaned ?? 0) > 800, JSON.stringify(last));
    assert.equal(requests.lostCount, 0);
  });

  it("a crash: who was being served then has no ending, whatever the timers", async () => {
    const { acceptedCount, endings, openCount } = await play(APACHE_1_2, { sampleSeconds: 600 });
    assert.ok(openCount > 0, "every connection has ended");
    const endedCount = Object.values(endings).reduce((sum, count) => sum + count, 0);
    assert.equal(endedCount + openCount, acceptedCount);
  });

  it("a time limit of the system: as many orphans as rate x limit, and no crash", async () => {
    const { crashedAtMs, samples, requests } = await play({ ...APACHE_1_2, system: "freebsd-2" });
    assert.equal(crashedAtMs, null);
    // FreeBSD 2: (8 + 1) x 75 s.
    assertNear(samples.at(-1)?.finWait2Orphaned ?? 0, BROKEN_PER_SECOND * 675, 10, "orphans");
    assert.equal(requests.lostCount, 0);
  });

  it("nokeepalive for these browsers: no crash, no FIN-WAIT-2 that stays", async () => {
    const result = await play({ ...APACHE_1_2, clientRules: "shipped" });
    assert.equal(result.crashedAtMs, null);
    assert.ok(peakOf(result, "fin-wait-2") < 20, `${peakOf(result, "fin-wait-2")}`);
  });

  it("KeepAlive Off: no crash", async () => {
    const result = await play({ ...APACHE_1_2, persistence: "off" });
    assert.equal(result.crashedAtMs, null);
    assert.ok(peakOf(result, "fin-wait-2") < 20, `${peakOf(result, "fin-wait-2")}`);
  });
});

describe("finwait", () => {
  it("the same machine and clients, without rules: FIN-WAIT-2 ends with its deadline", async () => {
    const result = await play(FINWAIT);
    assert.equal(result.crashedAtMs, null);
    // A minute of clients, give or take three standard deviations of sixty.
    const expected = BROKEN_PER_SECOND * 60;
    const peak = peakOf(result, "fin-wait-2");
    assert.ok(peak > expected * 0.7 && peak < expected + 3 * Math.sqrt(expected) + 10, `${peak}`);
    assert.equal(result.requests.lostCount, 0);
    assert.ok((result.endings["reset-by-local"] ?? 0) > 900, JSON.stringify(result.endings));
  });

  it("socket options: the kernel ends the orphans, and nothing is reset", async () => {
    const server: ScenarioServer = { ...FINWAIT, finWait2Ender: "socket-options" };
    const result = await play(server, { durationSeconds: 400 });
    assert.equal(result.crashedAtMs, null);
    assert.equal(result.endings["reset-by-local"], undefined);
    assertNear(result.samples.at(-1)?.finWait2Orphaned ?? 0, 58, 40, "orphans");
  });
});

describe("Apache 1.1 and uploads that are refused", () => {
  const visitors: readonly ScenarioVisitors[] = [
    { client: "uploader-unauthorized", arrivalsPerSecond: 0.5, count: 50 },
    { client: "browser-good", arrivalsPerSecond: 0.5, count: 50 },
  ];

  it("close() while the client sends: each of those responses is lost", async () => {
    const { requests } = await play(APACHE_1_1, { visitors, durationSeconds: 300 });
    assert.equal(requests.lostCount, 50);
    assert.equal(requests.resetCount, 50);
    assert.equal(requests.deliveredCount, 150);
  });

  it("lingering_close(), and finwait: all are delivered", async () => {
    for (const server of [APACHE_1_2, FINWAIT]) {
      const { requests } = await play(server, { visitors, durationSeconds: 300 });
      assert.equal(requests.lostCount, 0);
      assert.equal(requests.deliveredCount, 200);
    }
  });

  it("SO_LINGER: close() with unread input is an RST all the same", async () => {
    const server: ScenarioServer = {
      ...APACHE_1_2,
      system: "linux-6",
      finWait2Ender: "socket-options",
      close: { mode: "so-linger", discardLimitBytes: 0 },
    };
    const { requests } = await play(server, { visitors, durationSeconds: 300 });
    assert.equal(requests.lostCount, 50);
  });
});

describe("a run", () => {
  it("the same seed twice: the same result, byte by byte; another seed, another one", async () => {
    const play100 = async (seed: number) =>
      JSON.stringify(await play(FINWAIT, { seed, durationSeconds: 100 }));
    assert.equal(await play100(7), await play100(7));
    assert.notEqual(await play100(7), await play100(8));
  });

  it("clients of every profile: each request is accounted for, and nothing is left", async () => {
    const visitors = CLIENT_PROFILES.map(({ id }) => ({
      client: id,
      arrivalsPerSecond: 1,
      count: 3,
    }));
    const more = { visitors, durationSeconds: 20_000, sampleSeconds: 1_000 };
    const result = await play({ ...FINWAIT, memoryBytes: null }, more);
    const {
      requestCount,
      deliveredCount,
      lostCount,
      unreachedCount,
      abandonedCount,
      pendingCount,
    } = result.requests;
    assert.equal(result.visitorCount, CLIENT_PROFILES.length * 3);
    assert.equal(requestCount, deliveredCount + lostCount + unreachedCount + abandonedCount);
    assert.deepEqual([lostCount, unreachedCount, pendingCount], [0, 0, 0]);
    assert.equal(result.samples.at(-1)?.socketCount, 0);
    assert.equal(result.samples.at(-1)?.usedBytes, 0);
  });

  it("memory that refuses: clients see it, and the machine lives", async () => {
    const server: ScenarioServer = { ...APACHE_1_2, memoryBytes: 51_200, onMemoryFull: "refuse" };
    const { crashedAtMs, refusedCount, requests } = await play(server, { durationSeconds: 300 });
    assert.equal(crashedAtMs, null);
    assert.ok(refusedCount > 100, `${refusedCount}`);
    assert.ok(requests.unreachedCount > 100, `${requests.unreachedCount}`);
  });

  it("an unknown system, client or field: a sentence that names what there is", async () => {
    await assert.rejects(
      () => play({ ...FINWAIT, system: "sunos-9" }),
      /"sunos-9": expected one of linux/,
    );
    const visitors = [{ client: "lynx", count: 1 }];
    await assert.rejects(
      () => play(FINWAIT, { visitors }),
      /client "lynx": expected one of browser-good/,
    );
  });
});
