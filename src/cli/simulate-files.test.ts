import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { playScenario } from "../scenario/scenario-run.ts";
import { readScenario, shippedScenarioNames } from "./simulate-files.ts";

// Goal: what is shipped can be played. How: each, for half a minute, with few clients.

describe("the shipped scenarios", () => {
  it("are those that the documentation names", () => {
    assert.deepEqual(shippedScenarioNames(), [
      "apache-1.1",
      "apache-1.2-sunos",
      "finwait-default",
      "million-clients",
      "nokeepalive",
      "so-linger",
      "upload-api",
      "with-os-timeout",
    ]);
  });

  for (const name of shippedScenarioNames()) {
    it(`${name}: plays`, async () => {
      const scenario = readScenario(name);
      const visitors = scenario.visitors.map((each) => ({ ...each, arrivalsPerSecond: 0.5 }));
      const result = await playScenario({
        ...scenario,
        visitors,
        durationSeconds: 30,
        sampleSeconds: 5,
      });
      assert.ok(result.requests.deliveredCount > 10, `${result.requests.deliveredCount}`);
    });
  }

  it("million-clients: they are a million", () => {
    const { visitors, durationSeconds } = readScenario("million-clients");
    const rate = visitors.reduce((sum, { arrivalsPerSecond = 0 }) => sum + arrivalsPerSecond, 0);
    assert.ok(rate * durationSeconds >= 1_000_000, `${rate} per second`);
  });
});
