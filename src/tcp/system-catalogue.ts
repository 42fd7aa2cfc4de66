import type { FinWait2Timeout, SystemProfile } from "./system-profile.ts";
import { SYSTEMS_OF_THE_PAGE } from "./systems-of-the-page.ts";
import { SYSTEMS_OF_TODAY } from "./systems-of-today.ts";

// The catalogue of operating systems, for `finwait doctor` and for the simulator.

/** Those that are maintained first, then those of the Apache page. */
export const SYSTEM_CATALOGUE: readonly SystemProfile[] = [
  ...SYSTEMS_OF_TODAY,
  ...SYSTEMS_OF_THE_PAGE,
];

/**
 * The system with this id, for example "sunos-4".
 *
 * @throws {RangeError} There is none; the message lists the ids.
 */
export function systemById(id: string): SystemProfile {
  const found = SYSTEM_CATALOGUE.find((system) => system.id === id);
  if (found !== undefined) return found;
  const ids = SYSTEM_CATALOGUE.map((system) => system.id).join(", ");
  throw new RangeError(`Cannot use system ${JSON.stringify(id)}: expected one of ${ids}`);
}

/** What a machine with this `process.platform` may be; empty if the catalogue has none. */
export function systemsOfPlatform(platform: string): readonly SystemProfile[] {
  return SYSTEM_CATALOGUE.filter((system) => system.platform === platform);
}

/** A timeout with the defaults of its system: Infinity for "none", null for "unknown". */
export function finWait2TimeoutMs(timeout: FinWait2Timeout): number | null {
  if (timeout === "none") return Number.POSITIVE_INFINITY;
  if (timeout === "unknown") return null;
  if (typeof timeout === "number") return timeout;
  return timeout.defaultMs === "unknown" ? null : timeout.defaultMs;
}
