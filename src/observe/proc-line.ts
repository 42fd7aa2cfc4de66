import { SocketAddress } from "node:net";
import type { TcpState } from "../tcp/state.ts";

// One line of /proc/net/tcp or tcp6 (proc_pid_net(5)).
//
// By fields, never by columns: they move by one at line 10,000 and by two at line 100,000.

/** The ends of connections, and how they begin. */
export type SocketState = TcpState | "listen" | "syn-sent" | "syn-received";

export interface SocketLine {
  readonly state: SocketState;
  /** `192.0.2.1:80`, `[2001:db8::1]:80`. */
  readonly local: string;
  readonly localPort: number;
  readonly peer: string;
  /** Bytes received and not read; for a listening socket, connections that nobody accepted. */
  readonly receiveQueue: number;
  /** 0: no process has it. */
  readonly inode: number;
}

/** include/net/tcp_states.h. 12 is a request that waits for its ACK. */
const STATES_BY_CODE: Readonly<Record<string, SocketState>> = {
  "01": "established",
  "02": "syn-sent",
  "03": "syn-received",
  "04": "fin-wait-1",
  "05": "fin-wait-2",
  "06": "time-wait",
  "07": "closed",
  "08": "close-wait",
  "09": "last-ack",
  "0A": "listen",
  "0B": "closing",
  "0C": "syn-received",
};

const ADDRESS = /^(?:[0-9A-F]{8}|[0-9A-F]{32}):[0-9A-F]{4}$/;

/** null for the head of the table, and for anything that is no line of it. */
export function parseSocketLine(line: string): SocketLine | null {
  const [, local = "", peer = "", code = "", queues = "", , , , , inode = ""] = line
    .trim()
    .split(/\s+/);
  const state = STATES_BY_CODE[code];
  if (state === undefined || !ADDRESS.test(local) || !ADDRESS.test(peer)) return null;
  return {
    state,
    local,
    localPort: Number.parseInt(local.slice(-4), 16),
    peer,
    receiveQueue: Number.parseInt(queues.slice(queues.indexOf(":") + 1), 16),
    inode: Number(inode),
  };
}

/** `0100007F:1F90`, as the table has it, as people write it. */
export function addressText(text: string): string {
  const [words = "", port = ""] = text.split(":");
  const bytes = (words.match(/.{8}/g) ?? []).flatMap((word) => {
    // Each word of 32 bits is printed as a number of the machine, and they are little-endian.
    const value = Number.parseInt(word, 16);
    return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];
  });
  const portText = String(Number.parseInt(port, 16));
  const isMapped = bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0);
  if (bytes.length === 4 || (isMapped && bytes[10] === 0xff && bytes[11] === 0xff)) {
    return `${bytes.slice(-4).join(".")}:${portText}`;
  }
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const address = (hex.match(/.{4}/g) ?? []).join(":");
  return `[${new SocketAddress({ address, family: "ipv6" }).address}]:${portText}`;
}
