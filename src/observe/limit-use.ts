import type { MachineReadings } from "./machine-readings.ts";
import { known, type Reading, unknown } from "./reading.ts";
import type { SocketCensus } from "./socket-census.ts";

// Each limit that connections run into when they end, with what is in use of it. Pure.

export type LimitId =
  | "orphans"
  | "time-wait"
  | "tcp-memory"
  | "system-files"
  | "process-descriptors"
  | "accept-queue"
  | "ephemeral-ports"
  | "conntrack";

export interface LimitUse {
  readonly id: LimitId;
  /** For a table: what is limited, and by what. */
  readonly what: string;
  readonly setting: string;
  readonly use: Reading;
  readonly limit: Reading;
  /** 0 to 1 and more; null if either is not known. */
  readonly usedShare: number | null;
  /** What happens at the limit. */
  readonly whenFull: string;
}

export function limitUses(machine: MachineReadings, census: SocketCensus): readonly LimitUse[] {
  const { settings, use } = machine;
  return [
    limitUse({
      id: "orphans",
      what: "orphans that still send",
      setting: "net.ipv4.tcp_max_orphans",
      use: use.orphanCount,
      limit: settings.orphanLimit,
      whenFull: "the kernel resets connections as they are closed, and their last bytes are lost",
    }),
    limitUse({
      id: "time-wait",
      what: "TIME-WAIT, orphan FIN-WAIT-2",
      setting: "net.ipv4.tcp_max_tw_buckets",
      use: use.timeWaitCount,
      limit: settings.timeWaitLimit,
      whenFull: "the kernel forgets them at once, and answers late segments with RST",
    }),
    limitUse({
      id: "tcp-memory",
      what: "pages of TCP buffers",
      setting: "net.ipv4.tcp_mem",
      use: use.tcpMemoryPages,
      limit: settings.tcpMemoryLimitPages,
      whenFull: "the kernel drops received data and resets orphans",
    }),
    limitUse({
      id: "system-files",
      what: "open files of the system",
      setting: "fs.file-max",
      use: use.systemFileCount,
      limit: settings.systemFileLimit,
      whenFull: "accept() and open() fail with ENFILE everywhere",
    }),
    processUse(census),
    acceptQueueUse(machine, census),
    portUse(machine, census),
    limitUse({
      id: "conntrack",
      what: "tracked connections",
      setting: "net.netfilter.nf_conntrack_max",
      use: use.conntrackCount,
      limit: settings.conntrackLimit,
      whenFull: "packets of new connections are dropped",
    }),
  ];
}

function processUse(census: SocketCensus): LimitUse {
  const process = census.fullestProcess();
  const name = process === null ? "none" : `pid ${process.pid} ${process.command}`;
  const source = process === null ? "/proc/PID" : `/proc/${process.pid}`;
  const none = "no process could be looked into";
  const reading = (value: number | null | undefined, file: string) =>
    value === null || value === undefined
      ? unknown("count", `${source}/${file}`, none)
      : known(value, "count", `${source}/${file}`);
  return limitUse({
    id: "process-descriptors",
    what: `descriptors: ${name}`,
    setting: "LimitNOFILE",
    use: reading(process?.descriptorCount, "fd"),
    limit: reading(process?.descriptorLimit, "limits"),
    whenFull: "accept() fails with EMFILE, and connections wait in the accept queue",
  });
}

function acceptQueueUse({ platform, settings }: MachineReadings, census: SocketCensus): LimitUse {
  const queue = census.fullestAcceptQueue();
  return limitUse({
    id: "accept-queue",
    what: `accept queue of ${queue?.local ?? "anybody"}`,
    setting: "net.core.somaxconn",
    use: counted(platform, queue?.waitingCount, "rx_queue of LISTEN"),
    limit: settings.acceptQueueLimit,
    whenFull: "the kernel drops the last ACK of the handshake, and clients wait or give up",
  });
}

function portUse({ platform, ephemeralPorts }: MachineReadings, census: SocketCensus): LimitUse {
  const busiest = census.busiestPeer();
  return limitUse({
    id: "ephemeral-ports",
    what: `ports towards ${busiest?.peer ?? "any one peer"}`,
    setting: "net.ipv4.ip_local_port_range",
    use: counted(platform, busiest?.portCount, "local ports by peer"),
    limit: ephemeralPorts,
    whenFull: "connect() to that peer fails with EADDRNOTAVAIL",
  });
}

/** No socket at all is a use of 0, where the table can be read. */
function counted(platform: string, count: number | undefined, what: string): Reading {
  const source = `/proc/net/tcp and tcp6: ${what}`;
  return platform === "linux"
    ? known(count ?? 0, "count", source)
    : unknown("count", source, `the socket table is read on Linux only, and this is ${platform}`);
}

function limitUse(row: Omit<LimitUse, "usedShare">): LimitUse {
  const { use, limit } = row;
  const isKnown = use.value !== null && limit.value !== null && limit.value > 0;
  return { ...row, usedShare: isKnown ? Number(use.value) / Number(limit.value) : null };
}
