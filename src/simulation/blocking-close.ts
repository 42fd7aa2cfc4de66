import { SimulatedTimer, type World } from "./world.ts";

// close() with SO_LINGER of N seconds: whoever calls it waits until everything is acknowledged, FIN
// too, or until the time is over. The connection goes on afterwards as behind any close().
//
// Linux (tcp_close, sk_stream_wait_close) waits for a non-blocking socket, too; 4.4BSD (soclose)
// does not. Neither sends RST when the time is over.

export class BlockingClose {
  readonly #world: World;
  readonly #timer: SimulatedTimer;
  readonly #onReturn: () => void;

  /** `onTimeout`: the time is over. `onReturn`: close() returns, in a turn of its own. */
  constructor(world: World, timeoutMs: number, onTimeout: () => void, onReturn: () => void) {
    this.#world = world;
    this.#onReturn = onReturn;
    this.#timer = new SimulatedTimer(world, onTimeout);
    this.#timer.arm(timeoutMs);
  }

  end(): void {
    this.#timer.cancel();
    this.#world.soon(this.#onReturn);
  }
}
