import { type Examination, type Finding, grouped, percentText } from "./finding.ts";
import type { LimitId, LimitUse } from "./limit-use.ts";
import type { MachineReadings } from "./machine-readings.ts";

// Findings about limits that are nearly used up.

/**
 * Precedents: the Prometheus node mixin warns of connection tracking at 75 % and is critical for
 * descriptors at 90 %.
 */
export const USE_SOON_SHARE = 0.75;
export const USE_NOW_SHARE = 0.9;

/** What is proposed: room for as much again. */
const GROWTH = 2;

interface Advice {
  readonly command: (limit: number, use: LimitUse, machine: MachineReadings) => string;
  readonly cost: (limit: number, machine: MachineReadings) => string;
}

const ADVICE: { readonly [Id in LimitId]: Advice } = {
  orphans: {
    command: (limit) => `sysctl -w net.ipv4.tcp_max_orphans=${limit * GROWTH}`,
    cost: (limit, machine) =>
      `${memoryText(limit, "full-orphan", machine)}, and the unsent bytes of each besides`,
  },
  "time-wait": {
    command: (limit) => `sysctl -w net.ipv4.tcp_max_tw_buckets=${limit * GROWTH}`,
    cost: (limit, machine) => memoryText(limit, "mini-socket", machine),
  },
  "tcp-memory": {
    command: (_, __, { settings }) => {
      const { tcpMemoryLowPages, tcpMemoryPressurePages, tcpMemoryLimitPages } = settings;
      const values = [tcpMemoryLowPages, tcpMemoryPressurePages, tcpMemoryLimitPages];
      const doubled = values.map(({ value }) => Number(value) * GROWTH);
      return `sysctl -w net.ipv4.tcp_mem="${doubled.join(" ")}"`;
    },
    cost: (limit, { pageBytes }) => {
      const pages = `up to ${grouped(limit)} more pages`;
      const { value } = pageBytes;
      return value === null ? `${pages} of memory` : `${pages} (${mebibytes(limit * value)})`;
    },
  },
  "system-files": {
    command: (limit) => `sysctl -w fs.file-max=${limit * GROWTH}`,
    cost: () => "kernel memory for each file that is opened, about 1 KB",
  },
  "process-descriptors": {
    command: (limit) => `systemctl edit UNIT, and there: [Service] LimitNOFILE=${limit * GROWTH}`,
    cost: () => "the service has to be restarted; a leak of descriptors takes longer to show",
  },
  "accept-queue": {
    command: (limit) => `sysctl -w net.core.somaxconn=${limit * GROWTH}`,
    cost: () =>
      "the service has to be restarted with a larger backlog, and clients wait longer in it: " +
      "a full queue means that the process accepts too slowly",
  },
  "ephemeral-ports": {
    command: () => 'sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
    cost: () =>
      "services that listen above 1023 can find their port taken, unless it is in " +
      "ip_local_reserved_ports; persistent connections to the peer need no ports",
  },
  conntrack: {
    command: (limit) => `sysctl -w net.netfilter.nf_conntrack_max=${limit * GROWTH}`,
    cost: (limit, machine) =>
      `${memoryText(limit, "tracked", machine)}, and slower lookups without more ` +
      "nf_conntrack_buckets",
  },
};

export function limitFindings({ limits, machine }: Examination): Finding[] {
  return limits.flatMap((use) => {
    const { id, what, usedShare, whenFull, setting } = use;
    if (usedShare === null || usedShare < USE_SOON_SHARE) return [];
    const used = Number(use.use.value);
    const limit = Number(use.limit.value);
    return [
      {
        id: `limit-${id}`,
        urgency: usedShare >= USE_NOW_SHARE ? "now" : "soon",
        sentence: `${percentText(usedShare)} of ${setting} is used: ${what}`,
        why: `${grouped(used)} of ${grouped(limit)}. At the limit ${whenFull}.`,
        command: ADVICE[id].command(limit, use, machine),
        cost: ADVICE[id].cost(limit, machine),
        evidence: { use: used, limit, usedShare },
      } as const,
    ];
  });
}

/** The memory of `count` more of them. */
function memoryText(count: number, id: string, { stateMemory }: MachineReadings): string {
  const bytes = stateMemory.find((memory) => memory.id === id)?.bytes;
  if (bytes === undefined) return "kernel memory for each";
  return `up to ${mebibytes(count * bytes)} of kernel memory (${grouped(bytes)} bytes each)`;
}

function mebibytes(bytes: number): string {
  return `${grouped(Math.ceil(bytes / 1_048_576))} MiB`;
}
