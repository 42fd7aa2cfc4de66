import type { ReadStream, WriteStream } from "node:tty";

// The terminal while `finwait top` has it: another screen, no cursor, keys as they are pressed.
//
// Whatever ends the process but SIGKILL, the terminal is given back as it was.

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR = "\x1b[2J";
/** To the end of the line, and of the screen: rewriting in place does not flicker. */
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

export interface Streams {
  readonly input: ReadStream;
  readonly output: WriteStream;
}

export class TopTerminal {
  readonly #streams: Streams;
  readonly #restore = (): void => this.leave();
  #isEntered = false;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  get size(): { width: number; height: number } {
    const { columns = 80, rows = 24 } = this.#streams.output;
    return { width: columns, height: rows };
  }

  enter(onKeys: (text: string) => void): void {
    const { input, output } = this.#streams;
    // An exception that nobody catches runs these listeners before its stack is printed.
    process.once("exit", this.#restore);
    output.write(ENTER);
    this.#isEntered = true;
    if (!input.isTTY) return;
    input.setRawMode(true);
    input.setEncoding("utf8");
    input.on("data", onKeys);
    // Whoever closes the terminal sends SIGHUP as well, which ends us.
    input.on("error", () => {});
  }

  draw(lines: readonly string[]): void {
    const text = lines.map((line) => line + CLEAR_LINE).join("\r\n");
    this.#streams.output.write(HOME + text + CLEAR_BELOW);
  }

  /** After a change of the size, nothing on the screen is where it was. */
  clear(): void {
    this.#streams.output.write(CLEAR);
  }

  /** Idempotent. */
  leave(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    process.off("exit", this.#restore);
    const { input, output } = this.#streams;
    output.write(LEAVE);
    if (!input.isTTY) return;
    input.setRawMode(false);
    input.pause();
  }
}
