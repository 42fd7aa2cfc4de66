// What is going to happen, in the order of time; at one time, in the order in which it was planned.
// A binary heap: adding and taking cost the logarithm of what is planned.

/** Something that happens. An object and not a closure: there are millions. */
export interface SimulatedEvent {
  happen(): void;
}

interface Planned {
  readonly atMs: number;
  readonly order: number;
  readonly event: SimulatedEvent;
}

export class EventQueue {
  readonly #heap: Planned[] = [];
  #addedCount = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** The time of the next event, Infinity if there is none. */
  get nextAtMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  add(atMs: number, event: SimulatedEvent): void {
    this.#addedCount += 1;
    const planned: Planned = { atMs, order: this.#addedCount, event };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(planned);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || isBefore(parent, planned)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = planned;
  }

  take(): SimulatedEvent | null {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length > 0) this.#sink(last);
    return first.event;
  }

  #sink(planned: Planned): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let childIndex = index * 2 + 1;
      let child = heap[childIndex];
      if (child === undefined) break;
      const other = heap[childIndex + 1];
      if (other !== undefined && isBefore(other, child)) {
        childIndex += 1;
        child = other;
      }
      if (isBefore(planned, child)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = planned;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
