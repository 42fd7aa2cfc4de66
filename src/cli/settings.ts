import { parseLearnedClientsOptions } from "../closing/learned-clients-options.ts";
import { parseClosePolicy } from "../closing/policy-parser.ts";
import { parseStaticFilesOptions } from "../handlers/static-options.ts";
import { parseServerLimits } from "../server/limits.ts";
import { parseShutdownOptions, type ShutdownOptions } from "../teardown/shutdown.ts";
import { UsageError } from "./cli-error.ts";
import {
  type GivenSettings,
  type GivenValue,
  type Origin,
  type SettingValue,
  valueSentence,
} from "./setting.ts";
import { SETTINGS, settingOf } from "./setting-table.ts";

// Which value is in force, and whose it is: flags over the file, over httpd.conf, over defaults.
//
// Ranges and contradictions within the close policy, the limits and the options of static files are
// the library's to judge; here its sentences get the names that the user wrote.

/** What each source says. */
export interface SettingSources {
  readonly flags: GivenSettings;
  readonly file: GivenSettings;
  readonly httpdConf: GivenSettings;
}

const DEFAULT_ORIGIN: Origin = { type: "default" };

/** A value and an origin for every setting of the table. */
export class EffectiveSettings {
  readonly #values: GivenSettings;

  constructor(values: GivenSettings) {
    this.#values = values;
  }

  get(name: string): GivenValue {
    return this.#values.get(name) ?? { value: settingOf(name).default, origin: DEFAULT_ORIGIN };
  }

  text(name: string): string {
    return String(this.get(name).value);
  }

  number(name: string): number {
    return Number(this.get(name).value);
  }

  isOn(name: string): boolean {
    return this.get(name).value === true;
  }

  /** The values of a section by their names within it: all, or the ones that somebody gave. */
  section(name: string, which: "all" | "given"): Record<string, SettingValue> {
    const fields: Record<string, SettingValue> = {};
    for (const setting of SETTINGS) {
      if (!setting.name.startsWith(`${name}.`)) continue;
      const { value, origin } = this.get(setting.name);
      if (which === "given" && origin.type === "default") continue;
      fields[setting.name.slice(name.length + 1)] = value;
    }
    return fields;
  }

  /** These settings, but the named ones as `others` has them. */
  with(others: EffectiveSettings, names: readonly string[]): EffectiveSettings {
    const values = new Map(this.#values);
    for (const name of names) values.set(name, others.get(name));
    return new EffectiveSettings(values);
  }
}

/** @throws {UsageError} A value is out of range, or two of them contradict each other. */
export function resolveSettings({ flags, file, httpdConf }: SettingSources): EffectiveSettings {
  const settings = new EffectiveSettings(new Map([...httpdConf, ...file, ...flags]));
  checkSection(settings, "close", parseClosePolicy);
  checkSection(settings, "limits", parseServerLimits);
  checkSection(settings, "static", parseStaticFilesOptions);
  checkSection(settings, "learnedClients", parseLearnedClientsOptions);
  checkSection(settings, "shutdown", ({ announceMs, deadlineMs }) =>
    // The table has seen to it that both are numbers, if they are given.
    parseShutdownOptions({ announceMs, deadlineMs } as ShutdownOptions),
  );
  checkPair(settings, "tls.cert", "tls.key");
  checkPair(settings, "tls.key", "tls.cert");
  return settings;
}

function checkSection(
  settings: EffectiveSettings,
  section: string,
  check: (fields: Record<string, SettingValue>) => unknown,
): void {
  const fields = settings.section(section, "given");
  try {
    check(fields);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new UsageError(inUserWords(error.message, settings, section));
  }
}

/** `Cannot use X Y: expected Z` of the library, with the fields named as the user wrote them. */
function inUserWords(message: string, settings: EffectiveSettings, section: string): string {
  const [, key = "", expected = ""] = /^Cannot use (\w+)\b.*?: expected (.*)$/.exec(message) ?? [];
  const name = `${section}.${key}`;
  if (!SETTINGS.some((setting) => setting.name === name)) return message;
  const { value, origin } = settings.get(name);
  const renamed = expected.replace(/\w+/g, (word) => {
    const other = SETTINGS.find((setting) => setting.name === `${section}.${word}`);
    if (other === undefined) return word;
    const { origin: otherOrigin } = settings.get(other.name);
    return otherOrigin.type === "flag" ? otherOrigin.flag : other.name;
  });
  return valueSentence(settingOf(name), value, origin, renamed);
}

/** A certificate is of no use without its key, and the other way round. */
function checkPair(settings: EffectiveSettings, given: string, missing: string): void {
  const { value, origin } = settings.get(given);
  if (value === "" || settings.text(missing) !== "") return;
  if (origin.type === "flag") {
    const other = settingOf(missing).flag?.replace(/ .*/, "");
    throw new UsageError(`Cannot use ${origin.flag} alone: expected ${other} as well`);
  }
  throw new UsageError(valueSentence(settingOf(given), value, origin, `${missing} as well`));
}
