import { OWNERSHIPS, type Ownership, type SocketState } from "../observe/socket-line.ts";
import { HELD_STATES, type OwnershipCounts } from "../observe/socket-tally.ts";
import type { EndingRates, NamedRate } from "./top-endings.ts";
import { type StateHistory, sparkline } from "./top-history.ts";
import type { SortColumn, TopView } from "./top-keys.ts";
import type { TopFrame, TopGroup } from "./top-model.ts";
import { ageText, cell, ownerText, printable, rateText, sizeText } from "./top-text.ts";

// A frame of `finwait top` as the lines of a screen. Pure: no terminal, no clock, no process.
//
// Every line fits the width; what does not fit the height is said at the end of its part.

export interface ScreenSize {
  readonly width: number;
  readonly height: number;
}

export interface ScreenLook {
  /** What the title says besides the time: the filter options, the interval. */
  readonly title: string;
  readonly hasColor: boolean;
  readonly hasUnicode: boolean;
}

interface StateRow {
  readonly label: string;
  readonly states: readonly SocketState[];
}

const STATE_ROWS: readonly StateRow[] = [
  { label: "LISTEN", states: ["listen"] },
  { label: "OPENING", states: ["syn-sent", "syn-received"] },
  ...(
    [
      "established",
      "fin-wait-1",
      "fin-wait-2",
      "closing",
      "time-wait",
      "close-wait",
      "last-ack",
    ] as const
  ).map((state) => ({ label: state.toUpperCase(), states: [state] })),
];
const COUNT_COLUMNS: readonly (readonly [string, Ownership])[] = [
  ["OWNED", "owned"],
  ["ORPHAN", "orphaned"],
  ["ACCEPT", "accept-queue"],
  ["UNKNOWN", "unknown"],
];
const COUNT_WIDTH = 8;
/** Whole IPv6 addresses. */
const PLAIN_WIDTH = 100;
const STATE_WIDTH = 14;

const BOLD = "\x1b[1m";
const INVERSE = "\x1b[7m";
const YELLOW = "\x1b[33m";
const RESET = "\x1b[0m";

/** The lines for a terminal: exactly `height`, none longer than `width` without its colors. */
export function screenLines(
  frame: TopFrame,
  history: StateHistory,
  view: TopView,
  size: ScreenSize,
  look: ScreenLook,
): readonly string[] {
  const { width, height } = size;
  const style = (codes: string, line: string): string =>
    look.hasColor ? `${codes}${line}${RESET}` : line;
  const title = style(INVERSE, cell(titleText(frame, view, look, width), width));
  const footer = style(BOLD, cell(footerText(view), width));
  if (view.isHelpShown) return fitHeight([title, "", ...HELP], footer, size);
  const head = [
    title,
    ...stateLines(frame, history, width, look.hasUnicode).map((line, index) => {
      if (index === 0) return style(BOLD, line);
      return isHeldRow(index, frame) ? style(YELLOW, line) : line;
    }),
    "",
  ];
  const notes = noteLines(frame, width);
  const roomCount = Math.max(0, height - head.length - notes.length - 2);
  const groups = shownGroups(frame.groups, view);
  const groupHead = style(BOLD, groupHeadLine(view, width));
  const body = groupLines(groups, roomCount, width);
  const blank = new Array<string>(Math.max(0, roomCount - body.length)).fill("");
  return fitHeight([...head, groupHead, ...body, ...blank, ...notes], footer, size);
}

/** For a file or a pipe: the same tables without a screen's limits. */
export function plainText(
  frame: TopFrame,
  view: TopView,
  title: string,
  width: number = PLAIN_WIDTH,
): string {
  const groups = shownGroups(frame.groups, view);
  const heading = `finwait top  ${title}  ${frame.socketCount} sockets by ${frame.source}`;
  const table = stateLines(frame, null, width, false);
  const body = groups.map((group) => groupLine(group, width));
  const notes = noteLines(frame, Number.POSITIVE_INFINITY);
  const lines = [heading, "", ...table, "", groupHeadLine(view, width), ...body, "", ...notes];
  return `${lines
    .map((line) => line.trimEnd())
    .join("\n")
    .trimEnd()}\n`;
}

/** The groups that the view lets through, in its order. */
export function shownGroups(groups: readonly TopGroup[], view: TopView): readonly TopGroup[] {
  const filter = view.filter.toLowerCase();
  const shown = groups.filter(({ state, peerAddress, owner }) => {
    if (view.state !== null && state !== view.state) return false;
    return `${state} ${peerAddress} ${ownerText(owner)}`.toLowerCase().includes(filter);
  });
  const sign = view.isReversed ? -1 : 1;
  return shown.sort((left, right) => sign * compare(left, right, view.sort));
}

