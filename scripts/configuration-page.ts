import { readFileSync, writeFileSync } from "node:fs";
import { expectedOf, type Setting } from "../src/cli/setting.ts";
import { configJsonSchema } from "../src/cli/setting-schema.ts";
import { SETTINGS } from "../src/cli/setting-table.ts";

// What is made from the table of settings: config.schema.json, and the tables of
// docs/configuration.md. The rest of that page is written by hand and stays as it is.

const PAGE = new URL("../docs/configuration.md", import.meta.url);
const SCHEMA = new URL("../config.schema.json", import.meta.url);

const BEGIN = "<!-- Made by `npm run docs` from src/cli/setting-table.ts. -->";
const END = "<!-- End of what is made. -->";

/** docs/configuration.md, as it must stand in docs/. */
export function configurationPage(): string {
  const page = currentConfigurationPage();
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`Cannot find the marks in ${PAGE.pathname}`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${settingTable()}\n\n${page.slice(end)}`;
}

export function currentConfigurationPage(): string {
  return readFileSync(PAGE, "utf8");
}

/** config.schema.json, as it stands now. */
export function currentConfigSchema(): string {
  return readFileSync(SCHEMA, "utf8");
}

export function writeConfigurationFiles(): void {
  writeFileSync(SCHEMA, configJsonSchema());
  writeFileSync(PAGE, configurationPage());
}

function settingTable(): string {
  const rows = SETTINGS.map((setting) => [
    `\`${setting.name}\``,
    setting.flag === null ? "" : `\`${flagOf(setting)}\``,
    setting.default === "" ? "" : `\`${setting.default}\``,
    allowed(setting),
    setting.changesWith,
    setting.help,
  ]);
  const header = ["setting", "flag", "default", "allowed", "changes with", "meaning"];
  const lines = [header, header.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** As it is typed: the useful way round of a switch, and no placeholder. */
function flagOf(setting: Setting): string {
  const long = (setting.flag ?? "").replace(/^-\w, /, "").replace(/ <.*/, "");
  const isTurnedOff = setting.type === "switch" && setting.default;
  return isTurnedOff ? long.replace("--", "--no-") : long;
}

function allowed(setting: Setting): string {
  if (setting.type === "choice") return setting.choices.map((choice) => `\`${choice}\``).join(" ");
  if (setting.type === "text") return setting.isPath ? "a path" : "text";
  if (setting.type === "number" && setting.most === Number.MAX_SAFE_INTEGER) {
    return `from ${setting.least}`;
  }
  return expectedOf(setting).replace("an integer from ", "");
}
