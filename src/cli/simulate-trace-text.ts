import type {
  ConnectionTrace,
  KernelAct,
  TracedEnd,
  TraceEvent,
  TraceLine,
} from "../scenario/connection-trace.ts";
import type { NotableConnection } from "../scenario/notable-connections.ts";
import type { Act } from "../scenario/run-watcher.ts";
import { duration, grouped } from "./simulate-units.ts";

// What `finwait simulate --trace` prints: a connection as a packet trace, or a list of connections.

export interface TracedRun {
  readonly name: string;
  readonly seed: number;
  /** How far it was played. */
  readonly playedMs: number;
}

const TIME_COLUMNS = 9;
const STATE_COLUMNS = 13;

/** One line per segment, act and change of state. */
export function traceText({ name, seed, playedMs }: TracedRun, trace: ConnectionTrace): string {
  const { number, clientId, clientAddress, firstLines, lastLines, leftOutCount } = trace;
  const gap = leftOutCount === 0 ? [] : [`... ${grouped(leftOutCount)} lines are left out ...`];
  const lines = [
    `connection ${number} of ${name}, seed ${seed}: ${clientId}, ${clientAddress}`,
    "A segment stands where it arrives or is lost; states are those behind it.",
    "In parentheses: no program has the socket.",
    "",
    [
      "seconds".padStart(TIME_COLUMNS),
      " ",
      "client".padEnd(STATE_COLUMNS),
      "server".padEnd(STATE_COLUMNS),
      "> to the server, < to the client",
    ].join(""),
    ...firstLines.map(lineText),
    ...gap,
    ...lastLines.map(lineText),
    "",
    endText(trace, playedMs),
  ];
  return `${lines.join("\n")}\n`;
}

function lineText({ atMs, event, client, server }: TraceLine): string {
  const seconds = (atMs / 1_000).toFixed(3).padStart(TIME_COLUMNS);
  const states = [client, server].map((end) => stateText(end).padEnd(STATE_COLUMNS)).join("");
  return `${seconds} ${states}${eventText(event)}`;
}

/** Nobody has the socket of these, and nobody needs to be told. */
const NEVER_OWNED: ReadonlySet<string> = new Set(["listen", "syn-received", "closed", "crashed"]);

function stateText({ state, isOwned }: TracedEnd): string {
  return isOwned || NEVER_OWNED.has(state) ? state : `(${state})`;
}

function eventText(event: TraceEvent): string {
  switch (event.type) {
    case "act":
      return `${event.by}: ${ACT_TEXTS[event.act](event.detail ?? "")}`;
    case "kernel":
      return `${event.by}'s kernel: ${KERNEL_TEXTS[event.what]}`;
    case "segment":
      return segmentLine(event);
  }
}

function segmentLine(event: Extract<TraceEvent, { type: "segment" }>): string {
  const { from, flags, sequence, sequenceEnd, acknowledgment, windowBytes, byteLength } = event;
  const parts = [from === "client" ? ">" : "<", flags.join(","), `${sequence}:${sequenceEnd}`];
  if (acknowledgment !== null) parts.push(`ack ${acknowledgment}`);
  if (!flags.includes("RST")) parts.push(`win ${windowBytes}`);
  parts.push(`len ${byteLength}`);
  if (event.isAgain) parts.push("again");
  if (event.isLost) parts.push("LOST");
  return parts.join(" ");
}

type ActText = (detail: string) => string;

const ACT_TEXTS: Readonly<Record<Act, ActText>> = {
  connect: (detail) => `${detail} connects`,
  request: (detail) => detail,
  response: (detail) => detail,
  write: (detail) => `writes ${detail}`,
  "half-close": () => "shutdown(SHUT_WR)",
  close: (detail) => (detail === "" ? "close()" : `close() with ${detail}`),
  reset: () => "close() that resets",
  "response-seen": () => "has the whole response",
  "end-seen": () => "reads the end",
  "failure-seen": (detail) => `sees ${detail}`,
  "request-lost": () => "has lost the response",
  "request-unreached": () => "could not ask",
  "request-retried": () => "asks again on another connection",
  "request-abandoned": () => "is gone before the response",
  vanish: () => "its line is cut",
  leave: () => "leaves the world",
  ending: (detail) => `ending: ${detail}`,
};

const KERNEL_TEXTS: Readonly<Record<KernelAct, string>> = {
  "time-wait-over": "TIME-WAIT is over",
  "fin-wait-2-over": "the time of FIN-WAIT-2 is over",
  "gave-up": "gives up, nothing was answered",
  crashed: "the machine crashes",
  moved: "is in another state",
};

function endText(trace: ConnectionTrace, playedMs: number): string {
  const newest = trace.lastLines.at(-1) ?? trace.firstLines.at(-1);
  if (newest === undefined || trace.isOver) return "Nothing is left of it.";
  const { client, server } = newest;
  const states = `client ${stateText(client)}, server ${stateText(server)}`;
  return `After ${duration(playedMs)} of the run: ${states}.`;
}

const WHAT_COLUMNS = 40;
const NUMBER_COLUMNS = 10;

const WHAT_TEXTS: Readonly<Record<string, string>> = {
  "first-lost": "first response lost",
  "first-reset": "first that its client saw reset",
  "first-unreached": "first that could not be made",
  "first-abandoned": "first whose client was gone too soon",
  "first-retried": "first whose request went out again",
  "first-with-a-lost-segment": "first that lost a segment",
};

/** `10,712 connections, 1 to 10712`. */
export function countText(count: number): string {
  if (count === 0) return "no connection";
  return count === 1 ? "1 connection" : `${grouped(count)} connections, 1 to ${count}`;
}

/** Which connections are worth a trace. */
export function notableText(
  { name, seed, playedMs }: TracedRun,
  openedCount: number,
  connections: readonly NotableConnection[],
): string {
  const lines = [
    `${name}, seed ${seed}: ${countText(openedCount)}, in ${duration(playedMs)}`,
    "",
    `${"".padEnd(WHAT_COLUMNS)}${"number".padStart(NUMBER_COLUMNS)}  opened after`,
    ...connections.map((each) => {
      const number = String(each.connection).padStart(NUMBER_COLUMNS);
      return `${whatText(each).padEnd(WHAT_COLUMNS)}${number}  ${duration(each.openedAtMs)}`;
    }),
  ];
  const [first] = connections;
  if (first !== undefined) {
    lines.push("", `Print one with --trace ${first.connection}, and the same scenario and seed.`);
  }
  return `${lines.join("\n")}\n`;
}

function whatText({ what, finWait2Ms }: NotableConnection): string {
  if (finWait2Ms !== undefined) return `longest in FIN-WAIT-2: ${duration(finWait2Ms)}`;
  return WHAT_TEXTS[what] ?? what.replace("first-ending", "first ending").replace("-of", " of");
}
