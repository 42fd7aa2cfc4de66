import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { clientProfileById } from "../scenario/client-profiles.ts";
import { isUsageError } from "./cli-error.ts";
import { readScenario } from "./simulate-files.ts";
import { parseScenario } from "./simulate-schema.ts";

// Goal: what is wrong with a scenario is one sentence that says where. How: a shipped one, changed.

const CURL = clientProfileById("curl");
const SHIPPED = readScenario("apache-1.1");

function messageOf(changes: object): string {
  try {
    parseScenario({ ...SHIPPED, ...changes }, "s.json");
  } catch (error) {
    assert.ok(isUsageError(error), String(error));
    return error.message;
  }
  throw new Error("nothing was wrong");
}

const withServer = (changes: object): object => ({ server: { ...SHIPPED.server, ...changes } });

describe("a scenario that cannot be used", () => {
  const cases: readonly (readonly [string, object, RegExp])[] = [
    [
      "an unknown name in the policy",
      withServer({ close: { lingerIdleTimeout: 1 } }),
      /^Cannot use "server\.close\.lingerIdleTimeout" in s\.json: .*perhaps lingerIdleTimeoutMs$/,
    ],
    [
      "an unknown name in the application",
      withServer({ application: { handlersMs: 1 } }),
      /^Cannot use "server\.application\.handlersMs" in s\.json: .*perhaps handlerMs$/,
    ],
    [
      "an unknown name at the top",
      { durationSecond: 1 },
      /^Cannot use "durationSecond" in s\.json: expected a known name, perhaps durationSeconds$/,
    ],
    [
      "a wrong type",
      { durationSeconds: "long" },
      /^Cannot use durationSeconds in s\.json: expected number, received string$/,
    ],
    [
      "an unknown system",
      withServer({ system: "sunos-9" }),
      /^Cannot use server\.system "sunos-9" in s\.json: expected perhaps sunos-4; one of linux-6, /,
    ],
    [
      "a missing number",
      withServer({ memoryBytes: undefined }),
      /^Cannot use s\.json: server\.memoryBytes is missing: bytes, or null$/,
    ],
    [
      "a missing choice",
      withServer({ finWait2Ender: undefined }),
      /^Cannot use s\.json: server\.finWait2Ender is missing: one of socket-options, process, sys/,
    ],
    [
      "a missing client",
      { visitors: [{ count: 1 }] },
      /: visitors\.0\.client is missing: the id of a client, or a whole profile$/,
    ],
    ["no list", { visitors: undefined }, /^Cannot use s\.json: visitors is missing: a list$/],
    [
      "a name with a slip in it, and so the right one is missing",
      { seed: undefined, sede: 1 },
      /^Cannot use "sede" in s\.json: expected a known name, perhaps seed$/,
    ],
    [
      "a slip in a profile",
      { visitors: [{ client: { ...CURL, link: { delayMS: 1, bytesPerSecond: 1 } }, count: 1 }] },
      /^Cannot use "visitors\.0\.client\.link\.delayMS" in .* known name, perhaps delayMs$/,
    ],
    [
      "an unknown mode of the policy",
      withServer({ close: { mode: "lingerin" } }),
      /^Cannot use server\.close\.mode "lingerin" in .*perhaps lingering; one of lingering, so/,
    ],
    [
      "a mode without its socket option",
      withServer({ close: { mode: "so-linger" } }),
      /finWait2Ender "system" in s\.json: expected "socket-options" with mode "so-linger"$/,
    ],
    [
      "visitors without a number",
      { visitors: [{ client: "curl" }] },
      /^Cannot use visitors\.0 in s\.json: expected arrivalsPerSecond, or count$/,
    ],
    [
      "half a profile",
      { visitors: [{ client: { id: "x" }, count: 1 }] },
      /^Cannot use s\.json: visitors\.0\.client\.title is missing: text$/,
    ],
    [
      "a client that is neither a name nor a profile",
      { visitors: [{ client: 7, count: 1 }] },
      /^Cannot use visitors\.0\.client in .*: expected the id of a client, or a whole profile$/,
    ],
    [
      "more samples than can be kept",
      { durationSeconds: 1_000_000, sampleSeconds: 1 },
      /^Cannot use sampleSeconds 1 in s\.json: expected at most 100000 samples in all$/,
    ],
  ];
  for (const [title, changes, expected] of cases) {
    it(title, () => assert.match(messageOf(changes), expected));
  }
});
