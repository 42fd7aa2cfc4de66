import { type RetryTimes, RoundTrips } from "./round-trips.ts";
import { lengthOf, type Segment } from "./segment.ts";

// What one end sends: bytes that are not acknowledged yet, and how many of them may be under way.
//
// Congestion control is that of RFC 5681 with an initial window of ten segments (RFC 6928) and
// neither selective acknowledgments nor pacing.

export const SEGMENT_BYTES = 1_448;
const INITIAL_WINDOW_BYTES = 10 * SEGMENT_BYTES;
const DUPLICATE_LIMIT = 3;

export class SendSide {
  /** The oldest number that is not acknowledged. The SYN is 0. */
  unacknowledged = 0;
  /** The next number to be sent. */
  next = 0;
  /** One more than the highest number that was ever sent. */
  highest = 0;
  /** What the peer has room for. */
  peerWindowBytes = 0;
  /** The number of our FIN, once there is one. */
  finAt: number | null = null;
  retryCount = 0;
  /** Questions about a closed window that were not answered. */
  probeCount = 0;
  readonly rounds: RoundTrips;
  /** When what is unacknowledged began to be, `null` without. */
  waitingSinceMs: number | null = null;
  readonly #limitBytes: number;
  #chunks: Uint8Array[] = [];
  /** The number of the first byte in `#chunks`. */
  #firstByte = 1;
  #bufferedBytes = 0;
  #congestionBytes = INITIAL_WINDOW_BYTES;
  #thresholdBytes = Number.POSITIVE_INFINITY;
  #duplicateCount = 0;
  /** The segment whose round trip is being measured. */
  #measured: { readonly end: number; readonly sentAtMs: number } | null = null;

  constructor(limitBytes: number, times: RetryTimes) {
    this.#limitBytes = limitBytes;
    this.rounds = new RoundTrips(times);
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }
  get roomBytes(): number {
    return Math.max(0, this.#limitBytes - this.#bufferedBytes);
  }
  /** One more than the last byte that was given. */
  get end(): number {
    return this.#firstByte + this.#bufferedBytes;
  }
  get isEverythingAcknowledged(): boolean {
    return this.unacknowledged >= (this.finAt === null ? this.end : this.finAt + 1);
  }
  get isFinAcknowledged(): boolean {
    return this.finAt !== null && this.unacknowledged > this.finAt;
  }
  get inFlightBytes(): number {
    return this.next - this.unacknowledged;
  }
  get notSentBytes(): number {
    const end = this.finAt === null ? this.end : this.finAt + 1;
    return Math.max(0, end - this.highest);
  }

  /** Takes as much of `bytes` as there is room for; returns how much. */
  append(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.roomBytes);
    if (taken.byteLength > 0) this.#chunks.push(taken);
    this.#bufferedBytes += taken.byteLength;
    return taken.byteLength;
  }

  /** Bytes from number `from`, at most a segment of them. */
  bytesFrom(from: number): Uint8Array {
    let skip = from - this.#firstByte;
    for (const chunk of this.#chunks) {
      // A segment ends with its chunk: nothing is copied, and small writes are small segments.
      if (skip < chunk.byteLength) return chunk.subarray(skip, skip + SEGMENT_BYTES);
      skip -= chunk.byteLength;
    }
    return chunkless;
  }

  /** How many bytes may be sent now, by both windows. */
  allowedBytes(): number {
    const window = Math.min(this.#congestionBytes, this.peerWindowBytes);
    return Math.max(0, this.unacknowledged + window - this.next);
  }

  noteSent(end: number, nowMs: number): void {
    // Karn's rule: what was sent twice says nothing about the time of one round.
    if (this.#measured === null && end > this.highest) this.#measured = { end, sentAtMs: nowMs };
    this.next = Math.max(this.next, end);
    this.highest = Math.max(this.highest, end);
    this.waitingSinceMs ??= nowMs;
  }

  /**
   * Takes what the peer says of its window and of what has arrived. "lost": the first segment is to
   * be sent again without waiting any longer.
   */
  receive(segment: Segment, nowMs: number): "acknowledged" | "lost" | "nothing" {
    const { acknowledgment, windowBytes } = segment;
    const isSameWindow = windowBytes === this.peerWindowBytes;
    this.peerWindowBytes = windowBytes;
    this.probeCount = 0;
    if (windowBytes > 0) this.rounds.noteOpenWindow();
    if (acknowledgment === null) return "nothing";
    if (this.acknowledge(acknowledgment, nowMs)) return "acknowledged";
    const isEmpty = lengthOf(segment) === 0;
    const isDuplicate = acknowledgment === this.unacknowledged && isEmpty && isSameWindow;
    const isLost = isDuplicate && this.inFlightBytes > 0 && this.#noteDuplicate();
    return isLost ? "lost" : "nothing";
  }

  /** Returns true if something new is acknowledged. */
  acknowledge(upTo: number, nowMs: number): boolean {
    if (upTo > this.highest || upTo <= this.unacknowledged) return false;
    const fresh = upTo - this.unacknowledged;
    this.unacknowledged = upTo;
    this.next = Math.max(this.next, upTo);
    this.retryCount = 0;
    this.#duplicateCount = 0;
    this.waitingSinceMs = this.unacknowledged < this.highest ? nowMs : null;
    this.#dropAcknowledged();
    this.#measureRound(upTo, nowMs);
    const isSlowStart = this.#congestionBytes < this.#thresholdBytes;
    this.#congestionBytes += isSlowStart
      ? Math.min(fresh, SEGMENT_BYTES)
      : (SEGMENT_BYTES * SEGMENT_BYTES) / this.#congestionBytes;
    return true;
  }

  /** No answer came in time: everything that is not acknowledged is sent again, slowly at first. */
  noteTimeout(): void {
    this.retryCount += 1;
    this.rounds.noteTimeout();
    this.#thresholdBytes = Math.max(this.inFlightBytes / 2, 2 * SEGMENT_BYTES);
    this.#congestionBytes = SEGMENT_BYTES;
    this.#duplicateCount = 0;
    this.#measured = null;
    this.next = this.unacknowledged;
  }

  /** A window that stays closed is asked about more and more seldom. */
  noteProbe(): void {
    this.probeCount += 1;
    this.rounds.noteProbe();
  }

  forget(): void {
    this.#chunks = [];
    this.#firstByte += this.#bufferedBytes;
    this.#bufferedBytes = 0;
  }

  /** Returns true if the first segment is to be sent again without waiting any longer. */
  #noteDuplicate(): boolean {
    this.#duplicateCount += 1;
    if (this.#duplicateCount !== DUPLICATE_LIMIT) return false;
    this.#thresholdBytes = Math.max(this.inFlightBytes / 2, 2 * SEGMENT_BYTES);
    this.#congestionBytes = this.#thresholdBytes;
    this.#measured = null;
    return true;
  }

  #dropAcknowledged(): void {
    let known = Math.min(this.unacknowledged, this.end) - this.#firstByte;
    while (known > 0) {
      const first = this.#chunks[0];
      if (first === undefined) break;
      const dropped = Math.min(known, first.byteLength);
      if (dropped === first.byteLength) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(dropped);
      known -= dropped;
      this.#firstByte += dropped;
      this.#bufferedBytes -= dropped;
    }
  }

  #measureRound(upTo: number, nowMs: number): void {
    if (this.#measured === null || upTo < this.#measured.end) return;
    this.rounds.note(nowMs - this.#measured.sentAtMs);
    this.#measured = null;
  }
}

const chunkless = new Uint8Array(0);
