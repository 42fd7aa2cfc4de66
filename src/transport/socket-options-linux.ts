import type { TcpState } from "../tcp/state.ts";
import type { NativeCalls } from "./native-calls.ts";
import type { TcpFacts } from "./tcp-facts.ts";

// Socket options by Linux's numbers, over the calls of any provider. linux/tcp.h, asm/socket.h.
//
// The numbers are those of x86, ARM and RISC-V; MIPS, PA-RISC and SPARC have others, which
// `selfTest` finds out. Little and big endian both work: values are in the order of the machine.

const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_LINGER = 13;
const IPPROTO_TCP = 6;
const TCP_LINGER2 = 8;
const TCP_INFO = 11;
const TCP_USER_TIMEOUT = 18;
const AF_INET = 2;
const SOCK_STREAM = 1;
const O_CLOEXEC = 0o2_000_000;

/** Offsets in struct tcp_info. */
const STATE_AT = 0;
const RTO_AT = 8;
const UNACKED_AT = 24;
const RTT_AT = 68;
const BYTES_ACKED_AT = 120;
const NOTSENT_BYTES_AT = 144;
const BYTES_SENT_AT = 200;
const BYTES_RETRANS_AT = 208;
/** The part that every Linux since 2.6 has, and the part up to the counters (4.19). */
const SHORTEST_INFO_BYTES = 104;
const COUNTED_INFO_BYTES = 216;

const STATES: Readonly<Record<number, TcpState>> = {
  1: "established",
  4: "fin-wait-1",
  5: "fin-wait-2",
  6: "time-wait",
  7: "closed",
  8: "close-wait",
  9: "last-ack",
  11: "closing",
};

const INT_BYTES = 4;
const LONG_BYTES = 8;
const VALUE_BYTES = 512;

/** The native memory of one provider, made once: calls do not overlap, and so may share it. */
class NativeMemory {
  readonly value: Uint8Array;
  readonly length: Uint8Array;
  readonly #ints: Int32Array;
  readonly #unsigned: Uint32Array;
  readonly #longs: BigUint64Array;

  constructor() {
    // Larger than what an engine keeps in its own heap, where memory moves.
    const memory = new ArrayBuffer(VALUE_BYTES + INT_BYTES * 2);
    this.value = new Uint8Array(memory, 0, VALUE_BYTES);
    this.length = new Uint8Array(memory, VALUE_BYTES, INT_BYTES);
    this.#ints = new Int32Array(memory);
    this.#unsigned = new Uint32Array(memory);
    this.#longs = new BigUint64Array(memory);
  }

  get lengthBytes(): number {
    return this.#unsigned[VALUE_BYTES / INT_BYTES] ?? 0;
  }

  set lengthBytes(lengthBytes: number) {
    this.#unsigned[VALUE_BYTES / INT_BYTES] = lengthBytes;
  }

  int(atBytes: number): number {
    return this.#ints[atBytes / INT_BYTES] ?? 0;
  }

  setInt(atBytes: number, value: number): void {
    this.#ints[atBytes / INT_BYTES] = value;
  }

  unsigned(atBytes: number): number {
    return this.#unsigned[atBytes / INT_BYTES] ?? 0;
  }

  long(atBytes: number): number {
    return Number(this.#longs[atBytes / LONG_BYTES] ?? 0n);
  }
}

/** Implements the port `SocketOptions`, which cannot be named here without a cycle of imports. */
export class LinuxSocketOptions {
  readonly provider: NativeCalls["provider"];
  readonly #calls: NativeCalls;
  readonly #memory = new NativeMemory();

  constructor(calls: NativeCalls) {
    this.#calls = calls;
    this.provider = calls.provider;
  }

