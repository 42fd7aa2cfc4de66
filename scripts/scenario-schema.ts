import { readFileSync, writeFileSync } from "node:fs";
import { scenarioJsonSchema } from "../src/cli/simulate-schema.ts";

// scenario.schema.json, which is made from what `finwait simulate` checks.

const SCHEMA = new URL("../scenario.schema.json", import.meta.url);

/** As it stands now. */
export function currentScenarioSchema(): string {
  return readFileSync(SCHEMA, "utf8");
}

export function writeScenarioSchema(): void {
  writeFileSync(SCHEMA, scenarioJsonSchema());
}
