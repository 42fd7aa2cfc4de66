import { allocateBytes } from "./latin1.ts";

// Received bytes that are not parsed yet. Holds a reference to the only chunk while there is one,
// and copies only when a chunk arrives before the previous one is used up.

/** A queue of bytes with one contiguous readable window: `bytes` from `start` to `end`. */
export class ByteQueue {
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;
  /** True while `bytes` is memory of our own, which may be appended to. */
  #isOwned = false;

  get length(): number {
    return this.end - this.start;
  }

  /** Adds `chunk` at the end. The chunk must not change afterwards. */
  append(chunk: Uint8Array): void {
    const held = this.end - this.start;
    if (held === 0) {
      this.bytes = chunk;
      this.start = 0;
      this.end = chunk.byteLength;
      this.#isOwned = false;
      return;
    }
    const needed = held + chunk.byteLength;
    if (!this.#isOwned || this.end + chunk.byteLength > this.bytes.byteLength) {
      // Doubling keeps a peer that sends one byte at a time from making us copy quadratically.
      const grown = allocateBytes(Math.max(256, needed * 2));
      grown.set(this.bytes.subarray(this.start, this.end), 0);
      this.bytes = grown;
      this.start = 0;
      this.end = held;
      this.#isOwned = true;
    }
    this.bytes.set(chunk, this.end);
    this.end += chunk.byteLength;
  }

  /** Drops `byteCount` bytes from the front. */
  consume(byteCount: number): void {
    this.start += byteCount;
    if (this.start >= this.end) this.clear();
  }

  /** Takes up to `limitBytes` from the front, without copying what cannot be overwritten later. */
  take(limitBytes: number): Uint8Array {
    const taken = Math.min(limitBytes, this.end - this.start);
    const view = this.bytes.subarray(this.start, this.start + taken);
    // Owned memory is never rewritten behind `start`, so a view of it stays valid.
    this.consume(taken);
    return view;
  }

  clear(): void {
    this.bytes = EMPTY;
    this.start = 0;
    this.end = 0;
    this.#isOwned = false;
  }
}

const EMPTY = new Uint8Array(0);
