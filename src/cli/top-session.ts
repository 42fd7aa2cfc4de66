import { UsageError } from "./cli-error.ts";
import { endByHangUp } from "./terminal.ts";
import { FIRST_VIEW, splitKeys, type TopView, viewAfterKey } from "./top-keys.ts";
import type { TopFrame } from "./top-model.ts";
import type { TopSampler } from "./top-sampler.ts";
import { type ScreenLook, screenLines } from "./top-screen.ts";
import { type Streams, TopTerminal } from "./top-terminal.ts";

// `finwait top` on a terminal: looks, draws, and waits for the next look or a key.
//
// A key redraws what is known at once and never looks by itself, so that keys cost nothing.

export interface SessionOptions {
  readonly intervalMs: number;
  /** Looks until it ends by itself; Infinity: never. */
  readonly count: number;
  readonly look: ScreenLook;
}

/** What the shell says about a process that a signal ended. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Resolves with the exit code when the user leaves.
 *
 * @throws {UsageError} The table cannot be read (any more).
 */
export async function runSession(
  sampler: TopSampler,
  streams: Streams,
  options: SessionOptions,
): Promise<number> {
  const session = new TopSession(sampler, streams, options);
  try {
    return await session.run();
  } finally {
    session.end();
  }
}

class TopSession {
  readonly #sampler: TopSampler;
  readonly #streams: Streams;
  readonly #options: SessionOptions;
  readonly #terminal: TopTerminal;
  #view: TopView = FIRST_VIEW;
  #frame: TopFrame | null = null;
  /** `null`: it goes on. */
  #exitCode: number | null = null;
  #wake: () => void = () => {};
  readonly #onSigint = (): void => this.#leave(EXIT_CODES.SIGINT);
  readonly #onSigterm = (): void => this.#leave(EXIT_CODES.SIGTERM);
  readonly #onHangUp = (): void => {
    this.#terminal.leave();
    endByHangUp();
  };
  readonly #onResize = (): void => {
    this.#terminal.clear();
    this.#draw();
  };
  readonly #onOutputError = (): void => this.#leave(0);

  constructor(sampler: TopSampler, streams: Streams, options: SessionOptions) {
    this.#sampler = sampler;
    this.#streams = streams;
    this.#options = options;
    this.#terminal = new TopTerminal(streams);
  }

  async run(): Promise<number> {
    const { count, intervalMs } = this.#options;
    // The first look is before the screen changes: what it complains about stays readable.
    await this.#look();
    process.on("SIGINT", this.#onSigint);
    process.on("SIGTERM", this.#onSigterm);
    process.on("SIGHUP", this.#onHangUp);
    this.#streams.output.on("resize", this.#onResize);
    this.#streams.output.on("error", this.#onOutputError);
    this.#terminal.enter((text) => this.#receiveKeys(text));
    for (let looked = 1; ; looked++) {
      this.#draw();
      await this.#wait(intervalMs);
      while (this.#view.isPaused && this.#exitCode === null) await this.#wait(intervalMs);
      if (this.#exitCode !== null) return this.#exitCode;
      if (looked >= count) return 0;
      await this.#look();
      if (this.#exitCode !== null) return this.#exitCode;
    }
  }

  end(): void {
    process.off("SIGINT", this.#onSigint);
    process.off("SIGTERM", this.#onSigterm);
    process.off("SIGHUP", this.#onHangUp);
    this.#streams.output.off("resize", this.#onResize);
    this.#terminal.leave();
  }

  async #look(): Promise<void> {
    const result = await this.#sampler.sample();
    if (result.type === "failed") {
      throw new UsageError(`Cannot read the socket table: ${result.reason}`);
    }
    this.#frame = result.frame;
  }

  #draw(): void {
    if (this.#frame === null || this.#exitCode !== null) return;
    const { history } = this.#sampler;
    const { size } = this.#terminal;
    this.#terminal.draw(screenLines(this.#frame, history, this.#view, size, this.#options.look));
  }

  #receiveKeys(text: string): void {
    for (const key of splitKeys(text)) {
      const view = viewAfterKey(this.#view, key);
      if (view === null) {
        this.#leave(0);
        return;
      }
      const isEnded = this.#view.isPaused && !view.isPaused;
      this.#view = view;
      if (isEnded) this.#wake();
    }
    this.#draw();
  }

  #leave(exitCode: number): void {
    this.#exitCode ??= exitCode;
    this.#wake();
  }

  /** For so long, or until somebody wakes us. */
  async #wait(ms: number): Promise<void> {
    if (this.#exitCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
