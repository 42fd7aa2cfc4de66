import { TimerEntry, type TimerLists, type TimerOwner } from "../base/timer-lists.ts";

// How near a server is to the limits that would make it refuse connections, and what it does about
// it: shorter idle time-outs first, persistence off last.

/** The steps, in order. */
export type PressureLevel = "none" | "shorter-idle" | "shortest-idle" | "no-persistence";

/** One thing that can run out. */
export interface PressureSource {
  readonly name: "connections" | "descriptors" | "kernel memory";
  readonly usedCount: number;
  readonly limitCount: number;
}

export interface PressureChange {
  readonly level: PressureLevel;
  /** What is nearest to its limit. */
  readonly source: PressureSource["name"];
  readonly usedPercent: number;
}

const LEVELS = ["none", "shorter-idle", "shortest-idle", "no-persistence"] as const;

/** Where between `pressurePercent` and 100 the second and third step are: 90 and 97 for 75. */
const STEPS = [0, 0.6, 0.88] as const;
/** A level is left this far below its mark, so that it does not come and go with each client. */
const HYSTERESIS_PERCENT = 5;
/** Kernel memory changes without any event that we see. Reading it takes under 0.1 ms. */
const CHECK_MS = 1_000;

export class PressureGauge implements TimerOwner {
  readonly #timers: TimerLists;
  readonly #read: () => readonly PressureSource[];
  readonly #onChange: (change: PressureChange) => void;
  readonly #timer: TimerEntry = new TimerEntry(this);
  #level = 0;
  #markPercent: number;

  /** `markPercent`: where the first step begins; 100: nowhere. */
  constructor(
    markPercent: number,
    timers: TimerLists,
    read: () => readonly PressureSource[],
    onChange: (change: PressureChange) => void,
  ) {
    this.#markPercent = markPercent;
    this.#timers = timers;
    this.#read = read;
    this.#onChange = onChange;
  }

  get level(): PressureLevel {
    return LEVELS[this.#level] ?? "none";
  }

  useMark(markPercent: number, nowMs: number): void {
    this.#markPercent = markPercent;
    this.check(nowMs);
  }

  /** Measures now, and again each second while anything is in use. */
  check(nowMs: number): void {
    const worst = worstOf(this.#read());
    if (worst === null) return;
    const usedPercent = (worst.usedCount * 100) / worst.limitCount;
    const level = this.#levelFor(usedPercent);
    if (level !== this.#level) {
      this.#level = level;
      const { name: source } = worst;
      this.#onChange({ level: this.level, source, usedPercent: Math.round(usedPercent) });
    }
    const isWatching = worst.usedCount > 0 || this.#level > 0;
    if (isWatching && this.#markPercent < 100) this.#timers.arm(this.#timer, CHECK_MS, nowMs);
  }

  handleTimer(_entry: TimerEntry, nowMs: number): void {
    this.check(nowMs);
  }

  #levelFor(usedPercent: number): number {
    if (this.#markPercent >= 100) return 0;
    let level = 0;
    for (const [index, step] of STEPS.entries()) {
      const mark = this.#markPercent + (100 - this.#markPercent) * step;
      // A mark below twice that has to leave room for a level that can be left at all.
      const hysteresis = Math.min(HYSTERESIS_PERCENT, mark / 2);
      const isLeaving = this.#level > index;
      if (usedPercent >= mark - (isLeaving ? hysteresis : 0)) level = index + 1;
    }
    return level;
  }
}

function worstOf(sources: readonly PressureSource[]): PressureSource | null {
  let worst: PressureSource | null = null;
  for (const source of sources) {
    if (source.limitCount <= 0) continue;
    const isWorse =
      worst === null || source.usedCount * worst.limitCount > worst.usedCount * source.limitCount;
    if (isWorse) worst = source;
  }
  return worst;
}
