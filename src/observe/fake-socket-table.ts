import { endianness } from "node:os";

// Made-up tables in the formats of the kernel, from one description of a socket.

export interface FakeSocket {
  /** The kernel's number of the state. */
  readonly code: number;
  /** In network order: 4 bytes, or 16. */
  readonly local: readonly number[];
  readonly localPort: number;
  readonly peer: readonly number[];
  readonly peerPort: number;
  readonly sendQueueBytes?: number;
  readonly receiveQueueBytes?: number;
  readonly timerCode?: number;
  readonly timerLeftMs?: number;
  readonly uid?: number;
  readonly inode?: number;
}

export const PROC_HEADER: string =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt" +
  "   uid  timeout inode";

const IS_LITTLE_ENDIAN = endianness() === "LE";

/** A line of /proc/net/tcp, or tcp6 for 16 bytes of address, as the kernel pads it. */
export function procLine(number: number, socket: FakeSocket): string {
  const { code, sendQueueBytes = 0, receiveQueueBytes = 0, timerCode = 0 } = socket;
  const { timerLeftMs = 0, uid = 0, inode = 0 } = socket;
  const endpoint = (address: readonly number[], port: number): string =>
    `${wordsOf(address)
      .map((word) => hex(word, 8))
      .join("")}:${hex(port, 4)}`;
  const line = [
    `${String(number).padStart(4)}:`,
    endpoint(socket.local, socket.localPort),
    endpoint(socket.peer, socket.peerPort),
    hex(code, 2),
    `${hex(sendQueueBytes, 8)}:${hex(receiveQueueBytes, 8)}`,
    `${hex(timerCode, 2)}:${hex(timerLeftMs / 10, 8)}`,
    "00000000",
    String(uid).padStart(5),
    "       0",
    `${inode} 1 0000000000000000 20 4 30 10 -1`,
  ];
  return line.join(" ").padEnd(149);
}

export function procText(sockets: readonly FakeSocket[], firstNumber = 0): string {
  const lines = sockets.map((socket, index) => procLine(firstNumber + index, socket));
  return `${[PROC_HEADER, ...lines].join("\n")}\n`;
}

/** A message of sock_diag about a socket. */
export function diagMessage(socket: FakeSocket, sequence: number, flags = 2): Uint8Array {
  const message = netlinkMessage(20, 72, sequence, flags);
  const view = new DataView(message.buffer);
  message.set([socket.local.length === 4 ? 2 : 10, socket.code, socket.timerCode ?? 0, 0], 16);
  view.setUint16(20, socket.localPort);
  view.setUint16(22, socket.peerPort);
  message.set(socket.local, 24);
  message.set(socket.peer, 40);
  const numbers = [
    socket.timerLeftMs,
    socket.receiveQueueBytes,
    socket.sendQueueBytes,
    socket.uid,
    socket.inode,
  ];
  for (const [index, value] of numbers.entries()) {
    view.setUint32(68 + 4 * index, value ?? 0, IS_LITTLE_ENDIAN);
  }
  return message;
}

/** NLMSG_DONE (3), or NLMSG_ERROR (2) with a negative code. */
export function endMessage(type: 2 | 3, code: number, sequence: number): Uint8Array {
  const message = netlinkMessage(type, 4, sequence, 2);
  new DataView(message.buffer).setInt32(16, code, IS_LITTLE_ENDIAN);
  return message;
}

export function netlinkMessage(
  type: number,
  contentBytes: number,
  sequence: number,
  flags = 0,
): Uint8Array {
  const message = new Uint8Array(16 + contentBytes);
  const view = new DataView(message.buffer);
  view.setUint32(0, message.length, IS_LITTLE_ENDIAN);
  view.setUint16(4, type, IS_LITTLE_ENDIAN);
  view.setUint16(6, flags, IS_LITTLE_ENDIAN);
  view.setUint32(8, sequence, IS_LITTLE_ENDIAN);
  return message;
}

const hex = (value: number, digits: number): string =>
  value.toString(16).toUpperCase().padStart(digits, "0");

/** As the kernel prints them: each word as this processor has it in memory. */
function wordsOf(address: readonly number[]): number[] {
  const view = new DataView(Uint8Array.from(address).buffer);
  return Array.from({ length: address.length / 4 }, (_, index) =>
    view.getUint32(index * 4, IS_LITTLE_ENDIAN),
  );
}