const NUMBERS: { readonly [C in SortColumn]?: (group: TopGroup) => number } = {
  count: ({ count }) => count,
  seen: ({ seenForMs }) => seenForMs ?? -1,
  unsent: ({ sendQueueBytes }) => sendQueueBytes ?? -1,
  unread: ({ receiveQueueBytes }) => receiveQueueBytes ?? -1,
  // In the order of a connection's life.
  state: ({ state }) => -HELD_STATES.indexOf(state),
};

/** Numbers: largest first. Names: from A to Z. The larger group decides between equals. */
function compare(left: TopGroup, right: TopGroup, column: SortColumn): number {
  const numberOf = NUMBERS[column];
  const text = (group: TopGroup): string =>
    column === "owner" ? ownerText(group.owner) : group.peerAddress;
  const order =
    numberOf === undefined
      ? text(left).localeCompare(text(right), "en", { numeric: true })
      : numberOf(right) - numberOf(left);
  return order === 0 ? right.count - left.count : order;
}

function titleText(frame: TopFrame, view: TopView, look: ScreenLook, width: number): string {
  const time = frame.at.slice(11, 19);
  const end = `${view.isPaused ? "PAUSED  " : ""}${time}Z`;
  const { source, tookMs, socketCount } = frame;
  const start = `finwait top  ${look.title}  ${socketCount} sockets by ${source} in ${tookMs} ms`;
  return `${cell(start, Math.max(0, width - end.length - 1))} ${end}`;
}

function footerText({ typed, filter, state }: TopView): string {
  if (typed !== null) return `Show what contains: ${typed}_   (Enter, Esc)`;
  const shown = [state ?? "", filter === "" ? "" : `"${filter}"`].filter((text) => text !== "");
  const only = shown.length === 0 ? "" : `Only ${shown.join(" with ")}; Esc: all   `;
  return `${only}q quit  space pause  s < > sort  / filter  f 1-5 state  h help`;
}

const isHeldRow = (index: number, { states }: TopFrame): boolean => {
  const row = STATE_ROWS[index - 1];
  const state = row?.states[0];
  if (state !== "fin-wait-2" && state !== "close-wait") return false;
  return OWNERSHIPS.some((ownership) => states[state][ownership] > 0);
};

/** The table of states; without a history there is no room for the last minutes. */
function stateLines(
  frame: TopFrame,
  history: StateHistory | null,
  width: number,
  hasUnicode: boolean,
): string[] {
  // Only netstat leaves it open who owns a socket; elsewhere the column would be empty.
  const hasUnknown = STATE_ROWS.some((row) => countsOf(frame, row.states).unknown > 0);
  const columns = hasUnknown ? COUNT_COLUMNS : COUNT_COLUMNS.slice(0, 3);
  const sparkWidth = Math.max(0, width - STATE_WIDTH - (columns.length + 1) * COUNT_WIDTH - 2);
  const names = ["COUNT", ...columns.map(([name]) => name)];
  const head = names.map((name) => cell(name, COUNT_WIDTH, "right")).join("");
  const spark = history === null ? "" : "  LAST MINUTES";
  const lines = STATE_ROWS.map(({ label, states }) => {
    const counts = countsOf(frame, states);
    const count = OWNERSHIPS.reduce((sum, ownership) => sum + counts[ownership], 0);
    const numbers = [count, ...columns.map(([, ownership]) => counts[ownership])];
    const cells = numbers.map((number) => cell(`${number}`, COUNT_WIDTH, "right")).join("");
    const newest = history?.newest(states, sparkWidth) ?? [];
    return `${cell(label, STATE_WIDTH)}${cells}  ${sparkline(newest, hasUnicode)}`;
  });
  return [`${cell("STATE", STATE_WIDTH)}${head}${spark}`, ...lines].map((line) =>
    line.length > width ? line.slice(0, width) : line,
  );
}

function countsOf({ states }: TopFrame, rows: readonly SocketState[]): OwnershipCounts {
  const counts = { owned: 0, orphaned: 0, "accept-queue": 0, unknown: 0 };
  for (const state of rows) {
    for (const ownership of OWNERSHIPS) counts[ownership] += states[state][ownership];
  }
  return counts;
}

