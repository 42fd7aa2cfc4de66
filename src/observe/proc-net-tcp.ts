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

// Reads the text of /proc/net/tcp and tcp6 (proc(5)), in pieces as they come.
//
// Fields are found by the white space between them, never by their column: the columns shift at
// line 10,000 and again at 100,000. Works on bytes, because a string per line costs as much as the
// rest.

/** A line is 150 bytes, of IPv6 about 200; past this the text is something else. */
export const LINE_LIMIT_BYTES = 1_024;
/** The kernel counts the time left of a timer in hundredths of a second, whatever its own HZ. */
const MS_PER_TICK = 10;

const LF = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;
const IS_LITTLE_ENDIAN = endianness() === "LE";

/** The value of a hexadecimal digit, by its byte; 255 for every other byte. */
const HEX = new Uint8Array(256).fill(255);
for (const [value, digit] of [..."0123456789abcdef"].entries()) {
  HEX[digit.charCodeAt(0)] = value;
  HEX[digit.toUpperCase().charCodeAt(0)] = value;
}

export class ProcNetTcpParser {
  /** Lines that are no sockets: in another format than ours, or cut off. */
  malformedCount = 0;
  readonly #visit: SocketVisitor;
  readonly #socket = new ProcSocket();
  /** The beginning of a line whose end has not come. */
  readonly #rest = new Uint8Array(LINE_LIMIT_BYTES);
  #restLength = 0;
  #isPastHeader = false;

  constructor(visit: SocketVisitor) {
    this.#visit = visit;
  }

  /** Takes a piece of the text, split anywhere. Keeps nothing of it but an unfinished line. */
  receive(bytes: Uint8Array): void {
    const end = bytes.lastIndexOf(LF) + 1;
    let start = 0;
    if (this.#restLength > 0 && end > 0) {
      start = bytes.indexOf(LF) + 1;
      this.#keep(bytes, 0, start);
      this.#readLine(this.#rest, 0);
      this.#restLength = 0;
    }
    while (start < end) start = this.#readLine(bytes, start);
    this.#keep(bytes, end, bytes.length);
  }

  /** The text has ended. A line without an end may be half a number, so it is not read. */
  receiveEnd(): void {
    if (this.#restLength > 0) this.malformedCount++;
    this.#restLength = 0;
  }

  /** Past the limit the bytes are dropped, and the line is found malformed at its end. */
  #keep(bytes: Uint8Array, from: number, to: number): void {
    const room = LINE_LIMIT_BYTES - this.#restLength;
    const piece = bytes.subarray(from, Math.min(to, from + room));
    this.#rest.set(piece, this.#restLength);
    this.#restLength += piece.length;
    // What is cut off must still have an end.
    if (to - from > room) this.#rest[LINE_LIMIT_BYTES - 1] = LF;
  }

  /** Returns where the next line starts. */
  #readLine(bytes: Uint8Array, start: number): number {
    let end = start;
    if (!this.#isPastHeader) {
      this.#isPastHeader = true;
    } else {
      end = this.#socket.read(bytes, start);
      if (end < 0) {
        this.malformedCount++;
        end = start;
      } else {
        this.#visit(this.#socket);
      }
    }
    while (end < bytes.length && bytes[end] !== LF) end++;
    return end + 1;
  }
}

