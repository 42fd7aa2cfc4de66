import { FinwaitError } from "../base/error.ts";
import type { FinwaitServer } from "../server/serve-options.ts";
import { isUsageError } from "./cli-error.ts";
import { type LoadedSettings, unreadNotice } from "./loaded-settings.ts";
import { reconfigurableOptionsOf } from "./serve-options.ts";
import { shownValue } from "./setting.ts";
import { SETTINGS } from "./setting-table.ts";
import type { EffectiveSettings } from "./settings.ts";

// What SIGHUP does: the files are read again, and what can change in a running server changes.
//
// Whatever is wrong with them, the settings in force stay, all of them, and one line says why.

/** What a reload needs of the world. */
export interface ReloadPort {
  /** Reads the files again. @throws {UsageError} Something is wrong with them. */
  load(): LoadedSettings;
  readonly server: Pick<FinwaitServer, "reconfigure">;
  /** Shows a line to the operator. */
  say(line: string): void;
}

/** Returns what is in force then: the new settings, or `inForce` if something is wrong. */
export function reloadSettings(inForce: LoadedSettings, port: ReloadPort): LoadedSettings {
  let loaded: LoadedSettings;
  const { server } = port;
  try {
    loaded = port.load();
    server.reconfigure(reconfigurableOptionsOf(loaded));
  } catch (error) {
    port.say(`${sentenceOf(error)}; the settings in force stay`);
    return inForce;
  }
  const changed = changedNames(inForce.settings, loaded.settings);
  const waiting = changed.filter(needsRestart);
  const done = changed.filter((name) => !waiting.includes(name));
  const told = [...listed(done), ...ruleChange(inForce, loaded)];
  port.say(told.length === 0 ? "Reloaded, nothing changed" : `Reloaded: ${told.join(", ")}`);
  if (waiting.length > 0) port.say(`Needs a restart: ${listed(waiting).join(", ")}`);
  const notice = unreadNotice(loaded);
  if (notice !== null) port.say(notice);
  return { ...loaded, settings: loaded.settings.with(inForce.settings, waiting) };

  function listed(names: readonly string[]): string[] {
    const show = ({ settings }: LoadedSettings, name: string) =>
      shownValue(settings.get(name).value);
    return names.map((name) => `${name} ${show(inForce, name)} -> ${show(loaded, name)}`);
  }
}

/** Rules change in their own file, and in httpd.conf, while the settings stay the same. */
function ruleChange(before: LoadedSettings, after: LoadedSettings): string[] {
  const [one, other] = [before.clientRules, after.clientRules];
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  return [`client rules, ${one.length} -> ${other.length}`];
}

function changedNames(one: EffectiveSettings, other: EffectiveSettings): string[] {
  return SETTINGS.map(({ name }) => name).filter((name) => {
    return one.get(name).value !== other.get(name).value;
  });
}

function needsRestart(name: string): boolean {
  return SETTINGS.some((setting) => setting.name === name && setting.changesWith === "restart");
}

/** A failure of our own keeps its stack; the server goes on in any case. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isOfLibrary = error instanceof RangeError || error instanceof FinwaitError;
  const isExpected = isUsageError(error) || isOfLibrary;
  return isExpected ? error.message : String(error.stack);
}
