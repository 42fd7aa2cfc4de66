import { describe, expect, it } from "vitest";
import type { CaseRun } from "../../src/probe/case-run.ts";
import { NodePort } from "../../src/probe/node-port.ts";
import { fail, type Outcome, type ProbeCase, pass, unkind } from "../../src/probe/probe-case.ts";
import { runCases } from "../../src/probe/probe-runner.ts";
import { DEFAULT_SETTINGS, type ProbeSettings } from "../../src/probe/probe-settings.ts";
import { SharedBudget } from "../../src/probe/run-budget.ts";
import { Signal, within } from "../support/deadline.ts";
import {
  FixtureConnection,
  type FixtureRequest,
  type FixtureResponse,
} from "./fixture-connection.ts";
import { type ConnectionClass, FixtureServer } from "./fixture-server.ts";
import { FIXTURE_FACTS } from "./run-case.ts";

// Goal: bounds hold, repeats are summed up by the worst, and patient cases do not hold up others.
// How: made-up cases against the fixture server.

function caseOf(id: string, run: (run: CaseRun) => Promise<Outcome>, isPatient = false): ProbeCase {
  return {
    id,
    title: id,
    level: "must",
    requirement: { source: "test", text: "test" },
    sends: "",
    accepts: "",
    meaning: "",
    help: "#",
    ...(isPatient ? { isPatient: true as const } : {}),
    run,
  };
}

/** Gives the status that the path names. */
class AnswersWith extends FixtureConnection {
  protected override responseTo({ path }: FixtureRequest): FixtureResponse {
    return { status: Number(path.slice("/status/".length)) };
  }
}

async function play(
  cases: readonly ProbeCase[],
  { repeat = 1, ...overrides }: Partial<ProbeSettings> & { readonly repeat?: number } = {},
  Connection: ConnectionClass = FixtureConnection,
) {
  await using server = await FixtureServer.start({ Connection });
  const settings = { ...DEFAULT_SETTINGS, ...overrides };
  const port = new NodePort({
    address: "127.0.0.1",
    port: server.port,
    tlsName: null,
    connectTimeoutMs: 2_000,
  });
  const budget = new SharedBudget(port, settings);
  const target = { host: "127.0.0.1", facts: FIXTURE_FACTS };
  const results = await runCases(cases, { port, target, settings, budget, repeat });
  expect(budget.openCount).toBe(0);
  return { results, budget };
}

