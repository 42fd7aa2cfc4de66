import type { SystemProfile, SystemSource } from "./system-profile.ts";

// The systems of "Connections in the FIN_WAIT_2 state and Apache", with what that page says.
//
// The page names which systems have a timeout, and few values. Where the source of the kernel is
// public, the value is from there, and the note says so.

const WITH_TIMEOUT = "Add a timeout for FIN_WAIT_2";

const page = (section: string = WITH_TIMEOUT): SystemSource => ({
  document: "Connections in the FIN_WAIT_2 state and Apache (Apache HTTP Server 2.0 manual)",
  section,
  year: 2004,
});

/** 4.4BSD-Lite2, netinet/tcp_timer.c: closed when idle for 8 x 75 s, looked at every 75 s. */
const BSD_FORMULA = {
  formula: "(keep-alive probes + 1) x keep-alive interval",
  defaultMs: 675_000,
} as const;

const BSD_KEEP_ALIVE = { idleMs: 7_200_000, intervalMs: 75_000, probeCount: 8 } as const;

const PAGE_SYSTEM = {
  era: "page",
  platform: null,
  tunable: null,
  keepAlive: null,
  receivedOnReset: "unknown",
  timeWaitMs: "unknown",
  memoryFull: "unknown",
} as const satisfies Partial<SystemProfile>;

/** 4.4BSD keeps what was received (tcp_drop, soreceive); its kernels of then die without mbufs. */
const BSD_SYSTEM = {
  ...PAGE_SYSTEM,
  keepAlive: BSD_KEEP_ALIVE,
  receivedOnReset: "kept",
  timeWaitMs: 60_000,
  memoryFull: "crash",
} as const satisfies Partial<SystemProfile>;

