import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { currentSimulatorPage, simulatorPage } from "./simulator-page.ts";

// Goal: the tables of the page are what the code has. Method: texts are compared; `npm run docs`
// writes the tables.

describe("docs/simulator.md", () => {
  it("clients and fields as they are: the tables are up to date", () => {
    assert.equal(currentSimulatorPage(), simulatorPage());
    assert.match(simulatorPage(), /\n\| `curl` \| curl, which ends with its transfer \|\n/);
    assert.match(simulatorPage(), /\n\| `memoryBytes` \| must be given \| Bytes of the kernel /);
  });
});
