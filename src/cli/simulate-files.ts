import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Scenario } from "../scenario/scenario.ts";
import { UsageError } from "./cli-error.ts";
import { nearestName } from "./nearest-name.ts";
import { parseJson, readSettingFile } from "./setting-file.ts";
import { parseScenario } from "./simulate-schema.ts";

// Where scenarios are: the shipped ones by name, one's own by the path of a file.

const FOLDER = new URL("../../scenarios/", import.meta.url);

export function shippedScenarioNames(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
    .sort();
}

/** @throws {UsageError} There is none of that name, or the file holds none. */
export function readScenario(nameOrPath: string): Scenario {
  const names = shippedScenarioNames();
  const isPath = /[/\\]|\.json$/.test(nameOrPath);
  if (!isPath && !names.includes(nameOrPath)) {
    const nearest = nearestName(nameOrPath, names);
    const hint = nearest === null ? "" : `perhaps ${nearest}; `;
    throw new UsageError(
      `Cannot find scenario ${JSON.stringify(nameOrPath)}: ` +
        `expected ${hint}one of ${names.join(", ")}, or the path of a file`,
    );
  }
  const path = isPath ? nameOrPath : fileURLToPath(new URL(`${nameOrPath}.json`, FOLDER));
  return parseScenario(parseJson(readSettingFile(null, path), path), path);
}
