import type { SimulatedEvent } from "./event-queue.ts";
import type { World } from "./world.ts";

// Whoever has a simulated socket, and what that hears from it.

export type EndpointError = "ECONNREFUSED" | "ECONNRESET" | "EPIPE" | "ETIMEDOUT";

/** The application that has the socket. */
export interface EndpointUser {
  /** Something has changed: connected, more to read, room to write, the end, an error. */
  handleReady(): void;
}

/** Wakes somebody in a turn of its own, once for all that happened until then. */
export class WakeUp implements SimulatedEvent {
  readonly #world: World;
  readonly #wake: () => void;
  #isPlanned = false;

  constructor(world: World, wake: () => void) {
    this.#world = world;
    this.#wake = wake;
  }

  plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#world.plan(0, this);
  }

  happen(): void {
    this.#isPlanned = false;
    this.#wake();
  }
}
