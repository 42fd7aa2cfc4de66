import { SimulatedTimer, type World } from "./world.ts";

// A timer as kernels have it: it is looked at from time to time, and so never exact.
//
// Linux's wheel (kernel/time/timer.c, 250 Hz) rounds up, by an eighth at most; 4.4BSD looks every
// 500 ms and counts those looks (tcp_slowtimo), so that a time may be half a second shorter.

export type TimerKind = "wheel" | "ticks";

const JIFFY_MS = 4;
/** Below so many jiffies each has a place; below 8 times as many, 8 share one; and so on. */
const FINE_JIFFIES = 63;
const TICK_MS = 500;

export class KernelTimer {
  readonly #world: World;
  readonly #kind: TimerKind;
  readonly #timer: SimulatedTimer;

  constructor(world: World, kind: TimerKind, expire: () => void) {
    this.#world = world;
    this.#kind = kind;
    this.#timer = new SimulatedTimer(world, expire);
  }

  get isArmed(): boolean {
    return this.#timer.isArmed;
  }

  arm(delayMs: number): void {
    this.#timer.arm(Number.isFinite(delayMs) ? this.#lookMs(delayMs) : delayMs);
  }

  cancel(): void {
    this.#timer.cancel();
  }

  /** How long it is until the kernel looks and the time is over. */
  #lookMs(delayMs: number): number {
    const { nowMs } = this.#world;
    if (this.#kind === "ticks") {
      const ticks = Math.max(1, Math.ceil(delayMs / TICK_MS));
      return (Math.floor(nowMs / TICK_MS) + ticks) * TICK_MS - nowMs;
    }
    const jiffies = Math.ceil(delayMs / JIFFY_MS);
    let shared = 1;
    while (jiffies >= FINE_JIFFIES * shared) shared *= 8;
    const dueJiffies = Math.floor(nowMs / JIFFY_MS) + jiffies;
    return (Math.floor(dueJiffies / shared) + 1) * shared * JIFFY_MS - nowMs;
  }
}
