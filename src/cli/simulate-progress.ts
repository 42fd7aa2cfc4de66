import { duration } from "./simulate-units.ts";

// How far a run is, on standard error: a bar on a terminal, and at the end the rate of events.
// Nothing of the bar stays behind.

const BAR_COLUMNS = 30;
const SHOW_EVERY_MS = 200;
/** A run that is over sooner says nothing while it lasts. */
const FIRST_SHOWN_MS = 1_000;

const CLEAR_LINE = "\r\x1b[K";

/** Standard error, or what stands for it. */
export interface ProgressOutput {
  /** Not there: no terminal. */
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export class SimulationProgress {
  readonly #name: string;
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  readonly #startedAtMs: number;
  #shownAtMs = Number.NEGATIVE_INFINITY;
  #isBarThere = false;

  constructor(name: string, output: ProgressOutput, now: () => number = () => performance.now()) {
    this.#name = name;
    this.#output = output;
    this.#now = now;
    this.#startedAtMs = now();
  }

  /** `progress`: 0 to 1. */
  show(progress: number, eventCount: number): void {
    const elapsedMs = this.#now() - this.#startedAtMs;
    const { isTTY, columns = 80 } = this.#output;
    if (isTTY !== true || elapsedMs < FIRST_SHOWN_MS) return;
    if (elapsedMs - this.#shownAtMs < SHOW_EVERY_MS) return;
    this.#shownAtMs = elapsedMs;
    const filled = Math.min(BAR_COLUMNS, Math.round(progress * BAR_COLUMNS));
    const bar = `${"#".repeat(filled)}${"-".repeat(BAR_COLUMNS - filled)}`;
    const restMs = progress > 0 ? (elapsedMs / progress) * (1 - progress) : 0;
    const percent = String(Math.floor(progress * 100)).padStart(3);
    const rate = `${this.#rate(eventCount, elapsedMs)} M events/min`;
    const line = `[${bar}] ${percent} %  ${rate}  ${duration(restMs)} left`;
    // A line that is broken could not be taken back.
    this.#output.write(CLEAR_LINE + line.slice(0, Math.max(0, columns - 1)));
    this.#isBarThere = true;
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#isBarThere) this.#output.write(CLEAR_LINE);
    this.#isBarThere = false;
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
