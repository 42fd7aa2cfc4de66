import { SimulatedTimer, type World } from "./world.ts";

// SO_KEEPALIVE: asks a peer that has been silent for long whether it is there. RFC 1122 §4.2.3.6.

/** Times in milliseconds. */
export interface KeepAlive {
  readonly idleMs: number;
  readonly intervalMs: number;
  readonly probeCount: number;
}

export class KeepAliveProbes {
  readonly #options: KeepAlive;
  readonly #timer: SimulatedTimer;
  readonly #send: () => void;
  readonly #fail: () => void;
  #sentCount = 0;

  /** `send` asks the peer; `fail` is called when none of the probes was answered. */
  constructor(world: World, options: KeepAlive, send: () => void, fail: () => void) {
    this.#options = options;
    this.#send = send;
    this.#fail = fail;
    this.#timer = new SimulatedTimer(world, () => this.#probe());
    this.noteHeard();
  }

  noteHeard(): void {
    this.#sentCount = 0;
    this.#timer.arm(this.#options.idleMs);
  }

  stop(): void {
    this.#timer.cancel();
  }

  #probe(): void {
    if (this.#sentCount >= this.#options.probeCount) {
      this.#fail();
      return;
    }
    this.#sentCount += 1;
    this.#send();
    this.#timer.arm(this.#options.intervalMs);
  }
}
