import { endianness } from "node:os";
import { ipv4Text, ipv6Text, isMapped } from "./address-text.ts";
import {
  type Ownership,
  ownershipOf,
  type SocketLine,
  type SocketState,
  type SocketVisitor,
  stateOfCode,
  timerOfCode,
  type VisitedSocket,
} from "./socket-line.ts";

// The messages of sock_diag(7) over netlink(7): the request for a dump of TCP sockets, and the
// answer, read in place. No I/O.
//
// Netlink has the byte order of the processor; ports and addresses inside have that of the network.

const IS_LITTLE_ENDIAN = endianness() === "LE";

const HEADER_BYTES = 16;
const REQUEST_BYTES = 72;
/** Of inet_diag_msg, without what may follow. */
const SOCKET_BYTES = 72;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST_DUMP = 0x301;
/** The table changed in a way that the dump may have missed. */
const NLM_F_DUMP_INTR = 0x10;
const NLMSG_NOOP = 1;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const IPPROTO_TCP = 6;
const AF_INET6 = 10;
/** How netlink(7) aligns messages. */
const ALIGNMENT_MASK = 3;

export type DumpProgress =
  | { readonly type: "more" }
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly reason: string };

const MORE: DumpProgress = { type: "more" };

/** A request for all TCP sockets of `family` (AF_INET 2, AF_INET6 10) in the states of the mask. */
export function dumpRequest(family: number, states: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(REQUEST_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, REQUEST_BYTES, IS_LITTLE_ENDIAN);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, IS_LITTLE_ENDIAN);
  view.setUint16(6, NLM_F_REQUEST_DUMP, IS_LITTLE_ENDIAN);
  view.setUint32(8, sequence, IS_LITTLE_ENDIAN);
  bytes[HEADER_BYTES] = family;
  bytes[HEADER_BYTES + 1] = IPPROTO_TCP;
  view.setUint32(HEADER_BYTES + 4, states, IS_LITTLE_ENDIAN);
  return bytes;
}

/** Reads the answers to one request. A datagram of netlink holds whole messages. */
export class DumpReader {
  /** The dump may lack sockets, or have some twice: it wants to be repeated. */
  isInterrupted = false;
  readonly #view: DataView;
  readonly #sequence: number;
  readonly #visit: SocketVisitor;
  readonly #socket: DiagSocket;

  /** `buffer` is where every datagram of this dump will be. */
  constructor(buffer: Uint8Array, sequence: number, visit: SocketVisitor) {
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    this.#sequence = sequence;
    this.#visit = visit;
    this.#socket = new DiagSocket(this.#view);
  }

  /** Takes the datagram that stands in the first bytes of the buffer. */
  receive(byteLength: number): DumpProgress {
    const view = this.#view;
    let at = 0;
    while (at + HEADER_BYTES <= byteLength) {
      const length = view.getUint32(at, IS_LITTLE_ENDIAN);
      if (length < HEADER_BYTES || at + length > byteLength) break;
      const progress = this.#receiveMessage(at, length);
      if (progress !== MORE) return progress;
      at += (length + ALIGNMENT_MASK) & ~ALIGNMENT_MASK;
    }
    if (at >= byteLength) return MORE;
    return { type: "failed", reason: "a message of sock_diag was cut off" };
  }

  #receiveMessage(at: number, length: number): DumpProgress {
    const view = this.#view;
    const type = view.getUint16(at + 4, IS_LITTLE_ENDIAN);
    // An answer to somebody else's question, as after a dump that was given up.
    if (view.getUint32(at + 8, IS_LITTLE_ENDIAN) !== this.#sequence) return MORE;
    if ((view.getUint16(at + 6, IS_LITTLE_ENDIAN) & NLM_F_DUMP_INTR) !== 0) {
      this.isInterrupted = true;
    }
    if (type === SOCK_DIAG_BY_FAMILY) {
      if (length < HEADER_BYTES + SOCKET_BYTES) {
        return { type: "failed", reason: "a socket of sock_diag is shorter than it has to be" };
      }
      if (this.#socket.read(at + HEADER_BYTES)) this.#visit(this.#socket);
      return MORE;
    }
    if (type === NLMSG_NOOP) return MORE;
    const hasCode = length >= HEADER_BYTES + 4;
    const code = hasCode ? view.getInt32(at + HEADER_BYTES, IS_LITTLE_ENDIAN) : 0;
    if (type === NLMSG_DONE && code >= 0) return { type: "done" };
    if (type === NLMSG_DONE || type === NLMSG_ERROR) {
      return { type: "failed", reason: `sock_diag answers with error ${-code}` };
    }
    return { type: "failed", reason: `sock_diag answers with type ${type}` };
  }
}

/** The inet_diag_msg that is being read. */
class DiagSocket implements VisitedSocket {
  state: SocketState = "closed";
  ownership: Ownership = "unknown";
  localPort = 0;
  inode = 0;
  readonly #view: DataView;
  #at = 0;

  constructor(view: DataView) {
    this.#view = view;
  }

  /** False: a state that no TCP socket of ours has, as a bound one's. */
  read(at: number): boolean {
    const state = stateOfCode(this.#view.getUint8(at + 1));
    if (state === undefined) return false;
    this.#at = at;
    this.state = state;
    this.localPort = this.#view.getUint16(at + 4);
    this.inode = this.#native(68);
    this.ownership = ownershipOf(state, this.inode);
    return true;
  }

  peerKey(): number | string {
    if (!this.#isIpv6) return this.#view.getUint32(this.#at + 24);
    const words = this.#words(24);
    return isMapped(words) ? words[3] : ipv6Text(words);
  }

  toLine(): SocketLine {
    const timerCode = this.#view.getUint8(this.#at + 2);
    return {
      state: this.state,
      localAddress: this.#addressText(8),
      localPort: this.localPort,
      peerAddress: this.#addressText(24),
      peerPort: this.#view.getUint16(this.#at + 6),
      // Of a listener this is the length of the queue that it asked for.
      sendQueueBytes: this.state === "listen" ? 0 : this.#native(60),
      receiveQueueBytes: this.#native(56),
      timer: timerOfCode(timerCode),
      timerLeftMs: timerCode === 0 ? null : this.#native(52),
      uid: this.#native(64),
      inode: this.inode,
      ownership: this.ownership,
    };
  }

  get #isIpv6(): boolean {
    return this.#view.getUint8(this.#at) === AF_INET6;
  }

  #native(offset: number): number {
    return this.#view.getUint32(this.#at + offset, IS_LITTLE_ENDIAN);
  }

  #words(offset: number): [number, number, number, number] {
    const at = this.#at + offset;
    const word = (index: number): number => this.#view.getUint32(at + index * 4);
    return [word(0), word(1), word(2), word(3)];
  }

  #addressText(offset: number): string {
    if (this.#isIpv6) return ipv6Text(this.#words(offset));
    return ipv4Text(this.#view.getUint32(this.#at + offset));
  }
}
