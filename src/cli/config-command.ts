import { Command } from "commander";
import { fileOptions, type LoadedSettings, loadSettings } from "./loaded-settings.ts";
import { originText, shownValue } from "./setting.ts";
import { settingOptions } from "./setting-flags.ts";
import { SETTINGS } from "./setting-table.ts";

// `finwait config [root]`: every setting, its value, and who gave it.

interface ConfigFlags extends Record<string, unknown> {
  readonly json: boolean;
}

export function configCommand(): Command {
  const command = new Command("config")
    .description("print the settings that serve would use, and who gave each")
    .argument("[root]", "the folder")
    .option("--json", "print one JSON object", false);
  for (const option of [...fileOptions(), ...settingOptions()]) command.addOption(option);
  return command.action((root: string | undefined, flags: ConfigFlags) => {
    const loaded = loadSettings({ root, options: flags });
    process.stdout.write(flags.json ? configJson(loaded) : configText(loaded));
  });
}

/** For a terminal: one line per setting, a blank line between sections. */
export function configText({ settings, httpdConfPath, unread }: LoadedSettings): string {
  const rows = SETTINGS.map(({ name }) => {
    const { value, origin } = settings.get(name);
    return { name, value: shownValue(value), origin: originText(origin) };
  });
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const valueWidth = Math.max(...rows.map(({ value }) => value.length));
  const lines: string[] = [];
  let section = "";
  for (const { name, value, origin } of rows) {
    const own = name.includes(".") ? name.replace(/\..*/, "") : "";
    if (own !== section) lines.push("");
    section = own;
    lines.push(`${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${origin}`);
  }
  if (unread.length > 0) {
    lines.push("", `Not used in ${httpdConfPath}:`);
    const lineWidth = String(unread.at(-1)?.line).length;
    for (const { line, directive, reason } of unread) {
      const place = `line ${String(line).padStart(lineWidth)}`;
      lines.push(`  ${place}  ${shownValue(directive)}: ${reason}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** For programs. Origins are the same words as in the text. */
export function configJson(loaded: LoadedSettings): string {
  const { settings, configPath, httpdConfPath, unread } = loaded;
  const entries = SETTINGS.map(({ name }) => {
    const { value, origin } = settings.get(name);
    return [name, { value, origin: originText(origin) }] as const;
  });
  const content = {
    config: configPath,
    httpdConf: httpdConfPath,
    settings: Object.fromEntries(entries),
    unread,
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}
