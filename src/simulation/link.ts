import type { World } from "./world.ts";

// One direction of the way between a host and everybody else.

export interface LinkOptions {
  /** @default 0 */
  readonly delayMs?: number;
  /** @default Infinity */
  readonly bytesPerSecond?: number;
  /** How much may wait for the link, in bytes; what comes on top is lost. @default 262_144 */
  readonly queueLimitBytes?: number;
  /** 0 to 1. @default 0 */
  readonly lossRate?: number;
  /** 0 to 1. @default 0 */
  readonly duplicationRate?: number;
  /** 0 to 1: so many arrive late by up to `reorderingMs`. @default 0 */
  readonly reorderingRate?: number;
  /** @default 50 */
  readonly reorderingMs?: number;
}

export class Link {
  readonly #world: World;
  readonly #options: Required<LinkOptions>;
  #isCut = false;
  #busyUntilMs = 0;

  constructor(world: World, options: LinkOptions = {}) {
    this.#world = world;
    this.#options = {
      delayMs: 0,
      bytesPerSecond: Number.POSITIVE_INFINITY,
      queueLimitBytes: 262_144,
      lossRate: 0,
      duplicationRate: 0,
      reorderingRate: 0,
      reorderingMs: 50,
      ...options,
    };
  }

  /** From here on everything is lost, and nobody is told. */
  cut(): void {
    this.#isCut = true;
  }

  /** Takes `byteLength` bytes; `deliver` is called when they arrive, or twice. False: never. */
  send(byteLength: number, deliver: () => void): boolean {
    const { random, nowMs } = this.#world;
    const { delayMs, bytesPerSecond, queueLimitBytes } = this.#options;
    const waitMs = Math.max(0, this.#busyUntilMs - nowMs);
    const isFull = (waitMs * bytesPerSecond) / 1_000 > queueLimitBytes;
    // Drawn in any case, so that a cut changes nothing about what comes later.
    const isLost = random.chance(this.#options.lossRate);
    const isTwice = random.chance(this.#options.duplicationRate);
    const isLate = random.chance(this.#options.reorderingRate);
    const lateMs = isLate ? random.fraction() * this.#options.reorderingMs : 0;
    if (this.#isCut || isFull) return false;
    const sendMs = (byteLength * 1_000) / bytesPerSecond;
    this.#busyUntilMs = nowMs + waitMs + sendMs;
    if (isLost) return false;
    const arriveMs = waitMs + sendMs + delayMs + lateMs;
    this.#world.after(arriveMs, deliver);
    if (isTwice) this.#world.after(arriveMs, deliver);
    return true;
  }
}
