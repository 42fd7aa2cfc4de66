import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { ConnectionTrace } from "../scenario/connection-trace.ts";
import { NotableConnections } from "../scenario/notable-connections.ts";
import { ScenarioRun } from "../scenario/scenario-run.ts";
import { readScenario } from "./simulate-files.ts";
import { notableText, traceText } from "./simulate-trace-text.ts";

// Goal: a trace can be read by somebody who knows packet traces. How: the text of a short run of a
// shipped scenario, line by line.

const SHIPPED = readScenario("apache-1.2-sunos");
const SCENARIO = {
  ...SHIPPED,
  visitors: [{ client: "browser-never", count: 1 }],
  durationSeconds: 120,
};
const ABOUT = { name: "test", seed: 1, playedMs: 120_000 };

describe("traceText", async () => {
  const trace = new ConnectionTrace(1);
  const run = new ScenarioRun(SCENARIO, trace);
  while (!run.isOver) await run.advance();
  const lines = traceText(ABOUT, trace).split("\n");

  it("begins with whose connection it is, and the handshake", () => {
    assert.deepEqual(lines.slice(0, 10), [
      "connection 1 of test, seed 1: browser-never, 10.0.0.1:1024",
      "A segment stands where it arrives or is lost; states are those behind it.",
      "In parentheses: no program has the socket.",
      "",
      "  seconds client       server       > to the server, < to the client",
      "   60.000 syn-sent     listen       client: browser-never connects",
      "   60.040 syn-sent     syn-received > SYN 0:1 win 8192 len 0",
      "   60.081 established  syn-received < SYN 0:1 ack 1 win 16384 len 0",
      "   60.081 established  syn-received client: GET /6000 HTTP/1.0",
      "   60.121 established  established  > ACK 1:1 ack 1 win 8192 len 0",
    ]);
  });

  it("ends with the states that the run leaves", () => {
    assert.deepEqual(lines.slice(-3), [
      "",
      "After 2 min of the run: client close-wait, server (fin-wait-2).",
      "",
    ]);
    assert.ok(lines.some((line) => line.endsWith("close-wait   (fin-wait-2) server: close()")));
  });

  it("fits 80 columns", () => {
    for (const line of lines) assert.ok(line.length <= 80, line);
  });
});

describe("notableText", () => {
  it("how many there are, the interesting ones, and how to go on", async () => {
    const notable = new NotableConnections();
    const run = new ScenarioRun(SCENARIO, notable);
    while (!run.isOver) await run.advance();
    const text = notableText(ABOUT, notable.openedCount, notable.list(120_000));
    assert.match(text, /^test, seed 1: 1 connection, in 2 min\n/);
    assert.match(text, /\nlongest in FIN-WAIT-2: [\d.]+ s +1 {2}1 min\n/);
    assert.match(text, /\nfirst of browser-never +1 {2}1 min\n/);
    assert.match(text, /\nPrint one with --trace 1, and the same scenario and seed\.\n$/);
  });
});
