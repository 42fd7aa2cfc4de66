import {
  column,
  labelled,
  type ReadingPlace,
  type ReadingUnit,
  single,
  underHead,
} from "./reading.ts";

// Where Linux keeps what decides about the ends of connections: settings, use, counters.
//
// proc_sys_net(5), the kernel's Documentation/networking/ip-sysctl.rst and nf_conntrack-sysctl.rst.

/** What somebody can set, by our names. */
export type SettingName =
  | "finTimeoutSeconds"
  | "orphanLimit"
  | "orphanRetryCount"
  | "timeWaitLimit"
  | "timeWaitReuse"
  | "tcpMemoryLowPages"
  | "tcpMemoryPressurePages"
  | "tcpMemoryLimitPages"
  | "synBacklogLimit"
  | "acceptQueueLimit"
  | "keepAliveIdleSeconds"
  | "keepAliveIntervalSeconds"
  | "keepAliveProbeCount"
  | "firstEphemeralPort"
  | "lastEphemeralPort"
  | "systemFileLimit"
  | "processFileLimit"
  | "descriptorLimit"
  | "descriptorHardLimit"
  | "conntrackLimit"
  | "conntrackEstablishedSeconds"
  | "conntrackFinWaitSeconds"
  | "conntrackCloseWaitSeconds"
  | "conntrackLastAckSeconds"
  | "conntrackTimeWaitSeconds";

export type UseName =
  | "socketCount"
  | "tcpCount"
  | "tcp6Count"
  | "tcpAllocatedCount"
  | "orphanCount"
  | "timeWaitCount"
  | "tcpMemoryPages"
  | "systemFileCount"
  | "conntrackCount"
  | "establishedCount";

/** Counters have the names that the kernel gives them. */
export type CounterName =
  | "TCPAbortOnMemory"
  | "TCPAbortOnClose"
  | "TCPAbortOnData"
  | "TCPAbortOnTimeout"
  | "TCPAbortOnLinger"
  | "TCPTimeWaitOverflow"
  | "TCPMemoryPressures"
  | "TCPReqQFullDrop"
  | "ListenOverflows"
  | "ListenDrops"
  | "PruneCalled"
  | "RcvPruned"
  | "OutRsts";

export type MachineUnitName = "memoryKibibytes" | "pageKibibytes" | "uptimeSeconds";

const IPV4 = "/proc/sys/net/ipv4";
const NETFILTER = "/proc/sys/net/netfilter";
const SOCKSTAT = "/proc/net/sockstat";
const NETSTAT = "/proc/net/netstat";

const sysctl = (name: string, unit: ReadingUnit): ReadingPlace => single(`${IPV4}/${name}`, unit);
const conntrack = (name: string, unit: ReadingUnit): ReadingPlace =>
  single(`${NETFILTER}/nf_conntrack_${name}`, unit);
const openFiles = (index: number, field: string): ReadingPlace => ({
  path: "/proc/self/limits",
  unit: "count",
  field: `Max open files, ${field}`,
  pick: (text) => /^Max open files\s+(.*)$/m.exec(text)?.[1]?.split(/\s+/)[index],
});

/** What somebody can set. */
export const SETTING_PLACES: Readonly<Record<SettingName, ReadingPlace>> = {
  finTimeoutSeconds: sysctl("tcp_fin_timeout", "seconds"),
  orphanLimit: sysctl("tcp_max_orphans", "count"),
  orphanRetryCount: sysctl("tcp_orphan_retries", "count"),
  timeWaitLimit: sysctl("tcp_max_tw_buckets", "count"),
  timeWaitReuse: sysctl("tcp_tw_reuse", "count"),
  tcpMemoryLowPages: column(`${IPV4}/tcp_mem`, 0, "low", "pages"),
  tcpMemoryPressurePages: column(`${IPV4}/tcp_mem`, 1, "pressure", "pages"),
  tcpMemoryLimitPages: column(`${IPV4}/tcp_mem`, 2, "limit", "pages"),
  synBacklogLimit: sysctl("tcp_max_syn_backlog", "count"),
  acceptQueueLimit: single("/proc/sys/net/core/somaxconn", "count"),
  keepAliveIdleSeconds: sysctl("tcp_keepalive_time", "seconds"),
  keepAliveIntervalSeconds: sysctl("tcp_keepalive_intvl", "seconds"),
  keepAliveProbeCount: sysctl("tcp_keepalive_probes", "count"),
  firstEphemeralPort: column(`${IPV4}/ip_local_port_range`, 0, "first", "port"),
  lastEphemeralPort: column(`${IPV4}/ip_local_port_range`, 1, "last", "port"),
  systemFileLimit: single("/proc/sys/fs/file-max", "count"),
  processFileLimit: single("/proc/sys/fs/nr_open", "count"),
  descriptorLimit: openFiles(0, "soft limit"),
  descriptorHardLimit: openFiles(1, "hard limit"),
  conntrackLimit: conntrack("max", "count"),
  conntrackEstablishedSeconds: conntrack("tcp_timeout_established", "seconds"),
  conntrackFinWaitSeconds: conntrack("tcp_timeout_fin_wait", "seconds"),
  conntrackCloseWaitSeconds: conntrack("tcp_timeout_close_wait", "seconds"),
  conntrackLastAckSeconds: conntrack("tcp_timeout_last_ack", "seconds"),
  conntrackTimeWaitSeconds: conntrack("tcp_timeout_time_wait", "seconds"),
};

