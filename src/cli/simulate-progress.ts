import { duration } from "./simulate-units.ts";

// How far a run is, on standard error: a bar on a terminal, and at the end the rate of events.

const BAR_COLUMNS = 30;
const SHOW_EVERY_MS = 200;
/** A run that is over sooner says nothing while it lasts. */
const FIRST_SHOWN_MS = 1_000;

export class SimulationProgress {
  readonly #name: string;
  readonly #output: NodeJS.WriteStream;
  readonly #startedAtMs = performance.now();
  #shownAtMs = 0;

  constructor(name: string, output: NodeJS.WriteStream) {
    this.#name = name;
    this.#output = output;
  }

  /** `progress`: 0 to 1. */
  show(progress: number, eventCount: number): void {
    const elapsedMs = performance.now() - this.#startedAtMs;
    if (this.#output.isTTY !== true || elapsedMs < FIRST_SHOWN_MS) return;
    if (elapsedMs - this.#shownAtMs < SHOW_EVERY_MS) return;
    this.#shownAtMs = elapsedMs;
    const filled = Math.min(BAR_COLUMNS, Math.round(progress * BAR_COLUMNS));
    const bar = `${"#".repeat(filled)}${"-".repeat(BAR_COLUMNS - filled)}`;
    const restMs = progress > 0 ? (elapsedMs / progress) * (1 - progress) : 0;
    const percent = String(Math.floor(progress * 100)).padStart(3);
    const rate = `${this.#rate(eventCount, elapsedMs)} M events/min`;
    this.#output.write(`\r\x1b[K[${bar}] ${percent} %  ${rate}  ${duration(restMs)} left`);
  }

  end(eventCount: number): void {
    const elapsedMs = performance.now() - this.#startedAtMs;
    if (this.#output.isTTY === true) this.#output.write("\r\x1b[K");
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
