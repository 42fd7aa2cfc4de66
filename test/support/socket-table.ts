import { existsSync, readFileSync } from "node:fs";
import type { TcpState } from "../../src/tcp/state.ts";

// What Linux says about sockets and segments: /proc/net/tcp, tcp6, snmp and netstat.
//
// Columns are split at white space, because their offsets shift with the number of lines.

/** Why tests that ask the kernel cannot run here, or `null`. */
export const KERNEL_NOTE: string | null = existsSync("/proc/net/tcp")
  ? null
  : "needs Linux: /proc/net/tcp does not exist";

/** One line of the table. The states before ESTABLISHED are all `opening` here. */
export interface SocketLine {
  readonly state: TcpState | "opening" | "listen";
  readonly localPort: number;
  readonly peerPort: number;
  /** Sent and not acknowledged, or not sent yet. */
  readonly sendQueueBytes: number;
  /** Received and not read by the application. */
  readonly receiveQueueBytes: number;
  /** False once no process holds the socket: it is the kernel's alone. */
  readonly isOwned: boolean;
}

const STATES: Readonly<Record<string, SocketLine["state"]>> = {
  "01": "established",
  "02": "opening",
  "03": "opening",
  "04": "fin-wait-1",
  "05": "fin-wait-2",
  "06": "time-wait",
  "07": "closed",
  "08": "close-wait",
  "09": "last-ack",
  "0A": "listen",
  "0B": "closing",
  "0C": "opening",
};

/** Every socket that has `port` on its own side. */
export function socketsOf(port: number): readonly SocketLine[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"]
    .filter((path) => existsSync(path))
    .flatMap((path) => readFileSync(path, "latin1").split("\n").slice(1))
    .filter((line) => line.trim() !== "")
    .map(parseLine)
    .filter(({ localPort }) => localPort === port);
}

/** The end of one connection at `localPort`; `null` once the kernel has forgotten it. */
export function socketOf(localPort: number, peerPort: number): SocketLine | null {
  return socketsOf(localPort).find((line) => line.peerPort === peerPort) ?? null;
}

/** How many sockets of `port` are in each state, for messages. */
export function statesOf(port: number): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { state } of socketsOf(port)) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

function parseLine(line: string): SocketLine {
  const columns = line.trim().split(/\s+/);
  const [sendQueue = "0", receiveQueue = "0"] = (columns[4] ?? "").split(":");
  return {
    state: STATES[columns[3] ?? ""] ?? "closed",
    localPort: portOf(columns[1]),
    peerPort: portOf(columns[2]),
    sendQueueBytes: Number.parseInt(sendQueue, 16),
    receiveQueueBytes: Number.parseInt(receiveQueue, 16),
    isOwned: columns[9] !== "0",
  };
}

function portOf(endpoint: string | undefined): number {
  return Number.parseInt(endpoint?.split(":")[1] ?? "0", 16);
}

/** A counter of the whole network namespace, for example `"OutRsts"` or `"TCPAbortOnData"`. */
export function readCounter(name: string): number {
  for (const path of ["/proc/net/snmp", "/proc/net/netstat"]) {
    const lines = readFileSync(path, "latin1").split("\n");
    for (let index = 0; index + 1 < lines.length; index += 2) {
      const column = lines[index]?.split(" ").indexOf(name) ?? -1;
      if (column >= 0) return Number(lines[index + 1]?.split(" ")[column]);
    }
  }
  throw new RangeError(`Cannot read the counter ${name}: no such name in /proc/net`);
}
