import { duration } from "./simulate-units.ts";
import { TerminalLine, type TerminalLineOutput } from "./terminal-line.ts";

// How far a run is, on standard error: a bar on a terminal, and at the end the rate of events.
// Nothing of the bar stays behind.

const BAR_COLUMNS = 30;
const SHOW_EVERY_MS = 200;
/** A run that is over sooner says nothing while it lasts. */
const FIRST_SHOWN_MS = 1_000;

export class SimulationProgress {
  readonly #name: string;
  readonly #output: TerminalLineOutput;
  readonly #line: TerminalLine;
  readonly #now: () => number;
  readonly #startedAtMs: number;
  #shownAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    name: string,
    output: TerminalLineOutput,
    now: () => number = () => performance.now(),
  ) {
    this.#name = name;
    this.#output = output;
    this.#line = new TerminalLine(output);
    this.#now = now;
    this.#startedAtMs = now();
  }

  /** `progress`: 0 to 1. */
  show(progress: number, eventCount: number): void {
    const elapsedMs = this.#now() - this.#startedAtMs;
    if (!this.#line.isTerminal || elapsedMs < FIRST_SHOWN_MS) return;
    if (elapsedMs - this.#shownAtMs < SHOW_EVERY_MS) return;
    this.#shownAtMs = elapsedMs;
    const filled = Math.min(BAR_COLUMNS, Math.round(progress * BAR_COLUMNS));
    const bar = `${"#".repeat(filled)}${"-".repeat(BAR_COLUMNS - filled)}`;
    const restMs = progress > 0 ? (elapsedMs / progress) * (1 - progress) : 0;
    const percent = String(Math.floor(progress * 100)).padStart(3);
    const rate = `${this.#rate(eventCount, elapsedMs)} M events/min`;
    this.#line.show(`[${bar}] ${percent} %  ${rate}  ${duration(restMs)} left`);
  }

  /** Takes the bar away. */
  clear(): void {
    this.#line.clear();
  }

  end(eventCount: number): void {
    const elapsedMs = this.#now() - this.#startedAtMs;
    this.clear();
    const rate = this.#rate(eventCount, elapsedMs);
    const millions = (eventCount / 1_000_000).toFixed(1);
    this.#output.write(
      `${this.#name}: ${millions} million events in ${duration(elapsedMs)}, ` +
        `${rate} million a minute\n`,
    );
  }

  #rate(eventCount: number, elapsedMs: number): string {
    return ((eventCount / elapsedMs) * 0.06).toFixed(1);
  }
}
