import { existsSync } from "node:fs";
import { Option } from "commander";
import type { ClientRule } from "../closing/client-rules.ts";
import { collectClientRules } from "./client-rule-sources.ts";
import { type HttpdConf, readHttpdConf, type UnreadDirective } from "./httpd-conf.ts";
import { shownValue } from "./setting.ts";
import { readSettingFile, settingsOfFile } from "./setting-file.ts";
import { type CommandLine, settingsOfFlags } from "./setting-flags.ts";
import { type EffectiveSettings, resolveSettings } from "./settings.ts";

// Reads the files that a command line names, and makes effective settings of all of it.

/** The file that is used without being named. */
export const CONFIG_FILE = "finwait.config.json";

/** Unread lines that are named at the start of a server; `finwait config` names them all. */
const UNREAD_SHOWN_LIMIT = 20;

export interface LoadedSettings {
  readonly settings: EffectiveSettings;
  readonly clientRules: readonly ClientRule[];
  /** The files that were read, or null. */
  readonly configPath: string | null;
  readonly httpdConfPath: string | null;
  /** What httpd.conf says in vain. */
  readonly unread: readonly UnreadDirective[];
}

/** The flags that name files of settings, in the order that --help shows them. */
export function fileOptions(): Option[] {
  return [
    new Option("-c, --config <file>", `file of settings (default: ${CONFIG_FILE}, if it exists)`),
    new Option("--no-config", `do not use ${CONFIG_FILE}`),
    new Option("--httpd-conf <file>", "read the connection directives of an Apache httpd"),
  ];
}

/**
 * `expectedConfigPath` is the file that was used before: it is not optional any more then.
 *
 * @throws {UsageError} A file cannot be read, or a value cannot be used.
 */
export function loadSettings(
  commandLine: CommandLine,
  expectedConfigPath: string | null = null,
): LoadedSettings {
  const flags = settingsOfFlags(commandLine);
  const namedPath = textOption(commandLine, "config");
  const configPath = namedPath ?? expectedConfigPath ?? defaultConfigPath(commandLine);
  const httpdConfPath = textOption(commandLine, "httpdConf");
  const file =
    configPath === null
      ? new Map()
      : settingsOfFile(
          readSettingFile(namedPath === null ? null : "--config", configPath),
          configPath,
        );
  const httpdConf: HttpdConf | null =
    httpdConfPath === null
      ? null
      : readHttpdConf(readSettingFile("--httpd-conf", httpdConfPath), httpdConfPath);
  const settings = resolveSettings({ flags, file, httpdConf: httpdConf?.settings ?? new Map() });
  const { rules, unread } = collectClientRules(settings, httpdConf, httpdConfPath ?? "");
  return {
    settings,
    clientRules: rules,
    configPath,
    httpdConfPath,
    unread: [...(httpdConf?.unread ?? []), ...unread].sort((one, other) => one.line - other.line),
  };
}

function defaultConfigPath({ options }: CommandLine): string | null {
  return options.config !== false && existsSync(CONFIG_FILE) ? CONFIG_FILE : null;
}

function textOption({ options }: CommandLine, name: string): string | null {
  const value = options[name];
  return typeof value === "string" ? value : null;
}

/** `httpd.conf: 3 directives are not used: line 4 ServerRoot, …`, or null if all are used. */
export function unreadNotice({ httpdConfPath, unread }: LoadedSettings): string | null {
  if (httpdConfPath === null || unread.length === 0) return null;
  const count = unread.length === 1 ? "1 directive is" : `${unread.length} directives are`;
  const lines = unread
    .slice(0, UNREAD_SHOWN_LIMIT)
    .map(({ line, directive }) => `line ${line} ${shownValue(directive)}`);
  const rest = unread.length - lines.length;
  if (rest > 0) lines.push(`and ${rest} more, which "finwait config" lists`);
  return `${httpdConfPath}: ${count} not used: ${lines.join(", ")}`;
}
