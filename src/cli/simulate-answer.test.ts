import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { fakeResult } from "./fake-scenario-result.ts";
import { answerLine } from "./simulate-answer.ts";

// Goal: one sentence says what a scenario came to. How: results as runs give them, with one thing
// changed each.

const REQUESTS = fakeResult().requests;

describe("answerLine", () => {
  it("no crash and no loss: what it took", () => {
    assert.equal(
      answerLine(fakeResult()),
      "Did not crash: at most 1,234 sockets, peak memory 1.5 MiB; nothing was lost",
    );
  });

  it("lost responses and refused connections: how many", () => {
    const requests = { ...REQUESTS, lostCount: 320 };
    assert.match(
      answerLine(fakeResult({ requests, refusedCount: 7 })),
      /; lost 320 of 5,000 responses, refused 7 connections$/,
    );
  });

  it("no connection to send on: nothing is said to be well", () => {
    const requests = { ...REQUESTS, unreachedCount: 3 };
    assert.match(answerLine(fakeResult({ requests })), /; 3 requests found no connection$/);
  });

  it("a crash: when, and what filled the memory", () => {
    const memory = { limitBytes: 1_048_576, peakBytes: 1_061_020, meanBytes: 1 };
    const requests = { ...REQUESTS, pendingCount: 66 };
    const result = fakeResult({ crashedAtMs: 7_864_544, memory, requests, refusedCount: 1 });
    assert.equal(
      answerLine(result),
      "Crashed after 2 h 11 min: 1,000 sockets in FIN-WAIT-2 of 1,234 filled 1 MiB; " +
        "66 requests were under way",
    );
  });
});
