import { LINUX_TIME_WAIT_SECONDS, linuxFinWait2Seconds } from "../tcp/linux-fin-timeout.ts";
import { type Examination, type Finding, grouped } from "./finding.ts";

// Findings about settings that do something else than they seem to, or leave little room.

/** systemd's soft limit is 1,024 and nginx's example 4,096; Node and Go raise their own. */
export const LEAST_DESCRIPTORS = 4_096;
/** Node and nginx ask for an accept queue of 511, and the kernel cuts it to somaxconn. */
export const LEAST_ACCEPT_QUEUE = 511;
/** The dynamic ports of RFC 6335 §6, 49152 to 65535; Linux starts with 28,232. */
export const LEAST_PORTS = 16_384;

export function settingFindings(examination: Examination): Finding[] {
  return [
    ...finTimeoutFinding(examination),
    ...descriptorFinding(examination),
    ...acceptQueueFinding(examination),
    ...portFinding(examination),
    ...conntrackFindings(examination),
  ];
}

function finTimeoutFinding({ machine }: Examination): Finding[] {
  const seconds = machine.settings.finTimeoutSeconds.value;
  if (seconds === null || seconds <= LINUX_TIME_WAIT_SECONDS) return [];
  const lasts = linuxFinWait2Seconds(seconds);
  if (lasts === seconds) return [];
  return [
    {
      id: "fin-timeout-doubles",
      urgency: "soon",
      sentence: `tcp_fin_timeout is ${seconds}, and FIN-WAIT-2 of an orphan lasts ${lasts} s`,
      why:
        "Above 60 s the kernel waits for what exceeds 60 s, and then for as long once more: " +
        `2 x (${seconds} - 60). In the first half the orphan is a full socket that counts ` +
        "against tcp_max_orphans.",
      command: `sysctl -w net.ipv4.tcp_fin_timeout=${LINUX_TIME_WAIT_SECONDS}`,
      cost: "peers that take longer than 60 s to end after close() are answered with RST",
      evidence: { tcpFinTimeoutSeconds: seconds, lastsSeconds: lasts },
    },
  ];
}

function descriptorFinding({ machine }: Examination): Finding[] {
  const limit = machine.settings.descriptorLimit.value;
  if (limit === null || limit >= LEAST_DESCRIPTORS) return [];
  return [
    {
      id: "few-descriptors",
      urgency: "soon",
      sentence: `a process started from here may have ${grouped(limit)} descriptors`,
      why:
        "Every connection takes one until it has ended, lingering included. At the limit " +
        "accept() fails, and nobody gets in.",
      command: "systemctl edit UNIT, and there: [Service] LimitNOFILE=65536",
      cost: "the service has to be restarted; programs that use select() break above 1,024",
      evidence: { descriptorLimit: limit, leastDescriptors: LEAST_DESCRIPTORS },
    },
  ];
}

function acceptQueueFinding({ machine }: Examination): Finding[] {
  const limit = machine.settings.acceptQueueLimit.value;
  if (limit === null || limit >= LEAST_ACCEPT_QUEUE) return [];
  return [
    {
      id: "small-accept-queue",
      urgency: "soon",
      sentence: `net.core.somaxconn cuts accept queues to ${grouped(limit)}`,
      why:
        `Servers ask for ${LEAST_ACCEPT_QUEUE}. In a burst that fills the queue, handshakes ` +
        "are not completed, and clients wait for a second or give up.",
      command: "sysctl -w net.core.somaxconn=4096",
      cost: "up to 4,096 connections wait in a server that is too slow, a socket each",
      evidence: { acceptQueueLimit: limit, leastAcceptQueue: LEAST_ACCEPT_QUEUE },
    },
  ];
}

function portFinding({ machine }: Examination): Finding[] {
  const count = machine.ephemeralPorts.value;
  if (count === null || count >= LEAST_PORTS) return [];
  const perSecond = Math.floor(count / LINUX_TIME_WAIT_SECONDS);
  return [
    {
      id: "narrow-port-range",
      urgency: "fine-to-know",
      sentence: `only ${grouped(count)} ports are there for outgoing connections`,
      why:
        "A proxy that ends its connections to one upstream first has each port in TIME-WAIT " +
        `for 60 s: ${grouped(perSecond)} connections per second.`,
      command: 'sysctl -w net.ipv4.ip_local_port_range="32768 60999"',
      cost: "services that listen in that range can find their port taken",
      evidence: { portCount: count, leastPorts: LEAST_PORTS },
    },
  ];
}

/** A tracker that forgets first takes the peer's late FIN for a stray packet. */
function conntrackFindings({ machine, lingerSeconds }: Examination): Finding[] {
  const { settings } = machine;
  const finTimeout = settings.finTimeoutSeconds.value;
  const orphan = finTimeout === null ? 0 : linuxFinWait2Seconds(finTimeout);
  const pairs = [
    {
      name: "nf_conntrack_tcp_timeout_fin_wait",
      seconds: settings.conntrackFinWaitSeconds.value,
      ours: Math.max(orphan, lingerSeconds),
      what: "FIN-WAIT-2",
    },
    {
      name: "nf_conntrack_tcp_timeout_time_wait",
      seconds: settings.conntrackTimeWaitSeconds.value,
      ours: LINUX_TIME_WAIT_SECONDS,
      what: "TIME-WAIT",
    },
  ];
  return pairs.flatMap(({ name, seconds, ours, what }) => {
    if (seconds === null || seconds >= ours) return [];
    return [
      {
        id: "conntrack-forgets-first",
        urgency: "soon",
        sentence: `connection tracking forgets ${what} after ${seconds} s, and it lasts ${ours} s`,
        why:
          "What the peer sends after that belongs to no known connection: a firewall drops " +
          "it, or NAT sends it elsewhere, and our side waits out its time.",
        command: `sysctl -w net.netfilter.${name}=${ours}`,
        cost: `entries stay ${ours - seconds} s longer and count against nf_conntrack_max`,
        evidence: { conntrackSeconds: seconds, ourSeconds: ours },
      } as const,
    ];
  });
}