/** The line that is being read. Addresses become text only when somebody asks. */
class ProcSocket implements VisitedSocket {
  state: SocketState = "closed";
  ownership: Ownership = "unknown";
  localPort = 0;
  inode = 0;
  #peerPort = 0;
  #sendQueueBytes = 0;
  #receiveQueueBytes = 0;
  #timerCode = 0;
  #timerTicks = 0;
  #uid = 0;
  #localAt = 0;
  #peerAt = 0;
  #isIpv6 = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** Reads the line at `start`; returns a place in it behind the last field, or -1. */
  read(bytes: Uint8Array, start: number): number {
    this.#bytes = bytes;
    this.#at = start;
    // The number of the line, as wide as it has to be.
    this.#skipSpaces();
    this.#number(10);
    if (!this.#skip(COLON)) return -1;
    this.#localAt = this.#skipSpaces();
    const localDigits = this.#skipHex();
    if (!this.#skip(COLON)) return -1;
    this.localPort = this.#number(16);
    this.#peerAt = this.#skipSpaces();
    const peerDigits = this.#skipHex();
    if (!this.#skip(COLON)) return -1;
    this.#peerPort = this.#number(16);
    if (localDigits !== peerDigits || (localDigits !== 8 && localDigits !== 32)) return -1;
    this.#isIpv6 = localDigits === 32;
    const state = stateOfCode(this.#field(16));
    if (state === undefined) return -1;
    this.state = state;
    this.#sendQueueBytes = this.#field(16);
    if (!this.#skip(COLON)) return -1;
    this.#receiveQueueBytes = this.#number(16);
    this.#timerCode = this.#field(16);
    if (!this.#skip(COLON)) return -1;
    this.#timerTicks = this.#number(16);
    // How often it was sent again, and in which it waits: not used.
    this.#field(16);
    this.#uid = this.#field(10);
    this.#field(10);
    this.#skipSpaces();
    const inodeAt = this.#at;
    this.inode = this.#number(10);
    const behind = bytes[this.#at];
    if (this.#at === inodeAt || (behind !== SPACE && behind !== LF)) return -1;
    this.ownership = ownershipOf(state, this.inode);
    return this.#at;
  }

  peerKey(): number | string {
    if (!this.#isIpv6) return this.#word(this.#peerAt);
    const words = this.#words(this.#peerAt);
    return isMapped(words) ? words[3] : ipv6Text(words);
  }

  toLine(): SocketLine {
    return {
      state: this.state,
      localAddress: this.#addressText(this.#localAt),
      localPort: this.localPort,
      peerAddress: this.#addressText(this.#peerAt),
      peerPort: this.#peerPort,
      sendQueueBytes: this.#sendQueueBytes,
      receiveQueueBytes: this.#receiveQueueBytes,
      timer: timerOfCode(this.#timerCode),
      timerLeftMs: this.#timerCode === 0 ? null : this.#timerTicks * MS_PER_TICK,
      uid: this.#uid,
      inode: this.inode,
      ownership: this.ownership,
    };
  }

  #addressText(at: number): string {
    return this.#isIpv6 ? ipv6Text(this.#words(at)) : ipv4Text(this.#word(at));
  }

  #words(at: number): [number, number, number, number] {
    return [this.#word(at), this.#word(at + 8), this.#word(at + 16), this.#word(at + 24)];
  }

  /** Eight digits are a word as this processor has it in memory, whose bytes are the address. */
  #word(at: number): number {
    let word = 0;
    for (let index = at; index < at + 8; index++) {
      word = (word << 4) | (HEX[this.#bytes[index] ?? 0] ?? 0);
    }
    if (!IS_LITTLE_ENDIAN) return word >>> 0;
    const swapped = (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
    return swapped >>> 0;
  }

  #skipSpaces(): number {
    while (this.#bytes[this.#at] === SPACE) this.#at++;
    return this.#at;
  }

  #skip(byte: number): boolean {
    return this.#bytes[this.#at++] === byte;
  }

  /** Returns how many digits there were. */
  #skipHex(): number {
    const start = this.#at;
    while ((HEX[this.#bytes[this.#at] ?? 0] ?? 255) < 16) this.#at++;
    return this.#at - start;
  }

  #field(base: number): number {
    this.#skipSpaces();
    return this.#number(base);
  }

  #number(base: number): number {
    let value = 0;
    for (;;) {
      const digit = HEX[this.#bytes[this.#at] ?? 0] ?? 255;
      if (digit >= base) return value;
      value = value * base + digit;
      this.#at++;
    }
  }
}
