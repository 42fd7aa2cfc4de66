// Long reading in one process with everything else: a turn for the event loop after every slice,
// and an end for a table that does not end.

/** What reading may block the loop for; one read of a table takes well below 1 ms. */
const SLICE_MS = 5;
/** 100,000 sockets take 0.3 s by the slowest source, so a table that takes longer does not end. */
export const READING_LIMIT_MS = 30_000;

export class ReadingTime {
  readonly #now: () => number;
  readonly #startedAtMs: number;
  #sliceAtMs: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#startedAtMs = now();
    this.#sliceAtMs = this.#startedAtMs;
  }

  /** Whether the loop wants a turn. Cheap enough for every read. */
  get isSliceOver(): boolean {
    return this.#now() - this.#sliceAtMs >= SLICE_MS;
  }

  get isOver(): boolean {
    return this.#now() - this.#startedAtMs >= READING_LIMIT_MS;
  }

  async nextSlice(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#sliceAtMs = this.#now();
  }
}
