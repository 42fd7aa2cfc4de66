import { setMaxListeners } from "node:events";

// Ctrl-C and SIGTERM while the probe runs: the run ends, and what it found is printed. Before there
// is anything to print, and the second time, the process ends at once.

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

export class ProbeInterrupt {
  /** There is something to print. */
  hasResults = false;
  /** Called before the process ends without a report: the line of the progress goes. */
  onExit: () => void = () => {};
  readonly #controller = new AbortController();
  #exitCode: number | null = null;

  constructor() {
    // Every patient case listens.
    setMaxListeners(0, this.#controller.signal);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => this.#handle(EXIT_CODES[signal]));
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** `null`: there was no such signal. */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  #handle(exitCode: number): void {
    if (this.hasResults && this.#exitCode === null) {
      this.#exitCode = exitCode;
      this.#controller.abort();
      return;
    }
    this.onExit();
    process.exit(exitCode);
  }
}
