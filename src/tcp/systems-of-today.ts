import type { SystemProfile, SystemSource } from "./system-profile.ts";

// The systems that are maintained, or were until lately, with what their source or manual says.
//
// Linux was measured. The others were read: nobody has run finwait's measurements on them yet.

const TODAY = {
  era: "today",
  receivedOnReset: "unknown",
  timeWaitMs: "unknown",
  memoryFull: "unknown",
  keepAlive: null,
} as const satisfies Partial<SystemProfile>;

const read = (document: string, section: string, year: number): SystemSource => ({
  document,
  section,
  year,
});

const BSD_KEEP_ALIVE = { idleMs: 7_200_000, intervalMs: 75_000, probeCount: 8 } as const;

const KERNELS_OF_UNIX: readonly SystemProfile[] = [
  {
    ...TODAY,
    id: "linux-6",
    name: "Linux",
    versions: "6.x; the code is the same since 2.6",
    platform: "linux",
    finWait2: {
      owned: "none",
      orphan: {
        formula: "tcp_fin_timeout, and 2 x (tcp_fin_timeout - 60 s) above 60 s",
        defaultMs: 60_000,
      },
    },
    tunable: {
      name: "net.ipv4.tcp_fin_timeout (seconds); TCP_LINGER2 for one socket",
      command: "sysctl -w net.ipv4.tcp_fin_timeout=60",
    },
    receivedOnReset: "kept",
    timeWaitMs: 60_000,
    memoryFull: "drop",
    source: read("finwait's measurements on Linux 6.18", "FIN_WAIT_2; after an RST", 2026),
    note:
      "An ordinary orphan is 256 bytes and counts against tcp_max_tw_buckets; past that " +
      "limit it vanishes silently. A socket of an application is 3,640 bytes.",
  },
  {
    ...TODAY,
    id: "freebsd-14",
    name: "FreeBSD",
    versions: "7.0 to 14",
    platform: "freebsd",
    finWait2: {
      owned: "none",
      orphan: {
        formula:
          "(keepcnt + 1) x keepintvl, or finwait2_timeout (60 s) with fast_finwait2_recycle=1",
        defaultMs: 675_000,
      },
    },
    tunable: {
      name: "net.inet.tcp.fast_finwait2_recycle, net.inet.tcp.finwait2_timeout (milliseconds)",
      command: "sysctl net.inet.tcp.fast_finwait2_recycle=1",
    },
    keepAlive: BSD_KEEP_ALIVE,
    receivedOnReset: "kept",
    timeWaitMs: 60_000,
    source: read("FreeBSD source", "netinet/tcp_input.c, tcp_timer.h, tcp_timer.c", 2024),
    note: "The timer runs only while nobody can receive from the socket.",
  },
  {
    ...TODAY,
    id: "openbsd-7",
    name: "OpenBSD",
    versions: "7.x",
    platform: "openbsd",
    finWait2: {
      owned: "none",
      orphan: { formula: "8 x net.inet.tcp.keepintvl", defaultMs: 600_000 },
    },
    tunable: {
      name: "net.inet.tcp.keepintvl",
      command: "sysctl net.inet.tcp.keepintvl=VALUE",
    },
    keepAlive: BSD_KEEP_ALIVE,
    receivedOnReset: "kept",
    timeWaitMs: 60_000,
    source: read("OpenBSD source", "netinet/tcp_usrreq.c tcp_usrclosed(), tcp_timer.h", 2022),
    note: "Closing after a half-close arms it too. Whether activity extends it was not read.",
  },
  {
    ...TODAY,
    id: "netbsd-10",
    name: "NetBSD",
    versions: "10",
    platform: "netbsd",
    finWait2: { owned: "none", orphan: { formula: "keepcnt x keepintvl", defaultMs: "unknown" } },
    tunable: {
      name: "net.inet.tcp.keepcnt, net.inet.tcp.keepintvl (half seconds)",
      command: "sysctl -w net.inet.tcp.keepintvl=150",
    },
    source: read("sysctl(7) of NetBSD", "net.inet.tcp", 2024),
    note: "From the manual and its descent from 4.4BSD; its source was not read.",
  },
  {
    ...TODAY,
    id: "macos-15",
    name: "macOS",
    versions: "up to 15",
    platform: "darwin",
    finWait2: {
      owned: "none",
      orphan: {
        formula: "the shorter of fin_timeout (60 s) and keep-alive probes x interval",
        defaultMs: 60_000,
      },
    },
    tunable: {
      name: "net.inet.tcp.fin_timeout (milliseconds)",
      command: "sysctl -w net.inet.tcp.fin_timeout=60000",
    },
    keepAlive: BSD_KEEP_ALIVE,
    receivedOnReset: "kept",
    timeWaitMs: 30_000,
    source: read("XNU source", "netinet/tcp_input.c tcp_set_finwait_timeout(), tcp_timer.h", 2024),
    note: "It runs while nobody can receive. The name of the setting was not verified.",
  },
  {
    ...TODAY,
    id: "illumos",
    name: "illumos",
    versions: "OmniOS, SmartOS, OpenIndiana",
    platform: "sunos",
    finWait2: { owned: "none", orphan: 60_000 },
    tunable: {
      name: "_fin_wait_2_flush_interval (milliseconds, 1,000 to 7,200,000)",
      command: "ipadm set-prop -p _fin_wait_2_flush_interval=60000 tcp",
    },
    timeWaitMs: 60_000,
    source: read("illumos-gate", "uts/common/inet/tcp/tcp_tunables.c", 2023),
    note: "Only a socket that nobody is attached to is flushed.",
  },
  {
    ...TODAY,
    id: "solaris-11",
    name: "Solaris",
    versions: "11",
    platform: "sunos",
    finWait2: { owned: "none", orphan: 60_000 },
    tunable: {
      name: "_fin_wait_2_flush_interval (milliseconds)",
      command: "ipadm set-prop -p _fin_wait_2_flush_interval=60000 tcp",
    },
    timeWaitMs: 60_000,
    source: read(
      "OpenSolaris source, and the Oracle Solaris 11.2 Tunable Parameters manual",
      "tcp_fin_wait_2_flush_interval; _time_wait_interval",
      2014,
    ),
    note: "The manual does not list it; the value is that of the source they share.",
  },
  {
    ...TODAY,
    id: "aix-7",
    name: "AIX",
    versions: "4.3 to 7",
    platform: "aix",
    finWait2: { owned: "unknown", orphan: 600_000 },
    tunable: {
      name: "tcp_finwait2 (half seconds, 1200)",
      command: "no -p -o tcp_finwait2=120",
    },
    keepAlive: { idleMs: 7_200_000, intervalMs: 75_000, probeCount: 8 },
    source: read("IBM support document swg21008268", "Resolving the problem", 2018),
    note: "The default is from listings of no -a.",
  },
  {
    ...TODAY,
    id: "hp-ux-11",
    name: "HP-UX",
    versions: "11i",
    platform: null,
    finWait2: { owned: "none", orphan: "none" },
    tunable: {
      name: "tcp_fin_wait_2_timeout (milliseconds, 0 is none)",
      command: "ndd -set /dev/tcp tcp_fin_wait_2_timeout 600000",
    },
    keepAlive: { idleMs: 120_000, intervalMs: "unknown", probeCount: "unknown" },
    timeWaitMs: 60_000,
    source: read("HP-UX TCP/IP Performance White Paper", "pages 70 and 72", 2008),
    note:
      "An orphan is probed after tcp_keepalive_detached_interval (2 minutes), and stays as " +
      "long as its peer answers.",
  },
];

