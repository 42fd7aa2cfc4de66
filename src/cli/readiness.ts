import type { Handler } from "../server/exchange.ts";
import type { FinwaitServer } from "../server/serve-options.ts";

// The answer to readiness probes: a load balancer looks elsewhere before connections are refused.

const FIELDS = [
  ["Content-Type", "text/plain; charset=utf-8"],
  ["Cache-Control", "no-store"],
] as const;

export class Readiness {
  readonly #target: string;
  #server: FinwaitServer | null = null;

  /** `target` is the request target of the probes; `""`: there are none. */
  constructor(target: string) {
    this.#target = target;
  }

  /** From now on it is this server whose readiness is told. */
  watch(server: FinwaitServer): void {
    this.#server = server;
  }

  /** `handler`, but for the probes. */
  handlerOver(handler: Handler): Handler {
    if (this.#target === "") return handler;
    return (exchange) => {
      if (exchange.target !== this.#target) return handler(exchange);
      const isReady = this.#server?.phase === "serving";
      exchange.respond(isReady ? 200 : 503, FIELDS, isReady ? "ready\n" : "shutting down\n");
    };
  }
}
