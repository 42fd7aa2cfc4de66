import type { SocketState } from "../observe/socket-line.ts";
import { HELD_STATES } from "../observe/socket-tally.ts";

// What the keys of `finwait top` do: what top and less have taught people.
//
// Pure: a view and a key give the next view. Sequences that are not known do nothing.

export const SORT_COLUMNS = [
  "count",
  "seen",
  "unsent",
  "unread",
  "state",
  "peer",
  "owner",
] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];

/** A filter is a part of an address or a name. */
export const FILTER_LIMIT_CHARACTERS = 60;

export interface TopView {
  readonly isPaused: boolean;
  readonly isHelpShown: boolean;
  readonly sort: SortColumn;
  readonly isReversed: boolean;
  /** Only groups that contain it. */
  readonly filter: string;
  /** What is being typed after `/`; `null`: nothing. */
  readonly typed: string | null;
  /** Only groups in this state; `null`: all. */
  readonly state: SocketState | null;
}

export const FIRST_VIEW: TopView = Object.freeze({
  isPaused: false,
  isHelpShown: false,
  sort: "count",
  isReversed: false,
  filter: "",
  typed: null,
  state: null,
});

const ESCAPE = "\x1b";
const CTRL_C = "\x03";
/** A cursor key and the like, another single character, whatever it is. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals send control characters.
const KEY = /\x1b\[[0-9;]*[ -/]*[@-~]|\x1bO.|[\s\S]/gu;

/** The keys in what a terminal sent at once. */
export function splitKeys(text: string): readonly string[] {
  return text.match(KEY) ?? [];
}

/** The view after a key; `null`: the user wants to leave. */
export function viewAfterKey(view: TopView, key: string): TopView | null {
  if (key === CTRL_C) return null;
  if (view.typed !== null) return viewAfterTyping(view, view.typed, key);
  if (view.isHelpShown) return key === "q" ? null : { ...view, isHelpShown: false };
  if (/^[0-9]$/.test(key)) return viewOfState(view, Number(key));
  switch (key) {
    case "q":
    case "Q":
      return null;
    case " ":
    case "p":
      return { ...view, isPaused: !view.isPaused };
    case "h":
    case "?":
      return { ...view, isHelpShown: true };
    case "s":
    case ">":
      return { ...view, sort: columnBeside(view.sort, 1) };
    case "<":
      return { ...view, sort: columnBeside(view.sort, -1) };
    case "r":
    case "R":
      return { ...view, isReversed: !view.isReversed };
    case "/":
      return { ...view, typed: view.filter };
    case "f": {
      const index = view.state === null ? 0 : HELD_STATES.indexOf(view.state) + 1;
      return { ...view, state: HELD_STATES[index] ?? null };
    }
    case ESCAPE:
      return { ...view, filter: "", state: null };
    default:
      return view;
  }
}

function viewAfterTyping(view: TopView, typed: string, key: string): TopView {
  if (key === ESCAPE) return { ...view, typed: null };
  if (key === "\r" || key === "\n") return { ...view, typed: null, filter: typed.trim() };
  if (key === "\x7f" || key === "\b") return { ...view, typed: typed.slice(0, -1) };
  // Ctrl-U, as in every line that is typed at a terminal.
  if (key === "\x15") return { ...view, typed: "" };
  if (!/^[!-~ ]$/.test(key) || typed.length >= FILTER_LIMIT_CHARACTERS) return view;
  return { ...view, typed: typed + key };
}

/** 0 is all of them, and a state that is shown already is left. */
function viewOfState(view: TopView, number: number): TopView {
  const state = HELD_STATES[number - 1] ?? null;
  if (number > HELD_STATES.length) return view;
  return { ...view, state: state === view.state ? null : state };
}

function columnBeside(column: SortColumn, step: 1 | -1): SortColumn {
  const index = SORT_COLUMNS.indexOf(column) + step + SORT_COLUMNS.length;
  return SORT_COLUMNS[index % SORT_COLUMNS.length] ?? column;
}
