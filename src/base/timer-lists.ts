import type { Clock } from "./clock.ts";

// Coarse timers: one FIFO list per distinct timeout. Entries with the same timeout expire in the
// order they were armed, so arming and cancelling cost O(1), and one wake-up serves every entry.
//
// The number of lists is the number of distinct timeouts ever armed, so callers pass configured
// values, never computed remainders.

/**
 * Whoever waits for a timer. An interface and not a callback: a closure per connection costs
 * memory.
 */
export interface TimerOwner {
  /** `entry` expired, and is disarmed already. */
  handleTimer(entry: TimerEntry, nowMs: number): void;
}

/** One timer. Owned by the thing it times, and reused: arming an armed entry moves it. */
export class TimerEntry {
  /** @internal */ readonly owner: TimerOwner;
  /** @internal */ list: TimerList | null = null;
  /** @internal */ previous: TimerEntry | null = null;
  /** @internal */ next: TimerEntry | null = null;
  /** @internal */ dueAtMs = 0;

  constructor(owner: TimerOwner) {
    this.owner = owner;
  }

  get isArmed(): boolean {
    return this.list !== null;
  }
}

/**
 * Entries that expire in one turn of the event loop: a thousand releases take about 10 ms, and all
 * connections of a server may be due at once, when a time-out is shortened.
 */
const EXPIRE_LIMIT = 1_024;

class TimerList {
  readonly timeoutMs: number;
  head: TimerEntry | null = null;
  tail: TimerEntry | null = null;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  append(entry: TimerEntry): void {
    entry.list = this;
    entry.previous = this.tail;
    entry.next = null;
    if (this.tail === null) this.head = entry;
    else this.tail.next = entry;
    this.tail = entry;
  }

  remove(entry: TimerEntry): void {
    if (entry.previous === null) this.head = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === null) this.tail = entry.previous;
    else entry.next.previous = entry.previous;
    entry.list = null;
    entry.previous = null;
    entry.next = null;
  }
}

/** All timers of one server. */
export class TimerLists {
  readonly #clock: Clock;
  readonly #lists = new Map<number, TimerList>();
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #expiring = false;
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Arms `entry` to expire `timeoutMs` after `nowMs`, replacing what it was armed for. */
  arm(entry: TimerEntry, timeoutMs: number, nowMs: number): void {
    if (entry.list !== null) entry.list.remove(entry);
    let list = this.#lists.get(timeoutMs);
    if (list === undefined) {
      list = new TimerList(timeoutMs);
      this.#lists.set(timeoutMs, list);
    }
    // A whole number costs no object of its own per entry; a millisecond late is never too early.
    entry.dueAtMs = Math.ceil(nowMs + timeoutMs);
    // What is armed without a timeout while others expire has its turn in the next millisecond.
    if (this.#expiring && entry.dueAtMs <= nowMs) entry.dueAtMs = Math.floor(nowMs) + 1;
    list.append(entry);
    if (entry.dueAtMs < this.#wakeAtMs && !this.#expiring && !this.#isStopped)
      this.#wake(entry.dueAtMs);
  }

  /** Disarms `entry`. Does nothing if it is not armed. */
  cancel(entry: TimerEntry): void {
    entry.list?.remove(entry);
  }

  /**
   * Expires what is due at `nowMs`, at most {@link EXPIRE_LIMIT} entries, then asks the clock for
   * the next wake-up, which is at once if something due is left.
   */
  expire(nowMs: number): void {
    this.#expiring = true;
    let expiredCount = 0;
    try {
      for (const list of this.#lists.values()) {
        let entry = list.head;
        while (entry !== null && entry.dueAtMs <= nowMs && !this.#isStopped) {
          if (expiredCount === EXPIRE_LIMIT) return;
          expiredCount += 1;
          list.remove(entry);
          entry.owner.handleTimer(entry, nowMs);
          entry = list.head;
        }
      }
    } finally {
      this.#expiring = false;
      if (!this.#isStopped) this.#wake(this.#nextDueAtMs());
    }
  }

  /** Cancels the wake-up. Armed entries stay armed and never expire. */
  stop(): void {
    this.#isStopped = true;
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    this.#clock.wakeAt(null, this.#onWake);
  }

  #nextDueAtMs(): number {
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const list of this.#lists.values()) {
      if (list.head !== null && list.head.dueAtMs < earliestMs) earliestMs = list.head.dueAtMs;
    }
    return earliestMs;
  }

  #wake(atMs: number): void {
    this.#wakeAtMs = atMs;
    this.#clock.wakeAt(Number.isFinite(atMs) ? atMs : null, this.#onWake);
  }

  readonly #onWake = (): void => {
    this.expire(this.#clock.now());
  };
}
