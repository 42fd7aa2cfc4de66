import { SOCKET_STATES, type SocketState } from "../observe/socket-line.ts";
import { type StateCounts, sumOf } from "../observe/socket-tally.ts";

// The last minutes of each state, for sparklines: the largest count of every three seconds.
//
// The largest and not the last, because a peak that a refresh saw is what somebody looks for.

/** 40 columns, which an 80-column terminal has room for, are two minutes. */
export const BUCKET_MS = 3_000;
/** Five minutes, in a terminal of 140 columns. */
export const BUCKET_LIMIT = 100;

export class StateHistory {
  readonly #counts = new Map<SocketState, number[]>(SOCKET_STATES.map((state) => [state, []]));
  #bucket: number | null = null;

  /** Takes the counts at `nowMs`, which never goes back. */
  add(states: StateCounts, nowMs: number): void {
    const bucket = Math.floor(nowMs / BUCKET_MS);
    // Nobody looked in between, as in a pause: there is nothing to show for that time.
    const missingCount = this.#bucket === null ? 1 : bucket - this.#bucket;
    this.#bucket = bucket;
    for (const [state, counts] of this.#counts) {
      for (let count = Math.min(missingCount, BUCKET_LIMIT); count > 0; count--) counts.push(0);
      counts.splice(0, counts.length - BUCKET_LIMIT);
      const last = counts.length - 1;
      counts[last] = Math.max(counts[last] ?? 0, sumOf(states[state]));
    }
  }

  /** The newest counts of several states together, oldest first, at most `limit`. */
  newest(states: readonly SocketState[], limit: number): readonly number[] {
    const all = states.map((state) => this.#counts.get(state)?.slice(-limit) ?? []);
    return (all[0] ?? []).map((_, index) =>
      all.reduce((sum, counts) => sum + (counts[index] ?? 0), 0),
    );
  }
}

const BLOCKS = "▁▂▃▄▅▆▇█";
const ASCII = ".:-=+*#@";

/** One character per count, the largest as high as it gets; nothing where nothing was. */
export function sparkline(counts: readonly number[], hasUnicode: boolean): string {
  const steps = hasUnicode ? BLOCKS : ASCII;
  const most = Math.max(...counts, 1);
  return counts
    .map((count) => (count === 0 ? " " : (steps[Math.ceil((count / most) * 8) - 1] ?? " ")))
    .join("");
}