const WINDOWS: readonly SystemProfile[] = [
  {
    ...TODAY,
    id: "windows-2003",
    name: "Windows",
    versions: "2000, XP, Server 2003",
    platform: null,
    finWait2: { owned: 300_000, orphan: "unknown" },
    tunable: {
      name: "TcpFinWait2Delay (seconds)",
      command: "set it under HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters",
    },
    receivedOnReset: "discarded",
    timeWaitMs: 120_000,
    source: read("Microsoft KB 813056; TcpTimedWaitDelay (TechNet)", "Cause; Default value", 2003),
    note:
      "Five minutes after a half-close the connection is reset, slow data or not, without " +
      "the hotfix. TIME-WAIT is 240 s in Windows 2000.",
  },
  {
    ...TODAY,
    id: "windows-11",
    name: "Windows",
    versions: "10, 11, Server 2016 and newer",
    platform: "win32",
    finWait2: { owned: "unknown", orphan: "unknown" },
    tunable: null,
    receivedOnReset: "discarded",
    source: read("dotnet/runtime issue 57186; FIN_WAIT_2 Timer (Microsoft Learn)", "all", 2021),
    note:
      "Microsoft asked cards that took over connections for 120 s; what its own stack does " +
      "is not documented. Measure before relying on anything.",
  },
];

export const SYSTEMS_OF_TODAY: readonly SystemProfile[] = [...KERNELS_OF_UNIX, ...WINDOWS];