  tcpFacts(fd: number): TcpFacts | null {
    // A kernel with a shorter structure leaves the rest as it was.
    this.#memory.value.fill(0, SHORTEST_INFO_BYTES, COUNTED_INFO_BYTES);
    if (!this.#read(fd, IPPROTO_TCP, TCP_INFO, VALUE_BYTES)) return null;
    if (this.#memory.lengthBytes < SHORTEST_INFO_BYTES) return null;
    return readTcpInfo(this.#memory);
  }

  setFinWait2Seconds(fd: number, seconds: number): boolean {
    return this.#writeInt(fd, IPPROTO_TCP, TCP_LINGER2, seconds);
  }

  setUnacknowledgedTimeoutMs(fd: number, ms: number): boolean {
    return this.#writeInt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, ms);
  }

  setSoLinger(fd: number, seconds: number | null): boolean {
    this.#memory.setInt(0, seconds === null ? 0 : 1);
    this.#memory.setInt(INT_BYTES, seconds ?? 0);
    return this.#write(fd, SOL_SOCKET, SO_LINGER, INT_BYTES * 2);
  }

  takePendingError(fd: number): number | null {
    if (!this.#read(fd, SOL_SOCKET, SO_ERROR, INT_BYTES)) return null;
    const error = this.#memory.int(0);
    return error === 0 ? null : error;
  }

  duplicate(fd: number): number | null {
    const duplicate = this.#calls.dup(fd);
    if (duplicate < 0) return null;
    // In two steps, because fcntl is variadic. Nothing of this thread forks in between.
    if (this.#calls.dup3(fd, duplicate, O_CLOEXEC) === duplicate) return duplicate;
    this.#calls.close(duplicate);
    return null;
  }

  /** Whether values come back from a real socket as they were set; else what did not. */
  selfTest(): string | null {
    const fd = this.#calls.socket(AF_INET, SOCK_STREAM | O_CLOEXEC, 0);
    if (fd < 0) return "no socket could be made";
    try {
      if (!this.setFinWait2Seconds(fd, 7) || !this.#holds(fd, IPPROTO_TCP, TCP_LINGER2, [7])) {
        return "TCP_LINGER2 did not come back";
      }
      const isKept = this.setUnacknowledgedTimeoutMs(fd, 12_345);
      if (!isKept || !this.#holds(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, [12_345])) {
        return "TCP_USER_TIMEOUT did not come back";
      }
      if (!this.setSoLinger(fd, 3) || !this.#holds(fd, SOL_SOCKET, SO_LINGER, [1, 3])) {
        return "SO_LINGER did not come back";
      }
      if (this.tcpFacts(fd)?.state !== "closed") return "TCP_INFO of a new socket is not its state";
      const duplicate = this.duplicate(fd);
      if (duplicate === null) return "a descriptor could not be duplicated";
      const isSame = this.#holds(duplicate, IPPROTO_TCP, TCP_LINGER2, [7]);
      this.#calls.close(duplicate);
      return isSame ? null : "a duplicate was another socket";
    } finally {
      this.#calls.close(fd);
    }
  }

  #holds(fd: number, level: number, name: number, wanted: readonly number[]): boolean {
    // What was set is still in the memory, and has to come from the kernel.
    this.#memory.value.fill(0, 0, INT_BYTES * 2);
    if (!this.#read(fd, level, name, wanted.length * INT_BYTES)) return false;
    return wanted.every((value, index) => this.#memory.int(index * INT_BYTES) === value);
  }

  #read(fd: number, level: number, name: number, byteLength: number): boolean {
    const { value, length } = this.#memory;
    this.#memory.lengthBytes = byteLength;
    return this.#calls.getsockopt(fd, level, name, value, length) === 0;
  }

  #writeInt(fd: number, level: number, name: number, value: number): boolean {
    this.#memory.setInt(0, value);
    return this.#write(fd, level, name, INT_BYTES);
  }

  #write(fd: number, level: number, name: number, byteLength: number): boolean {
    return this.#calls.setsockopt(fd, level, name, this.#memory.value, byteLength) === 0;
  }
}

/**
 * In "closed" only the counters tell. Measured (test/kernel/tcp-info-of-endings.test.ts), as
 * acknowledged / sent / not sent. Of 1,000 B: data acknowledged 1,000 / 1,000 / 0, FIN too 1,001 /
 * 1,000 / 0, and both stay after the peer's FIN and after RST. RST before anything: 0 / 0 / 0. RST
 * on a full window, of 1,000,000 B and FIN: 128,000 / 128,000 / 872,001.
 */
function readTcpInfo(memory: NativeMemory): TcpFacts {
  const state = STATES[memory.value[STATE_AT] ?? 0] ?? "other";
  const acknowledgedBytes = memory.long(BYTES_ACKED_AT);
  const sentBytes = memory.long(BYTES_SENT_AT) - memory.long(BYTES_RETRANS_AT);
  const notSentBytes = memory.unsigned(NOTSENT_BYTES_AT);
  const unacknowledgedSegments = memory.unsigned(UNACKED_AT);
  const hasCounters = memory.lengthBytes >= COUNTED_INFO_BYTES;
  const isFinAcknowledged =
    state === "closed"
      ? hasCounters && notSentBytes === 0 && sentBytes >= 0 && acknowledgedBytes === sentBytes + 1
      : state === "fin-wait-2" || state === "time-wait";
  const isDataAcknowledged = hasCounters && unacknowledgedSegments === 0 && notSentBytes === 0;
  const isBeforeFin = state === "established" || state === "close-wait";
  return {
    state,
    isEverythingAcknowledged: isFinAcknowledged || (isBeforeFin && isDataAcknowledged),
    isFinAcknowledged,
    acknowledgedBytes,
    sentBytes,
    notSentBytes,
    unacknowledgedSegments,
    roundTripMs: memory.unsigned(RTT_AT) / 1_000,
    retransmitTimeoutMs: memory.unsigned(RTO_AT) / 1_000,
  };
}