export const SYSTEMS_OF_THE_PAGE: readonly SystemProfile[] = [
  {
    ...BSD_SYSTEM,
    id: "freebsd-2",
    name: "FreeBSD",
    versions: "2.0 and newer, perhaps earlier",
    finWait2: { owned: "none", orphan: BSD_FORMULA },
    source: page(),
    note: "The page gives no value: it is from 4.4BSD-Lite2, which FreeBSD 2 is made of.",
  },
  {
    ...BSD_SYSTEM,
    id: "netbsd-1.2",
    name: "NetBSD",
    versions: "1.2",
    finWait2: { owned: "none", orphan: BSD_FORMULA },
    source: page(),
    note: "The page is not certain of the version. The value is from 4.4BSD-Lite2.",
  },
  {
    ...BSD_SYSTEM,
    id: "openbsd-2",
    name: "OpenBSD",
    versions: "all of that time",
    finWait2: { owned: "none", orphan: BSD_FORMULA },
    source: page(),
    note: "The page is not certain that all versions have it. The value is from 4.4BSD-Lite2.",
  },
  {
    ...BSD_SYSTEM,
    id: "bsdos-2.1-patched",
    name: "BSD/OS",
    versions: "2.1 with patch K210-027",
    finWait2: { owned: "none", orphan: { formula: BSD_FORMULA.formula, defaultMs: "unknown" } },
    source: page(),
    note: "That the patch keeps to the formula of 4.4BSD is not known.",
  },
  {
    ...BSD_SYSTEM,
    id: "bsdos-2.1",
    name: "BSD/OS",
    versions: "2.1 without the patch",
    finWait2: { owned: "none", orphan: "none", closedEarly: BSD_FORMULA },
    source: page(),
    note:
      "4.4BSD arms its timer only if close() came before the FIN was acknowledged; after " +
      "a half-close, as lingering close does it, there is none.",
  },
  {
    ...PAGE_SYSTEM,
    id: "solaris-2.2",
    name: "Solaris",
    versions: "2.2 to 9",
    finWait2: { owned: "none", orphan: 675_000 },
    tunable: {
      name: "tcp_fin_wait_2_flush_interval",
      command: "ndd -set /dev/tcp tcp_fin_wait_2_flush_interval 675000",
    },
    timeWaitMs: 240_000,
    source: page(),
    note:
      "The page warns of tuning it badly. The default is from Oracle's Endeca tuning guide, " +
      "TIME-WAIT from the Solaris 8 manual (240 s; 60 s since Solaris 9).",
  },
  {
    ...PAGE_SYSTEM,
    id: "linux-2.0",
    name: "Linux",
    versions: "2.0 and earlier",
    finWait2: { owned: "none", orphan: 180_000 },
    timeWaitMs: 60_000,
    source: page(),
    note:
      "180 s is TCP_FIN_TIMEOUT of linux-1.3.87 and the default of 2.2 in tcp(7). A setting " +
      "of the system came with 2.2.",
  },
  {
    ...PAGE_SYSTEM,
    id: "hp-ux-10",
    name: "HP-UX",
    versions: "10.x",
    finWait2: {
      owned: "unknown",
      orphan: { formula: "tcp_keepstart + tcp_keepstop", defaultMs: "unknown" },
    },
    tunable: { name: "tcp_keepstart, tcp_keepstop", command: "nettune -s tcp_keepstart SECONDS" },
    keepAlive: { idleMs: "unknown", intervalMs: "unknown", probeCount: "unknown" },
    source: page(),
    note:
      "TCP's keep-alive ends it, after SO_LINGER of all things was set. Later revisions have " +
      "a timer of its own, for which the page refers to HP.",
  },
  {
    ...BSD_SYSTEM,
    id: "irix-patched",
    name: "IRIX",
    versions: "5.3, 6.2, 6.3 with patches 1654, 1703, 1778",
    finWait2: { owned: "unknown", orphan: "unknown" },
    keepAlive: null,
    source: page(),
    note: "With the patches there is a timeout; the page does not say how long.",
  },
  {
    ...BSD_SYSTEM,
    id: "irix",
    name: "IRIX",
    versions: "5.3, 6.2, 6.3 without the patches",
    finWait2: { owned: "none", orphan: "none" },
    keepAlive: null,
    source: page("Systems without a timeout, in the first edition of the page"),
    note: "The first edition reports that SGI wanted the RFC to specify one before it had one.",
  },
  {
    ...PAGE_SYSTEM,
    id: "mp-ras-2",
    name: "NCR MP-RAS",
    versions: "2.xx",
    finWait2: { owned: "unknown", orphan: 600_000 },
    source: page(),
    note: "It cannot be changed.",
  },
  {
    ...PAGE_SYSTEM,
    id: "mp-ras-3",
    name: "NCR MP-RAS",
    versions: "3.xx",
    finWait2: {
      owned: "unknown",
      orphan: { formula: "max keep alive probes x keep alive interval", defaultMs: 600_000 },
    },
    tunable: {
      name: "max keep alive probes, keep alive interval",
      command: "change the tunables of the kernel; the page names no command",
    },
    keepAlive: { idleMs: "unknown", intervalMs: 75_000, probeCount: 8 },
    source: page(),
    note: "8 probes of 75 s.",
  },
  {
    ...PAGE_SYSTEM,
    id: "ptx-4.1",
    name: "DYNIX/ptx",
    versions: "TCP/IP 4.1 (1994) and newer",
    finWait2: { owned: "unknown", orphan: "unknown" },
    source: page(),
    note: "There is a timeout; the page does not say how long.",
  },
  {
    ...PAGE_SYSTEM,
    id: "sco-tcpip-1.2.1",
    name: "SCO TCP/IP",
    versions: "1.2.1",
    finWait2: { owned: "unknown", orphan: "none" },
    tunable: { name: "unknown", command: "follow SCO's instructions, which the page links to" },
    source: page("Systems with a timeout, in the first edition of the page"),
    note: "A timeout can be added; the instructions are lost with SCO's site.",
  },
  {
    ...BSD_SYSTEM,
    id: "sunos-4",
    name: "SunOS",
    versions: "4.x",
    finWait2: { owned: "none", orphan: "none", closedEarly: BSD_FORMULA },
    keepAlive: null,
    source: page("The systems without a timeout"),
    note:
      "tcp_usrclosed() of SunOS 4.1.3 arms no timer in FIN-WAIT-2, so a socket that was " +
      "half-closed first stays for ever. That tcp_input() arms one if close() came before the " +
      "ACK is from 4.3BSD, which SunOS is made of; its value is that of 4.4BSD.",
  },
];
