import { FakeMachineFiles } from "./fake-machine-files.ts";

// Made-up machines for tests: a server with everything readable, and pieces to change in it.

const IPV4 = "/proc/sys/net/ipv4";
const NETFILTER = "/proc/sys/net/netfilter/nf_conntrack";

export const LIMITS_HEAD =
  "Limit                     Soft Limit           Hard Limit           Units\n";
export const TABLE_HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n";

/** /proc/PID/limits, for descriptors. */
export function limitsText(soft: number | string, hard: number | string = soft): string {
  const row = (...cells: readonly (number | string)[]) =>
    `${cells.map((each) => String(each).padEnd(26)).join("")}\n`;
  return (
    row("Limit", "Soft Limit", "Hard Limit", "Units") + row("Max open files", soft, hard, "files")
  );
}

/** The lines of /proc/net/netstat for some counters. */
export function netstatText(counters: Readonly<Record<string, number>>): string {
  const names = Object.keys(counters).join(" ");
  const values = Object.values(counters).join(" ");
  return `TcpExt: ${names}\nTcpExt: ${values}\nIpExt: InOctets\nIpExt: 7\n`;
}

export const COUNTERS = {
  SyncookiesSent: 0,
  PruneCalled: 0,
  RcvPruned: 0,
  ListenOverflows: 0,
  ListenDrops: 0,
  TCPAbortOnData: 0,
  TCPAbortOnClose: 0,
  TCPAbortOnMemory: 0,
  TCPAbortOnTimeout: 0,
  TCPAbortOnLinger: 0,
  TCPMemoryPressures: 0,
  TCPTimeWaitOverflow: 0,
  TCPReqQFullDrop: 0,
};

const TEXTS = {
  [`${IPV4}/tcp_fin_timeout`]: "60\n",
  [`${IPV4}/tcp_max_orphans`]: "131072\n",
  [`${IPV4}/tcp_orphan_retries`]: "0\n",
  [`${IPV4}/tcp_max_tw_buckets`]: "131072\n",
  [`${IPV4}/tcp_tw_reuse`]: "2\n",
  [`${IPV4}/tcp_mem`]: "287898\t383865\t575796\n",
  [`${IPV4}/tcp_max_syn_backlog`]: "2048\n",
  [`${IPV4}/tcp_keepalive_time`]: "7200\n",
  [`${IPV4}/tcp_keepalive_intvl`]: "75\n",
  [`${IPV4}/tcp_keepalive_probes`]: "9\n",
  [`${IPV4}/ip_local_port_range`]: "32768\t60999\n",
  [`${IPV4}/ip_local_reserved_ports`]: "\n",
  "/proc/sys/net/core/somaxconn": "4096\n",
  "/proc/sys/fs/file-max": "2466160\n",
  "/proc/sys/fs/nr_open": "1048576\n",
  "/proc/sys/fs/file-nr": "608\t0\t2466160\n",
  "/proc/sys/kernel/osrelease": "6.18.0\n",
  [`${NETFILTER}_max`]: "262144\n",
  [`${NETFILTER}_count`]: "100\n",
  [`${NETFILTER}_tcp_timeout_established`]: "432000\n",
  [`${NETFILTER}_tcp_timeout_fin_wait`]: "120\n",
  [`${NETFILTER}_tcp_timeout_close_wait`]: "60\n",
  [`${NETFILTER}_tcp_timeout_last_ack`]: "30\n",
  [`${NETFILTER}_tcp_timeout_time_wait`]: "120\n",
  "/proc/net/sockstat":
    "sockets: used 143\nTCP: inuse 114 orphan 2 tw 926 alloc 116 mem 30\nUDP: inuse 0 mem 0\n",
  "/proc/net/sockstat6": "TCP6: inuse 7\n",
  "/proc/net/snmp": "Ip: Forwarding\nIp: 1\nTcp: RtoMin CurrEstab OutRsts\nTcp: 200 23 620\n",
  "/proc/net/netstat": netstatText(COUNTERS),
  "/proc/net/tcp": TABLE_HEAD,
  "/proc/net/tcp6": TABLE_HEAD,
  "/proc/self/limits": limitsText(20_000, 524_288),
  "/proc/self/smaps": "Size: 8 kB\nKernelPageSize:        4 kB\n",
  "/proc/meminfo": "MemTotal:       24683620 kB\nMemFree: 1 kB\n",
  "/proc/uptime": "7200.50 14000.00\n",
  "/proc/slabinfo": [
    "slabinfo - version: 2.1",
    "tw_sock_TCP         1058   1152    256   16    1 : tunables    0    0    0",
    "request_sock_TCP     216    216    320   12    1 : tunables    0    0    0",
    "TCP                  106    156   2368   13    8 : tunables    0    0    0",
    "sock_inode_cache     198    247    832   19    4 : tunables    0    0    0",
    "filp                 697    756    192   21    1 : tunables    0    0    0",
    "dentry            125243 125349    192   21    1 : tunables    0    0    0",
    "nf_conntrack           0      0    256   16    1 : tunables    0    0    0",
  ].join("\n"),
};

/** A server where all is well; `changes` replaces files, and null makes one unreadable. */
export function fakeServer(changes: Readonly<Record<string, string | null>> = {}) {
  return new FakeMachineFiles({ ...TEXTS, ...changes });
}

/** The same with other values of single settings: `{ tcp_fin_timeout: "90" }`. */
export function fakeServerWith(settings: Readonly<Record<string, string>>) {
  const changes = Object.entries(settings).map(([name, value]) => {
    const path = Object.keys(TEXTS).find((known) => known.endsWith(`/${name}`));
    if (path === undefined)
      throw new RangeError(`Cannot use setting ${name}: expected a known one`);
    return [path, `${value}\n`] as const;
  });
  return fakeServer(Object.fromEntries(changes));
}

/** An unprivileged container: no slab sizes, no tracking, only its own processes. */
export function fakeContainer() {
  const hidden = Object.keys(TEXTS).filter((path) => path.startsWith(NETFILTER));
  return fakeServer({
    "/proc/slabinfo": null,
    ...Object.fromEntries(hidden.map((path) => [path, null])),
    "/proc/self/limits": limitsText(1_024, 4_096),
  });
}

/** A line of /proc/net/tcp: a socket in a state, by the kernel's number for it. */
export function socketLine(
  code: string,
  { inode = 0, local = "0100007F:1F90", peer = "0200007F:C000", rx = 0, sl = 0 } = {},
): string {
  const queue = `00000000:${rx.toString(16).toUpperCase().padStart(8, "0")}`;
  const ends = `${String(sl).padStart(4)}: ${local} ${peer} ${code} ${queue}`;
  return `${ends} 00:00000000 00000000     0        0 ${inode} 1 0000000080e49ee7 20 4 30 10 -1\n`;
}
