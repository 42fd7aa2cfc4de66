import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Comparison } from "./comparison.ts";
import { comparisonPage } from "./table.ts";

// docs/comparison.json is what a run found, and docs/comparison.md is made from it.

export const DOCS_PATH = fileURLToPath(new URL("../../docs", import.meta.url));

export function writeComparison(folder: string, comparison: Comparison): void {
  writeFileSync(join(folder, "comparison.json"), `${JSON.stringify(comparison, null, 1)}\n`);
  writeFileSync(join(folder, "comparison.md"), comparisonPage(comparison));
}

/** docs/comparison.md, as it must stand in docs/. */
export function storedComparisonPage(): string {
  const stored: Comparison = JSON.parse(readFileSync(join(DOCS_PATH, "comparison.json"), "utf8"));
  return comparisonPage(stored);
}

export function currentComparisonPage(): string {
  return readFileSync(join(DOCS_PATH, "comparison.md"), "utf8");
}

/** After a change of the page's form: what was found stays as it is. */
export function writeComparisonPage(): void {
  writeFileSync(join(DOCS_PATH, "comparison.md"), storedComparisonPage());
}
