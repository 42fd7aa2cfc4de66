import { readFileSync, writeFileSync } from "node:fs";
import { CLIENT_PROFILES } from "../src/scenario/client-profiles.ts";
import { type DescribedNode, scenarioSchema } from "./scenario-schema.ts";

// docs/simulator.md: its tables of clients and of a scenario's server are made from the code. The
// rest of the page is written by hand and stays as it is.

const PAGE = new URL("../docs/simulator.md", import.meta.url);

const END = "<!-- End of what is made. -->";
const CLIENTS = "<!-- Made by `npm run docs` from src/scenario/client-profiles.ts. -->";
const SERVER = "<!-- Made by `npm run docs` from src/scenario/scenario.ts. -->";

/** docs/simulator.md, as it must stand in docs/. */
export function simulatorPage(): string {
  const withClients = filled(currentSimulatorPage(), CLIENTS, clientTable());
  return filled(withClients, SERVER, serverTable());
}

export function currentSimulatorPage(): string {
  return readFileSync(PAGE, "utf8");
}

export function writeSimulatorPage(): void {
  writeFileSync(PAGE, simulatorPage());
}

/** `page` with `table` between `begin` and the next end. */
function filled(page: string, begin: string, table: string): string {
  const at = page.indexOf(begin);
  const end = page.indexOf(END, at);
  if (at < 0 || end < 0) throw new Error(`Cannot find ${begin} in ${PAGE.pathname}`);
  return `${page.slice(0, at)}${begin}\n\n${table}\n\n${page.slice(end)}`;
}

function clientTable(): string {
  return tableOf([
    ["client", "what it is"],
    ...CLIENT_PROFILES.map(({ id, title }) => [`\`${id}\``, title]),
  ]);
}

function serverTable(): string {
  const { properties = {}, required = [] } = scenarioSchema().properties?.server ?? {};
  return tableOf([
    ["field", "default", "meaning"],
    ...Object.entries(properties).flatMap(([name, node]) => [
      fieldRow(name, node, required.includes(name)),
      // close and limits have a page of their own.
      ...(name === "application" ? Object.entries(node.properties ?? {}) : []).map(
        ([inner, each]) => fieldRow(`${name}.${inner}`, each, false),
      ),
    ]),
  ]);
}

function fieldRow(name: string, node: DescribedNode, isRequired: boolean): string[] {
  const standard = node.default === undefined ? "" : `\`${JSON.stringify(node.default)}\``;
  const shown = isRequired ? "must be given" : standard;
  return [`\`${name}\``, shown, (node.description ?? "").replaceAll("|", "\\|")];
}

function tableOf([header = [], ...rows]: readonly (readonly string[])[]): string {
  const lines = [header, header.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
