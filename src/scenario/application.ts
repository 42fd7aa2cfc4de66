import type { Exchange } from "../server/exchange.ts";
import { RequestBodyError } from "../server/request-body.ts";
import type { World } from "../simulation/world.ts";
import type { ScenarioApplication } from "./scenario.ts";

// What runs behind the server: it answers with as many bytes as the target says, takes its time for
// that, and refuses uploads without reading them, or reads them whole.

/** What a response is made of. */
const CONTENT = new Uint8Array(1_048_576);

export class Application {
  readonly #world: World;
  readonly #handlerMs: number;
  readonly #uploads: "refuse" | "accept";

  constructor(world: World, { handlerMs = 0, uploads = "refuse" }: ScenarioApplication = {}) {
    this.#world = world;
    this.#handlerMs = handlerMs;
    this.#uploads = uploads;
  }

  /** It works with promises: the world has to let them settle. */
  get awaits(): boolean {
    return this.#uploads === "accept";
  }

  handle(exchange: Exchange): void | Promise<void> {
    const isRefused = exchange.body.isPresent && this.#uploads === "refuse";
    if (exchange.body.isPresent && !isRefused) return this.#readAndAnswer(exchange);
    this.#answer(exchange, isRefused ? 413 : 200, () => {});
  }

  async #readAndAnswer(exchange: Exchange): Promise<void> {
    try {
      while ((await exchange.body.read()) !== null) {
        // Its content is of no use here.
      }
    } catch (error) {
      // The rest will not come, and the server has seen to it.
      if (error instanceof RequestBodyError) return;
      throw error;
    }
    await new Promise<void>((resolve) => this.#answer(exchange, 200, resolve));
  }

  #answer(exchange: Exchange, status: number, done: () => void): void {
    const respond = (): void => {
      // Otherwise the client has gone meanwhile, or the server has answered by itself.
      if (!exchange.isAborted && !exchange.isResponseStarted) {
        exchange.respond(status, [], CONTENT.subarray(0, Number(exchange.target.slice(1))));
      }
      done();
    };
    if (this.#handlerMs === 0) respond();
    else this.#world.after(this.#handlerMs, respond);
  }
}
