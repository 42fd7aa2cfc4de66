import type { Segment } from "./segment.ts";

// What one end has received: in order for the application, and out of order behind a gap.

export class ReceiveSide {
  /** The next number that is wanted. */
  next = 0;
  /** The peer's FIN has arrived, with everything before it. */
  isEnded = false;
  readonly #limitBytes: number;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** Behind a gap, by their numbers. */
  readonly #early = new Map<number, Segment>();
  #earlyBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }
  get heldBytes(): number {
    return this.#queuedBytes + this.#earlyBytes;
  }
  get windowBytes(): number {
    return Math.max(0, this.#limitBytes - this.#queuedBytes);
  }

  /** There are bytes in it that have not arrived before. */
  hasNews({ sequence, bytes }: Segment): boolean {
    return bytes.byteLength > 0 && sequence + bytes.byteLength > this.next;
  }

  /** Takes bytes and FIN of a segment, as far as they are wanted now. */
  accept(segment: Segment): void {
    if (segment.bytes.byteLength === 0 && !segment.isFin) return;
    if (segment.sequence > this.next) {
      this.#keepEarly(segment);
      return;
    }
    this.#take(segment);
    for (let early = this.#findEarly(); early !== null; early = this.#findEarly()) {
      this.#early.delete(early.sequence);
      this.#earlyBytes -= early.bytes.byteLength;
      this.#take(early);
    }
  }

  /** Everything that is here. */
  read(): readonly Uint8Array[] {
    const queue = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    return queue;
  }

  discard(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#early.clear();
    this.#earlyBytes = 0;
  }

  #take({ sequence, bytes, isFin }: Segment): void {
    const knownBytes = this.next - sequence;
    const fresh = bytes.subarray(Math.max(0, knownBytes));
    // What does not fit is not acknowledged, and so will come again.
    const fitting = fresh.subarray(0, this.windowBytes);
    if (fitting.byteLength > 0) {
      this.#queue.push(fitting);
      this.#queuedBytes += fitting.byteLength;
      this.next += fitting.byteLength;
    }
    const isFinNext = isFin && sequence + bytes.byteLength === this.next;
    if (isFinNext && !this.isEnded) {
      this.isEnded = true;
      this.next += 1;
    }
  }

  #keepEarly(segment: Segment): void {
    const isBeyond = segment.sequence + segment.bytes.byteLength > this.next + this.windowBytes;
    if (isBeyond || this.#early.has(segment.sequence)) return;
    this.#early.set(segment.sequence, segment);
    this.#earlyBytes += segment.bytes.byteLength;
  }

  #findEarly(): Segment | null {
    for (const segment of this.#early.values()) if (segment.sequence <= this.next) return segment;
    return null;
  }
}
