import { DEFAULT_LEARNED_CLIENTS_OPTIONS } from "../closing/learned-clients-options.ts";
import { DEFAULT_CLOSE_POLICY } from "../closing/policy.ts";
import { DEFAULT_SERVER_LIMITS } from "../server/limits.ts";
import type { ObservedSettings } from "./observed-server.ts";

// The settings that rule how connections end, with who gave each value. Names are the ones of
// finwait.config.json. Nothing else of a configuration is here, so no path and no key can be.

export interface SettingInForce {
  /** For example `"close.lingerTotalTimeoutMs"`. */
  readonly name: string;
  readonly value: string | number;
  /** Who gave it, for example `"--port"`, `"httpd.conf:12"`, `"default"`. */
  readonly origin: string;
}

/** Who gave the values, by the names of the settings. */
export type SettingOrigins = ReadonlyMap<string, string>;

/** Without `origins` a value is the default's, or an option's. */
export function settingsInForce(
  settings: ObservedSettings,
  origins: SettingOrigins,
): readonly SettingInForce[] {
  const { persistence, close, limits, learnedClients } = settings;
  return [
    ...section("", { persistence }, { persistence: "on" }),
    ...section("close.", close, DEFAULT_CLOSE_POLICY),
    ...section("limits.", limits, DEFAULT_SERVER_LIMITS),
    ...section("learnedClients.", learnedClients, DEFAULT_LEARNED_CLIENTS_OPTIONS),
  ];

  function section<T extends object>(prefix: string, values: T, defaults: T): SettingInForce[] {
    const known = new Map<string, unknown>(Object.entries(defaults));
    return Object.entries(values).map(([key, value]) => {
      const name = `${prefix}${key}`;
      const origin = origins.get(name) ?? (known.get(key) === value ? "default" : "option");
      return { name, value, origin };
    });
  }
}
