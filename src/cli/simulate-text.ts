import type { Scenario } from "../scenario/scenario.ts";
import type { ScenarioResult } from "../scenario/scenario-result.ts";
import { answerLine } from "./simulate-answer.ts";
import { plotLines } from "./simulate-plot.ts";
import { duration, grouped } from "./simulate-units.ts";
import { cell, labelledText, TEXT_COLUMNS, wrapText } from "./text-layout.ts";

// What `finwait simulate` prints: one scenario with its time line, or several side by side.

/** A scenario that was played. */
export interface Played {
  readonly name: string;
  readonly scenario: Scenario;
  readonly result: ScenarioResult;
}

const NAME_COLUMNS = 24;
const LEAST_COLUMNS = 12;
const COLUMN_GAP = "  ";

type Row = readonly [name: string, value: (result: ScenarioResult) => string];

const ROWS: readonly Row[] = [
  ["visitors", ({ visitorCount }) => grouped(visitorCount)],
  ["connections accepted", ({ acceptedCount }) => grouped(acceptedCount)],
  ["connections refused", ({ refusedCount }) => grouped(refusedCount)],
  ["requests", ({ requests }) => grouped(requests.requestCount)],
  ["  delivered", ({ requests }) => grouped(requests.deliveredCount)],
  ["  lost", ({ requests }) => grouped(requests.lostCount)],
  ["  no connection", ({ requests }) => grouped(requests.unreachedCount)],
  ["  client gone", ({ requests }) => grouped(requests.abandonedCount)],
  ["  under way at the end", ({ requests }) => grouped(requests.pendingCount)],
  ["clients that saw RST", ({ requests }) => grouped(requests.resetCount)],
  ["memory, peak bytes", ({ memory }) => grouped(memory.peakBytes)],
  ["memory, mean bytes", ({ memory }) => grouped(memory.meanBytes)],
  [
    "memory, limit",
    ({ memory }) => (memory.limitBytes === null ? "none" : grouped(memory.limitBytes)),
  ],
  [
    "crashed after",
    ({ crashedAtMs }) => (crashedAtMs === null ? "no crash" : duration(crashedAtMs)),
  ],
];

const FIN_WAIT_2_ROW: Row = [
  "FIN-WAIT-2, peak",
  ({ sockets }) => grouped(sockets.find(({ state }) => state === "fin-wait-2")?.peak ?? 0),
];

/** What the words of the tables mean that do not say it themselves. */
const LEGEND: readonly string[] = [
  "lost: the request was sent, and the response never came, or not the whole of it;",
  "client gone: before the response; abandoned: the server let its socket go before",
  "the client's FIN, and the system did the rest",
];

/** One scenario: its answer, figures, sockets per state, endings, time line. */
export function scenarioText({ scenario, result }: Played): string {
  const durationMs = scenario.durationSeconds * 1_000;
  const lines = [
    scenario.title,
    ...wrapText(scenario.question, 0),
    "",
    ...wrapText(answerLine(result), 0),
    "",
    `${duration(result.playedMs)} of ${duration(durationMs)}, seed ${result.seed}, ` +
      `system ${scenario.server.system}`,
    "",
    ...ROWS.map(([name, value]) => `${name.padEnd(NAME_COLUMNS)}${value(result).padStart(14)}`),
    "",
    `${"sockets by state".padEnd(NAME_COLUMNS)}${"peak".padStart(14)}${"mean".padStart(14)}`,
    ...result.sockets.map(
      ({ state, peak, mean }) =>
        `  ${state.padEnd(NAME_COLUMNS - 2)}${grouped(peak).padStart(14)}` +
        `${grouped(mean).padStart(14)}`,
    ),
    "",
    "how the server's connections ended",
    ...Object.entries(result.endings).map(
      ([outcome, count]) => `  ${outcome.padEnd(NAME_COLUMNS - 2)}${grouped(count).padStart(14)}`,
    ),
    `  ${"still open".padEnd(NAME_COLUMNS - 2)}${grouped(result.openCount).padStart(14)}`,
    "",
    ...LEGEND,
    "",
    ...plotLines(result, durationMs),
  ];
  return `${lines.join("\n")}\n`;
}

/** Several: a column each, in blocks that fit the width. */
export function comparisonText(played: readonly Played[]): string {
  const blocks: Played[][] = [];
  let leftColumns = 0;
  for (const each of played) {
    const columns = columnsOf(each) + COLUMN_GAP.length;
    const block = blocks.at(-1);
    if (block === undefined || columns > leftColumns) {
      blocks.push([each]);
      leftColumns = TEXT_COLUMNS - NAME_COLUMNS - columns;
    } else {
      block.push(each);
      leftColumns -= columns;
    }
  }
  const titles = played.flatMap(({ name, scenario }) =>
    labelledText(`${name}:`, scenario.title, 0),
  );
  return `${blocks.map(comparisonBlock).join("\n")}\n${titles.join("\n")}\n`;
}

function comparisonBlock(played: readonly Played[]): string {
  const line = (name: string, shown: (each: Played) => string): string =>
    [cell(name, NAME_COLUMNS), ...played.map((each) => shown(each).padStart(columnsOf(each)))].join(
      COLUMN_GAP,
    );
  const lines = [
    line("", ({ name }) => name),
    ...[...ROWS, FIN_WAIT_2_ROW].map(([name, value]) => line(name, ({ result }) => value(result))),
  ];
  return `${lines.join("\n")}\n`;
}

const columnsOf = ({ name }: Played): number => Math.max(LEAST_COLUMNS, name.length);

/** What can be played, and what a scenario of one's own may name. */
export interface Repertoire {
  readonly scenarios: readonly (readonly [string, Scenario])[];
  readonly clients: readonly string[];
  readonly systems: readonly string[];
}

/** The shipped scenarios, each with its question, and the ids for others. */
export function repertoireText({ scenarios, clients, systems }: Repertoire): string {
  const lines = [
    ...scenarios.flatMap(([name, { title, question }]) => [
      `${name}: ${title}`,
      ...wrapText(question, 2),
      "",
    ]),
    "For scenarios of your own:",
    ...labelledText("clients:", clients.join(", "), 2),
    ...labelledText("systems:", systems.join(", "), 2),
    "",
    "Usage: finwait simulate <name, or a JSON file> [options]; see --help",
  ];
  return `${lines.join("\n")}\n`;
}
