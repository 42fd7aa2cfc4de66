import { pointsOf } from "./simulate-plot.ts";
import type { Played } from "./simulate-text.ts";
import { duration, grouped, roundedUp } from "./simulate-units.ts";

// The time lines of scenarios as a picture: one panel each, with the same axes, so that they can be
// compared. Self-contained, for light and dark.

const WIDTH = 760;
const PANEL_HEIGHT = 260;
const LEFT = 70;
const RIGHT = 60;
const TOP = 58;
const BOTTOM = 44;
const PLOT_WIDTH = WIDTH - LEFT - RIGHT;
const PLOT_HEIGHT = PANEL_HEIGHT - TOP - BOTTOM;
const POINT_COUNT = 210;
const TICK_COUNT = 4;

const STYLE = `
  svg { --ink: #1c1c1c; --soft: #6b6b6b; --grid: #dddddd; --paper: #ffffff;
        --orphaned: #b3541e; --owned: #e0b13a; --memory: #2563a8; --crash: #c01c28; }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #ececec; --soft: #a0a0a0; --grid: #3a3a3a; --paper: #161616;
          --orphaned: #e08a52; --owned: #f0cf72; --memory: #7db4f0; --crash: #ff6b6b; }
  }
  text { font: 12px system-ui, sans-serif; fill: var(--soft); }
  .title { font-size: 15px; font-weight: 600; fill: var(--ink); }
  .paper { fill: var(--paper); }
  .grid { stroke: var(--grid); stroke-width: 1; }
  .orphaned { fill: var(--orphaned); } .owned { fill: var(--owned); }
  .memory { fill: none; stroke: var(--memory); stroke-width: 2; }
  .memory-text { fill: var(--memory); }
  .crash { stroke: var(--crash); stroke-width: 2; stroke-dasharray: 5 3; }
  .crash-text { fill: var(--crash); font-weight: 600; }
`;

/** What all panels share. */
interface Scale {
  readonly durationMs: number;
  readonly socketMost: number;
}

export function scenarioSvg(played: readonly Played[]): string {
  const totals = played.flatMap(({ result }) =>
    result.samples.map(({ finWait2Owned, finWait2Orphaned }) => finWait2Owned + finWait2Orphaned),
  );
  const most = totals.reduce((before, total) => Math.max(before, total), 0);
  const seconds = Math.max(...played.map(({ scenario }) => scenario.durationSeconds));
  const scale: Scale = { durationMs: seconds * 1_000, socketMost: roundedUp(most) };
  const height = PANEL_HEIGHT * played.length;
  const titles = played.map(({ scenario }) => scenario.title).join("; ");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
      `width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escaped(`Sockets in FIN-WAIT-2 and memory over time: ${titles}`)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    ...played.map(
      (each, index) =>
        `<g transform="translate(0 ${index * PANEL_HEIGHT})">\n${panel(each, scale)}\n</g>`,
    ),
    "</svg>\n",
  ].join("\n");
}

function panel({ scenario, result }: Played, { durationMs, socketMost }: Scale): string {
  const points = pointsOf(result.samples, durationMs, POINT_COUNT);
  const { memory, crashedAtMs } = result;
  const limitBytes = memory.limitBytes ?? roundedUp(memory.peakBytes);
  const x = (index: number): number => LEFT + ((index + 0.5) / POINT_COUNT) * PLOT_WIDTH;
  const y = (share: number): number => TOP + (1 - Math.min(1, share)) * PLOT_HEIGHT;
  const known = points.flatMap((point, index) => (point === null ? [] : [{ index, ...point }]));
  const line = (values: readonly (readonly [index: number, share: number])[]): string =>
    values.map(([index, share]) => `${round(x(index))},${round(y(share))}`).join(" ");
  const floor = known.map(({ index }) => [index, 0] as const);
  const orphaned = known.map((point) => [point.index, point.orphaned / socketMost] as const);
  const all = known.map((p) => [p.index, (p.orphaned + p.owned) / socketMost] as const);
  const used = known.map(({ index, usedBytes }) => [index, usedBytes / limitBytes] as const);
  return [
    text(LEFT, 22, scenario.title, 'class="title"'),
    legend(),
    ...ticks(durationMs, socketMost),
    `<polygon class="orphaned" points="${line(orphaned)} ${line([...floor].reverse())}"/>`,
    `<polygon class="owned" points="${line(all)} ${line([...orphaned].reverse())}"/>`,
    `<polyline class="memory" points="${line(used)}"/>`,
    ...(crashedAtMs === null ? [] : crash(crashedAtMs, durationMs)),
  ].join("\n");
}

function legend(): string {
  return [
    `<rect class="orphaned" x="${LEFT}" y="34" width="10" height="10"/>`,
    text(LEFT + 15, 43, "FIN-WAIT-2, orphaned"),
    `<rect class="owned" x="${LEFT + 165}" y="34" width="10" height="10"/>`,
    text(LEFT + 180, 43, "FIN-WAIT-2, owned by the server"),
    `<line class="memory" x1="${LEFT + 390}" x2="${LEFT + 410}" y1="39" y2="39"/>`,
    text(LEFT + 416, 43, "memory for connections"),
  ].join("\n");
}

function ticks(durationMs: number, socketMost: number): string[] {
  const bottom = TOP + PLOT_HEIGHT;
  const middleY = TOP + PLOT_HEIGHT / 2;
  const lines: string[] = [
    text(16, middleY, "sockets", `text-anchor="middle" transform="rotate(-90 16 ${middleY})"`),
    text(LEFT + PLOT_WIDTH / 2, PANEL_HEIGHT - 8, "time", 'text-anchor="middle"'),
  ];
  for (let index = 0; index <= TICK_COUNT; index += 1) {
    const share = index / TICK_COUNT;
    const x = LEFT + share * PLOT_WIDTH;
    const y = bottom - share * PLOT_HEIGHT;
    const sockets = grouped(Math.round(socketMost * share * 100) / 100);
    lines.push(
      `<line class="grid" x1="${LEFT}" x2="${LEFT + PLOT_WIDTH}" y1="${y}" y2="${y}"/>`,
      text(LEFT - 6, y + 4, sockets, 'text-anchor="end"'),
      text(LEFT + PLOT_WIDTH + 6, y + 4, `${share * 100} %`, 'class="memory-text"'),
      text(x, bottom + 18, duration(durationMs * share), 'text-anchor="middle"'),
    );
  }
  return lines;
}

function crash(crashedAtMs: number, durationMs: number): string[] {
  const x = round(LEFT + (crashedAtMs / durationMs) * PLOT_WIDTH);
  // Behind it nothing is drawn, so the words stand there if there is room.
  const isRight = x > WIDTH - RIGHT - 140;
  const anchor = isRight ? "end" : "start";
  const what = `crash after ${duration(crashedAtMs)}`;
  return [
    `<line class="crash" x1="${x}" x2="${x}" y1="${TOP}" y2="${TOP + PLOT_HEIGHT}"/>`,
    text(x + (isRight ? -6 : 6), TOP + 14, what, `class="crash-text" text-anchor="${anchor}"`),
  ];
}

function text(x: number, y: number, content: string, attributes = ""): string {
  const more = attributes === "" ? "" : ` ${attributes}`;
  return `<text x="${round(x)}" y="${round(y)}"${more}>${escaped(content)}</text>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

function escaped(content: string): string {
  return content.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
