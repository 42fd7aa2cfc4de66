import { type EndingCapacity, endingCapacities } from "../observe/ending-capacity.ts";
import type { Finding, Urgency } from "../observe/finding.ts";
import { findingsOf } from "../observe/findings.ts";
import { type LimitUse, limitUses } from "../observe/limit-use.ts";
import type { MachineFiles } from "../observe/machine-files.ts";
import { type MachineReadings, readCounters, readMachine } from "../observe/machine-readings.ts";
import {
  type HeldSockets,
  type PortRange,
  type SocketCensus,
  takeCensus,
} from "../observe/socket-census.ts";
import type { SocketState } from "../observe/socket-line.ts";
import { linuxFinWait2Seconds } from "../tcp/linux-fin-timeout.ts";
import { systemsOfPlatform } from "../tcp/system-catalogue.ts";
import type { SystemProfile } from "../tcp/system-profile.ts";

// What `finwait doctor` found out, as one object: `--json` prints it as it is.

export interface DoctorReport {
  readonly platform: string;
  /** The release of a Linux kernel, or null. */
  readonly kernel: string | null;
  readonly verdict: DoctorVerdict;
  readonly finWait2: {
    /** How long an orphan stays in FIN-WAIT-2; null: not known. */
    readonly orphanSeconds: number | null;
    /** "none": as long as the application has the socket. null: not known. */
    readonly ownedTimeout: "none" | null;
    readonly orphanCount: number | null;
    readonly ownedCount: number | null;
  };
  readonly limits: readonly LimitUse[];
  readonly capacity: readonly EndingCapacity[];
  readonly findings: readonly Finding[];
  readonly machine: MachineReadings;
  /** Sockets by TCP state. */
  readonly states: Readonly<Partial<Record<SocketState, number>>>;
  readonly processes: {
    readonly closeWait: readonly HeldSockets[];
    readonly finWait2: readonly HeldSockets[];
  };
  /** What could not be seen, as sentences. */
  readonly gaps: readonly string[];
  /** What the catalogue says of machines like this. */
  readonly systems: readonly SystemProfile[];
}

export interface DoctorVerdict {
  /** The most urgent finding's; "none" if there is none, "unknown" if nothing could be read. */
  readonly urgency: Urgency | "none" | "unknown";
  readonly sentence: string;
}

/** Looks once; only the counters are read a second time, behind everything else. */
export function examineMachine(files: MachineFiles, lingerSeconds: number): DoctorReport {
  const machine = readMachine(files);
  const census = takeCensus(files, portRange(machine));
  const limits = limitUses(machine, census);
  const countersAfter = readCounters(files);
  const findings = findingsOf({ machine, census, limits, countersAfter, lingerSeconds });
  return {
    platform: files.platform,
    kernel: files.readText("/proc/sys/kernel/osrelease")?.trim() ?? null,
    verdict: verdictOf(machine, limits, findings),
    finWait2: finWait2Of(machine, census),
    limits,
    capacity: endingCapacities(machine, lingerSeconds),
    findings,
    machine,
    states: census.stateCounts(),
    processes: { closeWait: census.closeWaitByProcess(), finWait2: census.finWait2ByOwner() },
    gaps: census.gaps(),
    systems: systemsOfPlatform(files.platform),
  };
}

function portRange({ settings }: MachineReadings): PortRange | null {
  const first = settings.firstEphemeralPort.value;
  const last = settings.lastEphemeralPort.value;
  return first === null || last === null ? null : { first, last };
}

function finWait2Of(
  { platform, settings }: MachineReadings,
  census: SocketCensus,
): DoctorReport["finWait2"] {
  const seconds = settings.finTimeoutSeconds.value;
  const owned = census.finWait2ByOwner().reduce((sum, { count }) => sum + count, 0);
  const isLinux = platform === "linux";
  return {
    orphanSeconds: seconds === null ? null : linuxFinWait2Seconds(seconds),
    ownedTimeout: isLinux ? "none" : null,
    orphanCount: isLinux ? census.finWait2OrphanCount() : null,
    ownedCount: isLinux ? owned : null,
  };
}

function verdictOf(
  { platform }: MachineReadings,
  limits: readonly LimitUse[],
  findings: readonly Finding[],
): DoctorVerdict {
  const [first] = findings;
  if (first?.urgency === "now") {
    const count = findings.filter(({ urgency }) => urgency === "now").length;
    return { urgency: "now", sentence: `${things(count)} now: ${first.sentence}.` };
  }
  if (first?.urgency === "soon") {
    const count = findings.filter(({ urgency }) => urgency === "soon").length;
    return { urgency: "soon", sentence: `${things(count)} soon: ${first.sentence}.` };
  }
  const shares = limits.flatMap(({ usedShare }) => (usedShare === null ? [] : [usedShare]));
  if (shares.length === 0) {
    const sentence = `Nothing could be read on this machine, which is ${platform}.`;
    return { urgency: "unknown", sentence };
  }
  // Rounded up, because "no more than" has to be true.
  const most = Math.ceil(Math.max(...shares) * 100);
  const sentence = `Nothing is urgent: of no limit more than ${most} % is used.`;
  return { urgency: first === undefined ? "none" : "fine-to-know", sentence };
}

function things(count: number): string {
  return count === 1 ? "One thing needs attention" : `${count} things need attention`;
}
