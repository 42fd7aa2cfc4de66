import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { ShutdownOptions } from "../teardown/shutdown.ts";
import { attachedTo } from "./attachment.ts";

// SIGTERM for a program that does not listen to it: its servers are shut down, and then the signal
// does what it would have done at once.
//
// Programs and packages that listen themselves decide by counting who listens, so this handler is
// there only for as long as it is alone.

const SIGNAL = "SIGTERM";
/** What shells report of a program that SIGTERM has ended. */
const EXIT_STATUS = 143;

/** The types of `process` know only some of what an emitter can do. */
const emitter: NodeJS.EventEmitter = process;

export class TerminationHandler {
  readonly #options: ShutdownOptions;
  /** Those that listen, or are about to. */
  readonly #servers = new Set<HttpServer | HttpsServer>();
  #isInstalled = false;

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  /** `server` is shut down with the signal, if it listens then. */
  watch(server: HttpServer | HttpsServer): void {
    if (!this.#servers.has(server)) {
      this.#servers.add(server);
      server.once("close", () => this.#servers.delete(server));
    }
    this.#install();
  }

  #install(): void {
    if (this.#isInstalled || process.listenerCount(SIGNAL) > 0) return;
    this.#isInstalled = true;
    process.on(SIGNAL, this.#handleSignal);
    // In front of Node's own, which begins to watch for the signal only where nobody listens yet.
    emitter.prependListener("newListener", this.#handleNewListener);
  }

  #remove(): void {
    this.#isInstalled = false;
    emitter.off("newListener", this.#handleNewListener);
    process.off(SIGNAL, this.#handleSignal);
  }

  readonly #handleNewListener = (name: string | symbol): void => {
    if (name === SIGNAL) this.#remove();
  };

  readonly #handleSignal = (): void => {
    // A second signal ends the process at once.
    this.#remove();
    const shutdowns = [...this.#servers]
      .filter((server) => server.listening)
      .map((server) => attachedTo(server)?.shutdown(this.#options));
    void Promise.allSettled(shutdowns).then(() => {
      process.kill(process.pid, SIGNAL);
      // Of the first process of a container no signal takes its effect.
      process.exit(EXIT_STATUS);
    });
  };
}
