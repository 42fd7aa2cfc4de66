import type { Clock } from "../base/clock.ts";
import { EventQueue, type SimulatedEvent } from "./event-queue.ts";
import { Random } from "./random.ts";

// Virtual time. Everything in a world happens in one queue and draws from one generator, so a seed
// says all of it.

/** 1996-01-01, when the page was being written. */
const FIRST_DAY_MS = 820_454_400_000;

/** As many promises in a row as a handler awaits between two events. */
const SETTLING_TURNS = 6;

export class World {
  readonly random: Random;
  readonly #queue = new EventQueue();
  #nowMs = 0;
  #eventCount = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  get nowMs(): number {
    return this.#nowMs;
  }
  /** Events that have happened. */
  get eventCount(): number {
    return this.#eventCount;
  }
  /** When the next of them is planned, Infinity: none is. */
  get nextAtMs(): number {
    return this.#queue.nextAtMs;
  }
  get isQuiet(): boolean {
    return this.#queue.size === 0;
  }

  plan(delayMs: number, event: SimulatedEvent): void {
    this.#queue.add(this.#nowMs + Math.max(0, delayMs), event);
  }

  after(delayMs: number, happen: () => void): void {
    this.plan(delayMs, { happen });
  }

  /** Behind everything that is planned for this moment, as a runtime's next turn. */
  soon(happen: () => void): void {
    this.plan(0, { happen });
  }

  /** Lets time pass until `atMs`, or until nothing is planned or `eventLimit` events are over. */
  runUntil(atMs: number, eventLimit: number = Number.POSITIVE_INFINITY): void {
    const lastCount = this.#eventCount + eventLimit;
    while (this.#queue.nextAtMs <= atMs && this.#eventCount < lastCount) this.#step();
    if (Number.isFinite(atMs) && this.#queue.nextAtMs > atMs) this.#nowMs = atMs;
  }

  /** As `runUntil`, for programs that await: behind each event their promises settle. */
  async liveUntil(atMs: number, eventLimit: number = Number.POSITIVE_INFINITY): Promise<void> {
    const lastCount = this.#eventCount + eventLimit;
    while (this.#queue.nextAtMs <= atMs && this.#eventCount < lastCount) {
      this.#step();
      for (let turn = 0; turn < SETTLING_TURNS; turn += 1) await undefined;
    }
    if (Number.isFinite(atMs) && this.#queue.nextAtMs > atMs) this.#nowMs = atMs;
  }

  /**
   * Lets time pass until nothing is planned.
   *
   * @throws {RangeError} That did not come within `eventLimit` events.
   */
  runUntilQuiet(eventLimit = 10_000_000): void {
    const lastCount = this.#eventCount + eventLimit;
    while (!this.isQuiet) {
      if (this.#eventCount >= lastCount) {
        throw new RangeError(`Cannot find an end: ${eventLimit} events, and more are planned`);
      }
      this.#step();
    }
  }

  #step(): void {
    this.#nowMs = Math.max(this.#nowMs, this.#queue.nextAtMs);
    this.#eventCount += 1;
    this.#queue.take()?.happen();
  }
}

/**
 * A time-out that is set again and again. It keeps one event in the queue, and plans the next one
 * only when that comes too early.
 */
export class SimulatedTimer implements SimulatedEvent {
  readonly #world: World;
  readonly #expire: () => void;
  #dueAtMs: number | null = null;
  #plannedAtMs: number | null = null;

  constructor(world: World, expire: () => void) {
    this.#world = world;
    this.#expire = expire;
  }

  get isArmed(): boolean {
    return this.#dueAtMs !== null;
  }

  arm(delayMs: number): void {
    // For ever is no time at all.
    if (delayMs === Number.POSITIVE_INFINITY) {
      this.cancel();
      return;
    }
    this.#dueAtMs = this.#world.nowMs + delayMs;
    if (this.#plannedAtMs === null || this.#dueAtMs < this.#plannedAtMs) this.#plan(delayMs);
  }

  cancel(): void {
    this.#dueAtMs = null;
  }

  happen(): void {
    const { nowMs } = this.#world;
    // An earlier plan has replaced this one.
    if (this.#plannedAtMs !== nowMs) return;
    this.#plannedAtMs = null;
    if (this.#dueAtMs === null) return;
    if (this.#dueAtMs > nowMs) {
      this.#plan(this.#dueAtMs - nowMs);
      return;
    }
    this.#dueAtMs = null;
    this.#expire();
  }

  #plan(delayMs: number): void {
    this.#plannedAtMs = this.#world.nowMs + delayMs;
    this.#world.plan(delayMs, this);
  }
}

/** The clock port over virtual time. */
export class SimulatedClock implements Clock {
  readonly #world: World;
  readonly #timer: SimulatedTimer;
  #callback: (() => void) | null = null;

  constructor(world: World) {
    this.#world = world;
    this.#timer = new SimulatedTimer(world, () => this.#callback?.());
  }

  now(): number {
    return this.#world.nowMs;
  }

  wallNow(): number {
    return FIRST_DAY_MS + this.#world.nowMs;
  }

  wakeAt(atMs: number | null, callback: () => void): void {
    this.#callback = callback;
    if (atMs === null) this.#timer.cancel();
    else this.#timer.arm(Math.max(0, atMs - this.#world.nowMs));
  }
}
