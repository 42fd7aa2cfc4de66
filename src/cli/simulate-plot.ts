import type { ScenarioResult, ScenarioSample } from "../scenario/scenario-result.ts";
import { binarySize, duration, grouped, roundedUp } from "./simulate-units.ts";

// The time line of a scenario for a terminal: plain characters, 80 columns.

const LABEL_COLUMNS = 10;
const PLOT_COLUMNS = 68;
const SOCKET_ROWS = 10;
const MEMORY_ROWS = 5;
/** Below it every row of the plot of memory would be empty, or nearly. */
const LEAST_MEMORY_SHARE = 0.02;

/** The most of one stretch of time. */
export interface PlotPoint {
  readonly owned: number;
  readonly orphaned: number;
  readonly usedBytes: number;
}

/** The samples in `columnCount` stretches of `durationMs`; `null`: none, it was over before. */
export function pointsOf(
  samples: readonly ScenarioSample[],
  durationMs: number,
  columnCount: number,
): (PlotPoint | null)[] {
  const points: (PlotPoint | null)[] = new Array(columnCount).fill(null);
  for (const { atMs, finWait2Owned, finWait2Orphaned, usedBytes } of samples) {
    const index = Math.min(columnCount - 1, Math.floor((atMs / durationMs) * columnCount));
    const before = points[index] ?? { owned: 0, orphaned: 0, usedBytes: 0 };
    points[index] = {
      owned: Math.max(before.owned, finWait2Owned),
      orphaned: Math.max(before.orphaned, finWait2Orphaned),
      usedBytes: Math.max(before.usedBytes, usedBytes),
    };
  }
  const lastAtMs = samples.at(-1)?.atMs ?? 0;
  // Fewer samples than columns: each holds until the next.
  for (let index = 1; index < columnCount; index += 1) {
    if ((index / columnCount) * durationMs <= lastAtMs) points[index] ??= points[index - 1] ?? null;
  }
  return points;
}

/** What fills a column, from below: so many of each character. */
type Bar = readonly (readonly [value: number, character: string])[];

/** Both plots, one below the other. */
export function plotLines(result: ScenarioResult, durationMs: number): string[] {
  const points = pointsOf(result.samples, durationMs, PLOT_COLUMNS);
  const { crashedAtMs, memory } = result;
  const most = Math.max(...points.map((point) => (point?.owned ?? 0) + (point?.orphaned ?? 0)));
  const socketMost = roundedUp(most);
  const crashIndex =
    crashedAtMs === null
      ? null
      : Math.min(PLOT_COLUMNS - 1, Math.floor((crashedAtMs / durationMs) * PLOT_COLUMNS));
  const sockets = points.map(
    (point): Bar => [
      [(point?.orphaned ?? 0) / socketMost, "#"],
      [(point?.owned ?? 0) / socketMost, "+"],
    ],
  );
  return [
    "sockets in FIN-WAIT-2: # orphaned, + owned by the server",
    ...rows(sockets, SOCKET_ROWS, grouped(socketMost), crashIndex),
    axis(durationMs),
    "",
    ...memoryLines(points, memory, durationMs, crashIndex),
  ];
}

function memoryLines(
  points: readonly (PlotPoint | null)[],
  { limitBytes, peakBytes }: ScenarioResult["memory"],
  durationMs: number,
  crashIndex: number | null,
): string[] {
  const title = "memory of the kernel for connections";
  const topBytes = limitBytes ?? roundedUp(peakBytes);
  if (peakBytes / topBytes < LEAST_MEMORY_SHARE) {
    const percent = Number(((peakBytes / topBytes) * 100).toPrecision(1));
    return [`${title}: peak ${percent} % of ${binarySize(topBytes)}`];
  }
  const used = points.map((point): Bar => [[(point?.usedBytes ?? 0) / topBytes, "#"]]);
  const ofWhat = limitBytes === null ? `${grouped(topBytes)} bytes` : "the limit";
  return [
    `${title}, in percent of ${ofWhat}`,
    ...rows(used, MEMORY_ROWS, "100 %", crashIndex),
    axis(durationMs),
  ];
}

function rows(
  bars: readonly Bar[],
  rowCount: number,
  top: string,
  crashIndex: number | null,
): string[] {
  return Array.from({ length: rowCount }, (_, fromTop) => {
    const level = (rowCount - fromTop - 0.5) / rowCount;
    const characters = bars.map((bar, index) =>
      index === crashIndex ? "X" : characterAt(bar, level),
    );
    const label = fromTop === 0 ? top : "";
    return `${label.padStart(LABEL_COLUMNS)} |${characters.join("")}`.trimEnd();
  });
}

function characterAt(bar: Bar, level: number): string {
  let height = 0;
  for (const [value, character] of bar) {
    height += value;
    if (height >= level) return character;
  }
  return " ";
}

function axis(durationMs: number): string {
  const end = duration(durationMs);
  const middle = duration(durationMs / 2);
  const half = Math.floor(PLOT_COLUMNS / 2);
  const left = `0 s${middle.padStart(half - 3 + Math.floor(middle.length / 2))}`;
  const line = `${"0".padStart(LABEL_COLUMNS)} +${"-".repeat(PLOT_COLUMNS)}`;
  const labels = left + end.padStart(PLOT_COLUMNS - left.length);
  return `${line}\n${" ".repeat(LABEL_COLUMNS + 2)}${labels}`;
}
