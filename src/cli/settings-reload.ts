import { isUsageError } from "./cli-error.ts";
import { type LoadedSettings, unreadNotice } from "./loaded-settings.ts";
import { shownValue } from "./setting.ts";
import { SETTINGS } from "./setting-table.ts";
import type { EffectiveSettings } from "./settings.ts";
import { type ClientRule, knownFields } from "./upcoming-settings.ts";

// What SIGHUP does: the files are read again, and what can change in a running server changes.
//
// Whatever is wrong with them, the settings in force stay, all of them, and one line says why.

/** What can change while the server runs. The objects are complete: no old value stays behind. */
export interface SettingChanges {
  readonly limits: Record<string, unknown>;
  readonly close: Record<string, unknown>;
  readonly persistence: "on" | "off";
  readonly clientRules: readonly ClientRule[];
  readonly learnedClients: Record<string, unknown>;
}

/** MERGE: a part of `FinwaitServer`. It throws a RangeError, and changes nothing, if it must. */
export interface Reconfigurable {
  reconfigure(changes: SettingChanges): void;
}

export function isReconfigurable(server: object): server is Reconfigurable {
  return "reconfigure" in server && typeof server.reconfigure === "function";
}

/** What a reload needs of the world. */
export interface ReloadPort {
  /** Reads the files again. @throws {UsageError} Something is wrong with them. */
  load(): LoadedSettings;
  readonly server: object;
  /** Shows a line to the operator. */
  say(line: string): void;
}

/** Returns what is in force then: the new settings, or `inForce` if something is wrong. */
export function reloadSettings(inForce: LoadedSettings, port: ReloadPort): LoadedSettings {
  let loaded: LoadedSettings;
  const { server } = port;
  try {
    loaded = port.load();
    if (isReconfigurable(server)) server.reconfigure(changesOf(loaded));
  } catch (error) {
    port.say(`${sentenceOf(error)}; the settings in force stay`);
    return inForce;
  }
  const changed = changedNames(inForce.settings, loaded.settings);
  const waiting = changed.filter((name) => !isReconfigurable(server) || needsRestart(name));
  const done = changed.filter((name) => !waiting.includes(name));
  port.say(done.length === 0 ? "Reloaded, nothing changed" : `Reloaded: ${list(done)}`);
  if (waiting.length > 0) port.say(`Needs a restart: ${list(waiting)}`);
  const notice = unreadNotice(loaded);
  if (notice !== null) port.say(notice);
  return { ...loaded, settings: loaded.settings.with(inForce.settings, waiting) };

  function list(names: readonly string[]): string {
    const show = ({ settings }: LoadedSettings, name: string) =>
      shownValue(settings.get(name).value);
    return names
      .map((name) => `${name} ${show(inForce, name)} -> ${show(loaded, name)}`)
      .join(", ");
  }
}

function changedNames(one: EffectiveSettings, other: EffectiveSettings): string[] {
  return SETTINGS.map(({ name }) => name).filter((name) => {
    return one.get(name).value !== other.get(name).value;
  });
}

function needsRestart(name: string): boolean {
  return SETTINGS.some((setting) => setting.name === name && setting.changesWith === "restart");
}

function changesOf({ settings, clientRules }: LoadedSettings): SettingChanges {
  // What the library does not know yet is passed on only if somebody asks for it.
  const section = (name: string) => ({
    ...knownFields(settings.section(name, "all")),
    ...settings.section(name, "given"),
  });
  return {
    limits: section("limits"),
    close: section("close"),
    persistence: settings.text("persistence") === "off" ? "off" : "on",
    clientRules,
    learnedClients: settings.section("learnedClients", "all"),
  };
}

/** A failure of our own keeps its stack; the server goes on in any case. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isExpected = isUsageError(error) || error instanceof RangeError;
  return isExpected ? error.message : String(error.stack);
}
