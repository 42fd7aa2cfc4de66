import { type Examination, type Finding, grouped, type Urgency } from "./finding.ts";
import type { CounterName } from "./machine-places.ts";

// Findings about what the kernel has counted: connections that were ended by a limit, or by RST.
//
// A counter that is not zero tells of any time since boot. One that grows while the doctor looks
// tells of now.

interface CounterAdvice {
  readonly counter: CounterName;
  readonly id: string;
  readonly whenGrowing: Urgency;
  readonly what: string;
  readonly why: string;
  readonly command: string;
  readonly cost: string;
}

const ADVICE: readonly CounterAdvice[] = [
  {
    counter: "TCPAbortOnMemory",
    id: "orphans-were-refused",
    whenGrowing: "now",
    what: "connections reset at close() because of tcp_max_orphans or tcp_mem",
    why: "Their last bytes, perhaps the whole response, never arrived.",
    command: "sysctl -w net.ipv4.tcp_max_orphans=VALUE, or raise net.ipv4.tcp_mem",
    cost: "2,368 bytes of kernel memory for each orphan, and its unsent bytes",
  },
  {
    counter: "TCPTimeWaitOverflow",
    id: "time-wait-overflowed",
    whenGrowing: "now",
    what: "connections without TIME-WAIT or FIN-WAIT-2 because of tcp_max_tw_buckets",
    why: "What their peers sent late was answered with RST, or met a new connection.",
    command: "sysctl -w net.ipv4.tcp_max_tw_buckets=VALUE",
    cost: "256 bytes of kernel memory for each",
  },
  {
    counter: "ListenOverflows",
    id: "accept-queue-overflowed",
    whenGrowing: "now",
    what: "handshakes that met a full accept queue",
    why: "The process did not accept in time; the clients waited, or were turned away.",
    command: "ss -tln (Recv-Q near Send-Q), then sysctl -w net.core.somaxconn=VALUE",
    cost: "a larger queue hides a slow process: its clients wait in it",
  },
  {
    counter: "TCPReqQFullDrop",
    id: "syn-queue-overflowed",
    whenGrowing: "now",
    what: "SYNs dropped because of tcp_max_syn_backlog",
    why: "Clients repeat them after a second. A flood looks the same.",
    command: "sysctl -w net.ipv4.tcp_max_syn_backlog=VALUE, and tcp_syncookies=1",
    cost: "320 bytes of kernel memory for each; SYN cookies lose options of TCP",
  },
  {
    counter: "TCPMemoryPressures",
    id: "tcp-memory-was-short",
    whenGrowing: "soon",
    what: "times of memory pressure in TCP",
    why: "Above the middle value of tcp_mem buffers shrink, and everything gets slower.",
    command: 'sysctl -w net.ipv4.tcp_mem="LOW PRESSURE LIMIT" (pages)',
    cost: "memory that nothing else can use",
  },
  {
    counter: "PruneCalled",
    id: "receive-queues-were-pruned",
    whenGrowing: "soon",
    what: "receive queues squeezed for want of room",
    why: "Sockets hold more than their buffer allows; RcvPruned counts what was thrown away.",
    command: 'sysctl -w net.ipv4.tcp_rmem="4096 131072 VALUE"',
    cost: "up to VALUE bytes for each connection",
  },
  {
    counter: "TCPAbortOnClose",
    id: "closed-with-unread-input",
    whenGrowing: "soon",
    what: "connections closed with unread input, and so with RST",
    why: "An RST can destroy a response that the client has not read. Lingering close avoids it.",
    command: "finwait probe URL (of each server, to see which one resets uploads)",
    cost: "nothing; the cure is in the server, for example finwait's --close lingering",
  },
];

export function counterFindings({ machine, countersAfter }: Examination): Finding[] {
  const uptime = machine.uptimeSeconds.value;
  return ADVICE.flatMap(({ counter, id, whenGrowing, what, why, command, cost }) => {
    const before = machine.counters[counter].value;
    const count = countersAfter[counter].value;
    if (before === null || count === null || count === 0) return [];
    const growth = count - before;
    const perHour = uptime === null || uptime === 0 ? null : (count / uptime) * 3_600;
    const growing = growth > 0 ? `, ${grouped(growth)} of them just now` : "";
    return [
      {
        id,
        urgency: growth > 0 ? whenGrowing : "fine-to-know",
        sentence: `${what}: ${grouped(count)} since boot${growing}`,
        why,
        command,
        cost,
        evidence: { counter, count, growth, perHour },
      } as const,
    ];
  });
}
