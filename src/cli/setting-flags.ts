import { Option } from "commander";
import { UsageError } from "./cli-error.ts";
import {
  expectedOf,
  type GivenSettings,
  type GivenValue,
  isAllowed,
  type Origin,
  type Setting,
  type SettingValue,
  valueSentence,
} from "./setting.ts";
import { SETTINGS } from "./setting-table.ts";

// The flags of `finwait serve` and `finwait config`, made from the table of settings.
//
// commander is given no defaults: what is left out on the command line has to stay undefined, so
// that the files have their say.

/** What commander makes of a command line. */
export interface CommandLine {
  /** The argument `[root]`. */
  readonly root: string | undefined;
  readonly options: Readonly<Record<string, unknown>>;
}

const HEADINGS: Readonly<Record<string, string>> = {
  close: "How connections end:",
  limits: "Limits:",
  clientRules: "Clients:",
  shippedClientRules: "Clients:",
  learnedClients: "Clients:",
  shutdown: "Shutdown:",
  admin: "Status and metrics:",
};

/** The flags, in the order that --help shows them; `names`: of these settings only. */
export function settingOptions(names: readonly string[] | null = null): Option[] {
  return SETTINGS.flatMap((setting) => {
    if (names !== null && !names.includes(setting.name)) return [];
    const options = optionsOf(setting);
    const heading = HEADINGS[setting.name.replace(/\..*/, "")];
    if (heading !== undefined) for (const option of options) option.helpGroup(heading);
    return options;
  });
}

/** What the command line says. */
export function settingsOfFlags({ root, options }: CommandLine): GivenSettings {
  const given = new Map<string, GivenValue>();
  for (const setting of SETTINGS) {
    const [option] = optionsOf(setting);
    const value = option === undefined ? root : options[option.attributeName()];
    if (value === undefined || (option === undefined && setting.flag === null)) continue;
    const origin: Origin = { type: "flag", flag: flagText(setting, option, value) };
    if (!isAllowed(setting, value)) {
      throw new UsageError(valueSentence(setting, value, origin, expectedOf(setting)));
    }
    given.set(setting.name, { value, origin });
  }
  return given;
}

/** None for a setting of the file only, and for the argument. */
function optionsOf(setting: Setting): Option[] {
  const { flag } = setting;
  if (flag?.startsWith("-") !== true) return [];
  if (setting.type === "switch") return switchOptions(flag, setting.help, setting.default);
  const option = new Option(flag, helpOf(setting));
  if (setting.type === "number") {
    option.argParser((text) => numberOrText(text, setting.least < 0));
  }
  return [option];
}

/** A switch can be turned both ways, as a file may have turned it; --help shows the useful one. */
function switchOptions(flag: string, help: string, isOnByDefault: boolean): Option[] {
  const on = new Option(flag, help).hideHelp(isOnByDefault);
  const off = new Option(flag.replace("--", "--no-"), `do not ${help}`).hideHelp(!isOnByDefault);
  return [on, off];
}

/** The meaning, and in parentheses the choices and the default. */
function helpOf(setting: Setting): string {
  const notes = setting.type === "choice" ? [setting.choices.join(", ")] : [];
  if (setting.default !== "") notes.push(`default: ${setting.default}`);
  return notes.length === 0 ? setting.help : `${setting.help} (${notes.join("; ")})`;
}

/** Text that is no whole number stays text, so that the sentence about it can quote it. */
function numberOrText(text: string, maySign: boolean): SettingValue {
  const pattern = maySign ? /^-?[0-9]{1,15}$/ : /^[0-9]{1,15}$/;
  return pattern.test(text) ? Number(text) : text;
}

function flagText(setting: Setting, option: Option | undefined, value: unknown): string {
  if (option === undefined) return setting.flag ?? setting.name;
  const long = option.long ?? option.flags;
  return value === false ? long.replace("--", "--no-") : long;
}
