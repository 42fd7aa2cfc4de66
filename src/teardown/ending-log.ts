import type { Ending } from "../tcp/ending.ts";
import { detached } from "./detached.ts";

// The latest endings, and who wants to hear of each.

/** Endings kept. About 0.5 KB each, so half a megabyte. */
const KEPT_COUNT = 1_024;

export class EndingLog {
  readonly #ring: Ending[] = [];
  #nextIndex = 0;
  readonly #listeners = new Set<(ending: Ending) => void>();

  /** Oldest first. A copy: it does not grow. */
  get recent(): readonly Ending[] {
    return [...this.#ring.slice(this.#nextIndex), ...this.#ring.slice(0, this.#nextIndex)];
  }

  /** Calls `listener` for each ending from now on. Returns a function that stops it. */
  subscribe(listener: (ending: Ending) => void): () => void {
    const detachedListener = detached(listener);
    this.#listeners.add(detachedListener);
    return () => this.#listeners.delete(detachedListener);
  }

  add(ending: Ending): void {
    if (this.#ring.length < KEPT_COUNT) this.#ring.push(ending);
    else {
      this.#ring[this.#nextIndex] = ending;
      this.#nextIndex = (this.#nextIndex + 1) % KEPT_COUNT;
    }
    for (const listener of this.#listeners) listener(ending);
  }
}
