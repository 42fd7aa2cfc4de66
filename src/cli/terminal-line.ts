// One line of a terminal that is written again and again, and leaves nothing behind.

const CLEAR_LINE = "\r\x1b[K";

/** Standard error, or what stands for it. */
export interface TerminalLineOutput {
  /** Not there: no terminal. */
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export class TerminalLine {
  readonly #output: TerminalLineOutput;
  #isThere = false;

  constructor(output: TerminalLineOutput) {
    this.#output = output;
  }

  get isTerminal(): boolean {
    return this.#output.isTTY === true;
  }

  /** Columns that a line may have: one that is broken could not be taken back. */
  get columns(): number {
    return Math.max(0, (this.#output.columns ?? 80) - 1);
  }

  /** In place of what stood there. Elsewhere than on a terminal it does nothing. */
  show(text: string): void {
    if (!this.isTerminal) return;
    this.#output.write(CLEAR_LINE + text.slice(0, this.columns));
    this.#isThere = true;
  }

  clear(): void {
    if (this.#isThere) this.#output.write(CLEAR_LINE);
    this.#isThere = false;
  }
}