describe("runCases", () => {
  it("sums repeats up by the worst verdict, and counts each", async () => {
    const outcomes = [pass("a"), unkind("b"), fail("c"), fail("d")];
    const each = caseOf("x", () => Promise.resolve(outcomes.shift() ?? pass("e")));
    const { results } = await play([each], { repeat: 5 });
    expect(results[0]?.verdict).toBe("fail");
    expect(results[0]?.decisive.seen).toBe("c");
    expect(results[0]?.counts).toEqual({ pass: 2, unkind: 1, fail: 2, "not reached": 0 });
  });

  it("plays others while a patient case waits, and keeps the order", async () => {
    const isOver = new Signal();
    const patient = caseOf("patient", () => isOver.promise.then(() => pass("")), true);
    const other = caseOf("other", () => {
      isOver.fire();
      return Promise.resolve(pass(""));
    });
    const { results } = await play([patient, other]);
    expect(results.map(({ id, verdict }) => [id, verdict])).toEqual([
      ["patient", "pass"],
      ["other", "pass"],
    ]);
  });

  it("says what is not reached when the run may not send more", async () => {
    const each = caseOf("x", async (run) => {
      const client = await run.connect();
      await client.send("12345");
      await client.send("67890");
      return pass("");
    });
    const { results, budget } = await play([each], { sendLimitBytes: 9 });
    expect(results[0]?.verdict).toBe("not reached");
    expect(results[0]?.decisive.seen).toBe("Stopped: the run may send 9 bytes (--max-bytes)");
    expect(budget.sentBytes).toBe(5);
  });

  it("makes no more connections than it may", async () => {
    const each = caseOf("x", async (run) => {
      await run.connect();
      await run.connect();
      return pass("");
    });
    const { results, budget } = await play([each], { totalConnectionLimit: 1 });
    expect(results[0]?.verdict).toBe("not reached");
    expect(budget.connectionCount).toBe(1);
  });

  it("waits for room before it opens one more", async () => {
    const seen: number[] = [];
    const open = (run: CaseRun) => run.connect();
    const first = caseOf("first", async (run) => {
      const client = await open(run);
      const waiting = run.connect().then(() => seen.push(2));
      seen.push(1);
      run.release(client);
      await waiting;
      return pass("");
    });
    const { results } = await play([first], { connectionLimit: 1 });
    expect([results[0]?.verdict, seen]).toEqual(["pass", [1, 2]]);
  });

  it("cases that need several connections do not wait for each other", async () => {
    const pair = (id: string): ProbeCase =>
      caseOf(
        id,
        async (run) => {
          await run.reserve(2);
          await run.connect();
          await run.connect();
          return pass("");
        },
        true,
      );
    const { results } = await play([pair("a"), pair("b"), pair("c")], { connectionLimit: 3 });
    expect(results.map(({ verdict }) => verdict)).toEqual(["pass", "pass", "pass"]);
  });

  it("where few connections may be open, patient cases come behind the others", async () => {
    const seen: string[] = [];
    const of = (id: string, isPatient: boolean): ProbeCase =>
      caseOf(
        id,
        async (run) => {
          await run.connect();
          seen.push(id);
          return pass("");
        },
        isPatient,
      );
    const { results } = await play([of("a", true), of("b", false)], { connectionLimit: 10 });
    expect(seen).toEqual(["b", "a"]);
    expect(results.map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it.each([
    [503, "not reached", "503: the server was busy (seen)"],
    [200, "pass", "seen"],
  ])("%i to one of the requests of a case: %s", async (status, verdict, seen) => {
    const each = caseOf("x", async (run) => {
      const client = await run.connect();
      await client.send(run.head({ path: `/status/${status}` }), "GET");
      await client.waitForResponses(1, 2_000);
      return pass("seen");
    });
    const { results } = await play([each], {}, AnswersWith);
    expect([results[0]?.verdict, results[0]?.decisive.seen]).toEqual([verdict, seen]);
  });

  it("a case that needs more than there may be is not reached", async () => {
    const each = caseOf("x", async (run) => {
      await run.reserve(4);
      return pass("");
    });
    const { results } = await play([each], { connectionLimit: 3 });
    expect(results[0]?.verdict).toBe("not reached");
    expect(results[0]?.decisive.seen).toBe(
      "Stopped: 4 connections at one time, and there may be 3 (--max-connections)",
    );
  });

  it("a connection that a case waits for when it is over is given back", async () => {
    const isTold = new Signal();
    const each = caseOf("x", async (run) => {
      const first = await run.connect();
      run.connect().catch(() => isTold.fire());
      return pass(first.name);
    });
    const { budget } = await play([each], { connectionLimit: 1 });
    await within(isTold.promise, "the connection to be refused");
    expect(budget.openCount).toBe(0);
  });

  it("ends with the time of the run", async () => {
    const each = caseOf("x", () => new Promise(() => {}), true);
    const { results } = await play([each], { durationLimitMs: 50 });
    expect(results[0]?.decisive.seen).toBe("The run was over after 50 ms: --max-seconds");
  });

  it("keeps the time line of the clients as evidence", async () => {
    const each = caseOf("x", async (run) => {
      const client = await run.connect({ name: "the one" });
      await client.send(run.head({ fields: ["Connection: close"] }), "GET");
      await client.waitForEnd(2_000);
      return pass("");
    });
    const { results } = await play([each]);
    const [evidence] = results[0]?.decisive.evidence ?? [];
    expect(evidence?.client).toBe("the one");
    expect(evidence?.entries.map(({ what }) => what)).toEqual([
      "connected",
      "sent",
      "received",
      "response",
      "response complete",
      "FIN",
    ]);
  });
});
