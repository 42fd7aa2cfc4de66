import { readFileSync, writeFileSync } from "node:fs";
import { CATALOGUE } from "../src/probe/cases/catalogue.ts";
import type { ProbeCase } from "../src/probe/probe-case.ts";

// docs/probe.md: its table is made from the catalogue of the probe. The rest of the page is written
// by hand and stays as it is.

const PAGE = new URL("../docs/probe.md", import.meta.url);

const BEGIN = "<!-- Made by `npm run docs` from src/probe/cases/catalogue.ts. -->";
const END = "<!-- End of what is made. -->";

/** docs/probe.md, as it must stand in docs/. */
export function probePage(): string {
  const page = currentProbePage();
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`Cannot find the marks in ${PAGE.pathname}`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${caseTable()}\n\n${page.slice(end)}`;
}

export function currentProbePage(): string {
  return readFileSync(PAGE, "utf8");
}

export function writeProbePage(): void {
  writeFileSync(PAGE, probePage());
}

function caseTable(): string {
  const header = ["case", "level", "rule", "the client sends", "passes"];
  const lines = [header, header.map(() => "---"), ...CATALOGUE.map(cellsOf)];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function cellsOf({ id, level, requirement, sends, accepts, isPatient }: ProbeCase): string[] {
  const mark = isPatient === true ? " (waits)" : "";
  return [`\`${id}\`${mark}`, level, requirement.source, sends, accepts].map((text) =>
    text.replaceAll("|", "\\|"),
  );
}
