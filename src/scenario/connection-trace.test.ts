import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { ConnectionTrace, KEPT_LINES, type TraceLine } from "./connection-trace.ts";
import { NotableConnections } from "./notable-connections.ts";
import type { RunWatcher } from "./run-watcher.ts";
import type { Scenario } from "./scenario.ts";
import { playScenario, ScenarioRun } from "./scenario-run.ts";

// Goal: a trace has all of its connection and changes nothing about the run; and interesting
// connections are found. How: short scenarios, with endings that are known.

const SCENARIO: Scenario = {
  title: "test",
  question: "test",
  server: {
    system: "freebsd-2",
    memoryBytes: null,
    finWait2Ender: "system",
    close: { mode: "off", discardLimitBytes: 0 },
    clientRules: "off",
    limits: { keepAliveTimeoutMs: 15_000, keepAliveTimeoutMarginMs: 0 },
  },
  visitors: [
    { client: "browser-good", count: 2 },
    { client: "browser-never", count: 1 },
    { client: "uploader-unauthorized", count: 1 },
  ],
  durationSeconds: 2_000,
  sampleSeconds: 10,
  seed: 1,
};
const BROKEN = 2;
const UPLOADER = 3;

async function watched<Watcher extends RunWatcher>(
  watcher: Watcher,
  scenario = SCENARIO,
): Promise<Watcher> {
  const run = new ScenarioRun(scenario, watcher);
  while (!run.isOver) await run.advance();
  return watcher;
}

const traceOf = (number: number, scenario = SCENARIO): Promise<ConnectionTrace> =>
  watched(new ConnectionTrace(number), scenario);

const statesOf = ({ client, server }: TraceLine): string => `${client.state} ${server.state}`;

/** What each line is, in short. */
function summary({ event }: TraceLine): string {
  if (event.type === "segment") return event.flags.join(",");
  return event.type === "act" ? `${event.by} ${event.act}` : `${event.by} kernel ${event.what}`;
}

describe("ConnectionTrace", () => {
  it("a client that never answers FIN: each step, and the states behind it", async () => {
    const { firstLines, clientId, isOver } = await traceOf(BROKEN);
    assert.equal(clientId, "browser-never");
    assert.equal(isOver, true);
    const steps = firstLines.map((line) => [summary(line), statesOf(line)]);
    assert.deepEqual(steps.slice(steps.findIndex(([what]) => what === "FIN") - 3), [
      ["server half-close", "established fin-wait-1"],
      ["server close", "established fin-wait-1"],
      ["server ending", "established fin-wait-1"],
      ["FIN", "close-wait fin-wait-1"],
      ["client end-seen", "close-wait fin-wait-1"],
      ["ACK", "close-wait fin-wait-2"],
      ["client leave", "closed fin-wait-2"],
      ["server kernel fin-wait-2-over", "closed closed"],
    ]);
  });

  it("a response that an RST destroys: who lost it, and why", async () => {
    const { firstLines } = await traceOf(UPLOADER);
    const acts = firstLines.map(summary);
    assert.ok(acts.includes("client request-lost"), acts.join());
    assert.ok(acts.indexOf("server close") < acts.indexOf("RST"), acts.join());
  });

  it("loss: the segment is lost, and sent again", async () => {
    const client = {
      id: "lossy",
      title: "lossy",
      source: "test",
      userAgent: "",
      version: "1.1" as const,
      link: { delayMs: 20, bytesPerSecond: 1_000_000, lossRate: 0.1 },
      receivedOnReset: "kept" as const,
      visit: { requestCount: 1, thinkMs: 0, responseBytes: 100_000 },
      onFin: "close" as const,
      idleTimeoutMs: null,
      exitAfterMs: 0,
    };
    const trace = await traceOf(1, { ...SCENARIO, visitors: [{ client, count: 1 }] });
    const segments = trace.firstLines.flatMap(({ event }) =>
      event.type === "segment" ? [event] : [],
    );
    const lost = segments.filter(({ isLost, byteLength }) => isLost && byteLength > 0);
    assert.ok(lost.length > 0, "nothing was lost");
    for (const { sequence, from } of lost) {
      const isThere = segments.some(
        (each) => each.isAgain && !each.isLost && each.from === from && each.sequence <= sequence,
      );
      assert.ok(isThere, `${sequence} never came`);
    }
    assert.equal(trace.isOver, true);
  });

  it("a long connection: its beginning and its end are kept, and all are counted", async () => {
    const visitors = [{ client: "blind-uploader", count: 1 }];
    const server = { ...SCENARIO.server, close: { lingerLimitBytes: 4_000_000 } };
    const trace = await traceOf(1, { ...SCENARIO, visitors, server });
    const { firstLines, lastLines, leftOutCount } = trace;
    assert.deepEqual([firstLines.length, lastLines.length], [KEPT_LINES, KEPT_LINES]);
    assert.ok(leftOutCount > 100, `${leftOutCount}`);
    const times = [...firstLines, ...lastLines].map(({ atMs }) => atMs);
    assert.deepEqual(
      times,
      [...times].sort((one, other) => one - other),
    );
    assert.equal(trace.isOver, true);
  });

  it("more than there are: it never begins, and says how many came", async () => {
    const trace = await traceOf(99);
    assert.deepEqual([trace.hasBegun, trace.isOver, trace.openedCount], [false, false, 4]);
  });
});

describe("a run that is watched", () => {
  it("has the same result as one that is not", async () => {
    const expected = await playScenario(SCENARIO);
    for (const watcher of [new ConnectionTrace(1), new NotableConnections()]) {
      const run = new ScenarioRun(SCENARIO, watcher);
      while (!run.isOver) await run.advance();
      assert.deepEqual(run.result(), expected);
    }
  });
});

describe("NotableConnections", () => {
  it("the first of each kind, and the longest FIN-WAIT-2 with its length", async () => {
    const list = (await watched(new NotableConnections())).list(2_000_000);
    const numberOf = (what: string): number | undefined =>
      list.find((each) => each.what === what)?.connection;
    assert.equal(numberOf("first-lost"), UPLOADER);
    assert.equal(numberOf("first-reset"), UPLOADER);
    assert.equal(numberOf("first-of browser-never"), BROKEN);
    const longest = list.find(({ what }) => what === "longest-in-fin-wait-2");
    assert.equal(longest?.connection, BROKEN);
    // FreeBSD 2: (8 + 1) x 75 s, less what its clock of half a second takes off.
    const shortMs = 675_000 - (longest?.finWait2Ms ?? 0);
    assert.ok(shortMs >= 0 && shortMs < 500, JSON.stringify(longest));
  });

  it("a FIN-WAIT-2 that lasts: it counts up to now", async () => {
    // SunOS 4 has no timer if close() comes behind the ACK.
    const server = { ...SCENARIO.server, system: "sunos-4", close: { mode: "lingering" as const } };
    const list = (await watched(new NotableConnections(), { ...SCENARIO, server })).list(2_000_000);
    const longest = list.find(({ what }) => what === "longest-in-fin-wait-2");
    assert.ok((longest?.finWait2Ms ?? 0) > 900_000, JSON.stringify(longest));
  });
});
