import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { scenarioJsonSchema } from "../src/cli/simulate-schema.ts";
import { currentScenarioSchema } from "./scenario-schema.ts";

// Goal: the schema in the package is the one that finwait checks by. How: both, compared.

describe("scenario.schema.json", () => {
  it("is what `npm run docs` makes", () => {
    assert.equal(currentScenarioSchema(), scenarioJsonSchema());
  });
});
