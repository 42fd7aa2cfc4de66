import { LINUX_TIME_WAIT_SECONDS, linuxFinWait2Seconds } from "../tcp/linux-fin-timeout.ts";
import type { MachineReadings } from "./machine-readings.ts";
import type { StateMemoryId } from "./state-memory.ts";

// How many connections per second of each kind of ending a machine can go on with for ever.
//
// Little's law: a limit of L places, each taken for W seconds, lets L / W arrivals per second in.
// Bursts are another matter: the whole of a limit can go at once. Pure.

export type EndingKind =
  | "orphan-fin-wait-2"
  | "owned-fin-wait-2"
  | "time-wait"
  | "time-wait-as-client"
  | "orphan-fin-wait-1"
  | "orphan-zero-window"
  | "tracked";

export interface EndingCapacity {
  readonly id: EndingKind;
  readonly what: string;
  /** null: a value of the formula is not known. */
  readonly perSecond: number | null;
  /** The setting that gives way first. */
  readonly limitedBy: string;
  readonly limitCount: number | null;
  readonly heldSeconds: number | null;
  /** Whose time that is. */
  readonly heldBecause: string;
  /** With names, and with the numbers of this machine. */
  readonly formula: string;
  readonly worked: string;
  /** Kernel memory once the limit is reached; null if it or the size is not known. */
  readonly memoryBytes: number | null;
}

/** Measured with tcp_orphan_retries 0: orphans whose peer is gone, or has a zero window. */
export const DEAD_PEER_ORPHAN_SECONDS = 106;
export const ZERO_WINDOW_ORPHAN_SECONDS = 340;

interface Place {
  readonly setting: string;
  readonly count: number | null;
}

interface EndingRow {
  readonly id: EndingKind;
  readonly what: string;
  readonly places: readonly Place[];
  readonly heldSeconds: number | null;
  readonly heldName: string;
  readonly heldBecause: string;
  readonly memory: StateMemoryId;
}

/** `lingerSeconds` is how long the server holds a socket whose peer does not end. */
export function endingCapacities(
  machine: MachineReadings,
  lingerSeconds: number,
): readonly EndingCapacity[] {
  if (machine.platform !== "linux") return [];
  return [
    orphanFinWait2(machine),
    ownedFinWait2(machine, lingerSeconds),
    ...timeWait(machine),
    ...orphanFinWait1(machine),
    tracked(machine),
  ].map((row) => capacityOf(row, machine));
}

function orphanFinWait2({ settings }: MachineReadings): EndingRow {
  const value = settings.finTimeoutSeconds.value;
  const excess = (value ?? 0) - LINUX_TIME_WAIT_SECONDS;
  const timeWaits = { setting: "tcp_max_tw_buckets", count: settings.timeWaitLimit.value };
  const orphans = { setting: "tcp_max_orphans", count: settings.orphanLimit.value };
  const common = {
    id: "orphan-fin-wait-2",
    what: "closed by us; the peer never ends",
    memory: "mini-socket",
  } as const;
  if (value === null || excess <= 0) {
    const heldBecause = "FIN-WAIT-2 of an orphan";
    const held = { heldSeconds: value, heldName: "tcp_fin_timeout", heldBecause };
    return { ...common, places: [timeWaits], ...held };
  }
  // Above 60 s: first as a full orphan, then as a mini-socket, each for the excess.
  const total = linuxFinWait2Seconds(value);
  return {
    ...common,
    places: [timeWaits, orphans],
    heldSeconds: excess,
    heldName: `(tcp_fin_timeout - ${LINUX_TIME_WAIT_SECONDS} s)`,
    heldBecause: `each half of the ${total} s that an orphan stays in FIN-WAIT-2`,
  };
}

function ownedFinWait2({ settings }: MachineReadings, lingerSeconds: number): EndingRow {
  return {
    id: "owned-fin-wait-2",
    what: "half-closed by us and held",
    places: [
      { setting: "descriptors of the process", count: settings.descriptorLimit.value },
      // What the peer sends meanwhile takes a page at least until it is read.
      { setting: "tcp_mem (a page each)", count: settings.tcpMemoryLimitPages.value },
    ],
    heldSeconds: lingerSeconds,
    heldName: "lingerTotalTimeoutMs",
    heldBecause: "the longest lingering of finwait; the kernel has no timer for it",
    memory: "owned",
  };
}