const GROUP_COLUMNS: readonly {
  readonly name: string;
  readonly sort: SortColumn;
  /** 0: what is left. */
  readonly width: number;
  readonly side: "left" | "right";
  text(group: TopGroup): string;
}[] = [
  {
    name: "STATE",
    sort: "state",
    width: 10,
    side: "left",
    text: ({ state }) => state.toUpperCase(),
  },
  { name: "PEER", sort: "peer", width: 0, side: "left", text: ({ peerAddress }) => peerAddress },
  { name: "OWNER", sort: "owner", width: 17, side: "left", text: ({ owner }) => ownerText(owner) },
  { name: "COUNT", sort: "count", width: 7, side: "right", text: ({ count }) => `${count}` },
  {
    name: "SEEN",
    sort: "seen",
    width: 6,
    side: "right",
    text: (group) => ageText(group.seenForMs),
  },
  {
    name: "UNSENT",
    sort: "unsent",
    width: 7,
    side: "right",
    text: (group) => sizeText(group.sendQueueBytes),
  },
  {
    name: "UNREAD",
    sort: "unread",
    width: 7,
    side: "right",
    text: (group) => sizeText(group.receiveQueueBytes),
  },
];
const FIXED_WIDTH = GROUP_COLUMNS.reduce((sum, { width }) => sum + width + 1, -1);
const PEER_WIDTH_LEAST = 8;

function groupCells(
  width: number,
  textOf: (column: (typeof GROUP_COLUMNS)[number]) => string,
): string {
  const peerWidth = Math.max(PEER_WIDTH_LEAST, width - FIXED_WIDTH);
  const cells = GROUP_COLUMNS.map((column) =>
    cell(textOf(column), column.width === 0 ? peerWidth : column.width, column.side),
  );
  return cells.join(" ").slice(0, width);
}

/** The column that sorts is marked. */
function groupHeadLine({ sort, isReversed }: TopView, width: number): string {
  const mark = isReversed ? "<" : ">";
  return groupCells(width, (column) => (column.sort === sort ? mark : "") + column.name);
}

function groupLine(group: TopGroup, width: number): string {
  return groupCells(width, ({ text }) => text(group));
}

function groupLines(groups: readonly TopGroup[], roomCount: number, width: number): string[] {
  const isTooMany = groups.length > roomCount;
  const shownCount = isTooMany ? Math.max(0, roomCount - 1) : groups.length;
  const lines = groups.slice(0, shownCount).map((group) => groupLine(group, width));
  if (isTooMany && roomCount > 0) {
    const rest = groups.slice(shownCount).reduce((sum, { count }) => sum + count, 0);
    lines.push(cell(`and ${groups.length - shownCount} more rows, ${rest} sockets`, width));
  }
  return lines;
}

/** What the server says about endings, and what the table could not say. */
function noteLines({ endings, unknown }: TopFrame, width: number): string[] {
  const lines = [...(endings === null ? [] : endingLines(endings)), ...unknown.slice(0, 1)];
  return lines.map((line) => printable(line).slice(0, width));
}

function endingLines(endings: EndingRates): string[] {
  if (endings.type === "failed") return [`endings   cannot be read: ${endings.reason}`];
  const { total, byReason, byOutcome, lingering } = endings;
  const rate = ({ perSecond }: NamedRate): string =>
    perSecond === null ? "" : `, ${rateText(perSecond)}/s`;
  const names = (rates: readonly NamedRate[]): string =>
    rates
      .filter(({ count }) => count > 0)
      .map(({ name, count, perSecond }) =>
        perSecond === null ? `${name} ${count}` : `${name} ${rateText(perSecond)}/s`,
      )
      .join(", ");
  const now = Object.entries(lingering).map(([name, count]) => `${name} ${count}`);
  return [
    `endings   ${total.count}${rate(total)}  ${names(byOutcome)}`,
    `  why     ${names(byReason)}`,
    ...(now.length === 0 ? [] : [`lingering ${now.join(", ")}`]),
  ];
}

const HELP: readonly string[] = [
  "  q, Ctrl-C     quit",
  "  space, p      pause, and go on",
  "  s, >, <       sort by the next or the previous column; r: the other way round",
  "  /             show rows that contain a text: an address, an owner, a state",
  "  f, 1 to 5     show one state: FIN-WAIT-1, FIN-WAIT-2, CLOSING, CLOSE-WAIT,",
  "                LAST-ACK",
  "  Esc, 0        show all rows again",
  "",
  "  ORPHAN        no process has the socket; a timer of the kernel ends it",
  "  OWNED         a process has it, and only its peer or that process ends it",
  "  ACCEPT        the listener has it; no process has accepted it",
  "  SEEN          how long the oldest has been seen in its state, at least",
  "  UNSENT        bytes that are sent and not acknowledged, or not sent",
  "  UNREAD        bytes that are received and not read",
  "",
  "  Any key goes back.",
];

/** Exactly the height: the footer stays whatever else does not fit. */
function fitHeight(
  lines: readonly string[],
  footer: string,
  { width, height }: ScreenSize,
): string[] {
  const shown = lines.slice(0, Math.max(0, height - 1));
  while (shown.length < height - 1) shown.push("");
  // Lines with colors have their width already.
  const cut = shown.map((line) => (line.includes("\x1b") ? line : line.slice(0, width)));
  return [...cut, footer].slice(0, Math.max(0, height));
}
