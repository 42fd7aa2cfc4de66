import type { MachineFiles } from "./machine-files.ts";
import {
  COUNTER_PLACES,
  type CounterName,
  MACHINE_PLACES,
  SETTING_PLACES,
  type SettingName,
  USE_PLACES,
  type UseName,
} from "./machine-places.ts";
import { known, type Reading, type ReadingPlace, readPlace, unknown } from "./reading.ts";
import { readStateMemory, type StateMemory } from "./state-memory.ts";

// Everything the doctor reads of a machine but its socket table: a picture of one moment.

export type SettingReadings = { readonly [Name in SettingName]: Reading };
export type UseReadings = { readonly [Name in UseName]: Reading };
export type CounterReadings = { readonly [Name in CounterName]: Reading };

export interface MachineReadings {
  readonly platform: string;
  readonly settings: SettingReadings;
  /** Ports that the kernel may choose from: the range without those reserved in it. */
  readonly ephemeralPorts: Reading;
  readonly use: UseReadings;
  readonly counters: CounterReadings;
  readonly memoryBytes: Reading;
  readonly pageBytes: Reading;
  readonly uptimeSeconds: Reading;
  readonly stateMemory: readonly StateMemory[];
}

const RESERVED_PORTS = "/proc/sys/net/ipv4/ip_local_reserved_ports";
const PORT_RANGE = "/proc/sys/net/ipv4/ip_local_port_range";

export function readMachine(files: MachineFiles): MachineReadings {
  const settings = readPlaces(files, SETTING_PLACES);
  return {
    platform: files.platform,
    settings,
    ephemeralPorts: countEphemeralPorts(files, settings),
    use: readPlaces(files, USE_PLACES),
    counters: readCounters(files),
    memoryBytes: inBytes(readPlace(files, MACHINE_PLACES.memoryKibibytes)),
    pageBytes: inBytes(readPlace(files, MACHINE_PLACES.pageKibibytes)),
    uptimeSeconds: readPlace(files, MACHINE_PLACES.uptimeSeconds),
    stateMemory: readStateMemory(files),
  };
}

/** Only the counters, for a second look. */
export function readCounters(files: MachineFiles): CounterReadings {
  return readPlaces(files, COUNTER_PLACES);
}

function readPlaces<Name extends string>(
  files: MachineFiles,
  places: Readonly<Record<Name, ReadingPlace>>,
): Record<Name, Reading> {
  const entries = Object.entries<ReadingPlace>(places).map(([name, place]) => {
    return [name, readPlace(files, place)] as const;
  });
  // The entries have the keys of `places`, which Object.fromEntries does not tell.
  return Object.fromEntries(entries) as Record<Name, Reading>;
}

function countEphemeralPorts(
  files: MachineFiles,
  { firstEphemeralPort, lastEphemeralPort }: SettingReadings,
): Reading {
  const first = firstEphemeralPort.value;
  const last = lastEphemeralPort.value;
  if (first === null || last === null) {
    const because = firstEphemeralPort.unknownBecause ?? lastEphemeralPort.unknownBecause;
    return unknown("count", PORT_RANGE, because ?? `${PORT_RANGE} has no range`);
  }
  // A machine without this file has nothing reserved.
  const reserved = countReserved(files.readText(RESERVED_PORTS) ?? "", first, last);
  return known(last - first + 1 - reserved, "count", `${PORT_RANGE} without ${RESERVED_PORTS}`);
}

/** How many ports of `8080,9000-9010` are from `first` to `last`. */
function countReserved(list: string, first: number, last: number): number {
  let count = 0;
  for (const [, from = "", to = from] of list.matchAll(/(\d+)(?:-(\d+))?/g)) {
    count += Math.max(0, Math.min(Number(to), last) - Math.max(Number(from), first) + 1);
  }
  return count;
}

function inBytes(reading: Reading): Reading {
  const { value } = reading;
  return { ...reading, value: value === null ? null : value * 1_024, unit: "bytes" };
}