function timeWait({ settings, ephemeralPorts }: MachineReadings): readonly EndingRow[] {
  const common = {
    heldSeconds: LINUX_TIME_WAIT_SECONDS,
    heldName: "TIME-WAIT",
    heldBecause: "fixed in the kernel",
    memory: "mini-socket",
  } as const;
  return [
    {
      ...common,
      id: "time-wait",
      what: "closed by us first, then by the peer",
      places: [{ setting: "tcp_max_tw_buckets", count: settings.timeWaitLimit.value }],
    },
    {
      ...common,
      id: "time-wait-as-client",
      what: "the same towards one address and port",
      places: [{ setting: "ip_local_port_range", count: ephemeralPorts.value }],
    },
  ];
}

function orphanFinWait1({ settings }: MachineReadings): readonly EndingRow[] {
  const isMeasured = settings.orphanRetryCount.value === 0;
  const common = {
    places: [{ setting: "tcp_max_orphans", count: settings.orphanLimit.value }],
    heldName: "FIN-WAIT-1",
    heldBecause: isMeasured
      ? "measured with tcp_orphan_retries 0"
      : "not measured for this value of tcp_orphan_retries",
    memory: "full-orphan",
  } as const;
  return [
    {
      ...common,
      id: "orphan-fin-wait-1",
      what: "closed by us; the peer is gone",
      heldSeconds: isMeasured ? DEAD_PEER_ORPHAN_SECONDS : null,
    },
    {
      ...common,
      id: "orphan-zero-window",
      what: "closed by us; the peer's window is zero",
      heldSeconds: isMeasured ? ZERO_WINDOW_ORPHAN_SECONDS : null,
    },
  ];
}

function tracked({ settings }: MachineReadings): EndingRow {
  const { conntrackFinWaitSeconds, conntrackTimeWaitSeconds, conntrackLimit } = settings;
  const times = [conntrackFinWaitSeconds.value, conntrackTimeWaitSeconds.value];
  const held = times.flatMap((time) => (time === null ? [] : [time]));
  return {
    id: "tracked",
    what: "any of these through connection tracking",
    places: [{ setting: "nf_conntrack_max", count: conntrackLimit.value }],
    heldSeconds: held.length === times.length ? Math.max(...held) : null,
    heldName: "max(fin_wait, time_wait)",
    heldBecause: "nf_conntrack_tcp_timeout_fin_wait and _time_wait",
    memory: "tracked",
  };
}

function capacityOf(row: EndingRow, { stateMemory }: MachineReadings): EndingCapacity {
  const { id, what, places, heldSeconds, heldName, heldBecause } = row;
  const least = places.reduce((one, other) => {
    return (other.count ?? Number.POSITIVE_INFINITY) < (one.count ?? Number.POSITIVE_INFINITY)
      ? other
      : one;
  });
  const isKnown = least.count !== null && heldSeconds !== null && heldSeconds > 0;
  const perSecond = isKnown ? Number(least.count) / Number(heldSeconds) : null;
  const bytes = stateMemory.find((memory) => memory.id === row.memory)?.bytes ?? null;
  return {
    id,
    what,
    perSecond,
    limitedBy: least.setting,
    limitCount: least.count,
    heldSeconds,
    heldBecause,
    formula: `${least.setting} / ${heldName}`,
    worked:
      perSecond === null
        ? `${numberText(least.count)} / ${numberText(heldSeconds)} s`
        : `${numberText(least.count)} / ${numberText(heldSeconds)} s = ${rateText(perSecond)}/s`,
    memoryBytes: least.count === null || bytes === null ? null : least.count * bytes,
  };
}

const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

function numberText(value: number | null): string {
  return value === null ? "unknown" : GROUPED.format(value);
}

/** Rounded down: a rate that cannot be held is not promised. */
export function rateText(perSecond: number): string {
  return GROUPED.format(perSecond >= 100 ? Math.floor(perSecond) : Math.floor(perSecond * 10) / 10);
}