/** What is in use at this moment. */
export const USE_PLACES: Readonly<Record<UseName, ReadingPlace>> = {
  socketCount: labelled(SOCKSTAT, "sockets", "used"),
  tcpCount: labelled(SOCKSTAT, "TCP", "inuse"),
  tcp6Count: labelled("/proc/net/sockstat6", "TCP6", "inuse"),
  tcpAllocatedCount: labelled(SOCKSTAT, "TCP", "alloc"),
  orphanCount: labelled(SOCKSTAT, "TCP", "orphan"),
  timeWaitCount: labelled(SOCKSTAT, "TCP", "tw"),
  tcpMemoryPages: labelled(SOCKSTAT, "TCP", "mem"),
  systemFileCount: column("/proc/sys/fs/file-nr", 0, "allocated", "count"),
  conntrackCount: conntrack("count", "count"),
  establishedCount: underHead("/proc/net/snmp", "Tcp", "CurrEstab"),
};

/** What has happened since boot; `finwait doctor` looks twice. */
export const COUNTER_PLACES: Readonly<Record<CounterName, ReadingPlace>> = {
  TCPAbortOnMemory: underHead(NETSTAT, "TcpExt", "TCPAbortOnMemory"),
  TCPAbortOnClose: underHead(NETSTAT, "TcpExt", "TCPAbortOnClose"),
  TCPAbortOnData: underHead(NETSTAT, "TcpExt", "TCPAbortOnData"),
  TCPAbortOnTimeout: underHead(NETSTAT, "TcpExt", "TCPAbortOnTimeout"),
  TCPAbortOnLinger: underHead(NETSTAT, "TcpExt", "TCPAbortOnLinger"),
  TCPTimeWaitOverflow: underHead(NETSTAT, "TcpExt", "TCPTimeWaitOverflow"),
  TCPMemoryPressures: underHead(NETSTAT, "TcpExt", "TCPMemoryPressures"),
  TCPReqQFullDrop: underHead(NETSTAT, "TcpExt", "TCPReqQFullDrop"),
  ListenOverflows: underHead(NETSTAT, "TcpExt", "ListenOverflows"),
  ListenDrops: underHead(NETSTAT, "TcpExt", "ListenDrops"),
  PruneCalled: underHead(NETSTAT, "TcpExt", "PruneCalled"),
  RcvPruned: underHead(NETSTAT, "TcpExt", "RcvPruned"),
  OutRsts: underHead("/proc/net/snmp", "Tcp", "OutRsts"),
};

/** What the rest is measured in. */
export const MACHINE_PLACES: Readonly<Record<MachineUnitName, ReadingPlace>> = {
  memoryKibibytes: {
    path: "/proc/meminfo",
    unit: "count",
    field: "MemTotal, kB",
    pick: (text) => /^MemTotal:\s+(\d+) kB/m.exec(text)?.[1],
  },
  pageKibibytes: {
    path: "/proc/self/smaps",
    unit: "count",
    field: "KernelPageSize, kB",
    pick: (text) => /^KernelPageSize:\s+(\d+) kB/m.exec(text)?.[1],
  },
  uptimeSeconds: column("/proc/uptime", 0, "up", "seconds"),
};
