import type { ProbeCase } from "../probe/probe-case.ts";
import { duration } from "./simulate-units.ts";
import { TerminalLine, type TerminalLineOutput } from "./terminal-line.ts";

// How far a run of the probe is, on standard error, and who is waited for.

const BAR_COLUMNS = 10;
const SHOW_EVERY_MS = 250;

export interface ProbeProgressOptions {
  readonly cases: readonly Pick<ProbeCase, "id" | "isPatient">[];
  /** The run is over by then. Milliseconds. */
  readonly durationLimitMs: number;
  readonly output: TerminalLineOutput;
  readonly now?: () => number;
}

export class ProbeProgress {
  readonly #line: TerminalLine;
  readonly #total: number;
  readonly #endsAtMs: number;
  readonly #now: () => number;
  /** Ids of patient cases that are not over. */
  readonly #waiting: Set<string>;
  #timer: NodeJS.Timeout | undefined;
  #doneCount = 0;
  #isLooking = true;

  constructor({
    cases,
    durationLimitMs,
    output,
    now = () => performance.now(),
  }: ProbeProgressOptions) {
    this.#line = new TerminalLine(output);
    this.#total = cases.length;
    this.#now = now;
    this.#endsAtMs = now() + durationLimitMs;
    this.#waiting = new Set(
      cases.filter(({ isPatient }) => isPatient === true).map(({ id }) => id),
    );
  }

  /** Shows itself from now on. */
  start(): void {
    if (!this.#line.isTerminal) return;
    this.#line.show(this.text);
    this.#timer = setInterval(() => this.#line.show(this.text), SHOW_EVERY_MS);
    this.#timer.unref();
  }

  /** The cases begin. */
  handleFacts(): void {
    this.#isLooking = false;
  }

  handleResult(id: string): void {
    this.#doneCount += 1;
    this.#waiting.delete(id);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#line.clear();
  }

  /** The line as it is now. */
  get text(): string {
    const left = `at most ${duration(this.#leftMs)} left`;
    if (this.#isLooking) return `looking around on the server, ${left}`;
    const done = `${this.#doneCount} of ${this.#total}, ${left}`;
    // A bar that will not move for a while makes room for the names.
    const isWaiting =
      this.#waiting.size > 0 && this.#doneCount + this.#waiting.size === this.#total;
    const start = isWaiting ? done : `[${this.#bar}] ${done}`;
    return `${start}${this.#waitingText(this.#line.columns - start.length)}`;
  }

  get #bar(): string {
    const filled = Math.round((this.#doneCount / Math.max(1, this.#total)) * BAR_COLUMNS);
    return `${"#".repeat(filled)}${"-".repeat(BAR_COLUMNS - filled)}`;
  }

  get #leftMs(): number {
    return Math.max(0, Math.round((this.#endsAtMs - this.#now()) / 1_000) * 1_000);
  }

  /** As many names as there is room for. */
  #waitingText(room: number): string {
    const ids = [...this.#waiting];
    for (let shown = ids.length; shown > 0; shown -= 1) {
      const more = ids.length - shown;
      const names = ids.slice(0, shown).join(", ");
      const text = `; waiting: ${names}${more === 0 ? "" : ` and ${more} more`}`;
      if (text.length <= room) return text;
    }
    const text = `; ${ids.length} waiting`;
    return ids.length > 0 && text.length <= room ? text : "";
  }
}
