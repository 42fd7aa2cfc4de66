import type { Cell, Table } from "./html.ts";
import type { Status } from "./status.ts";
import {
  bytesText,
  countText,
  deliveryText,
  endedAtMs,
  leftInText,
  outcomeText,
  spanText,
  timeText,
} from "./status-words.ts";

// The tables of the status page.

const text = (content: string | null): Cell => ({ text: content ?? "none" });
const count = (value: number, series?: string): Cell => ({
  text: String(value),
  value,
  ...(series === undefined ? {} : { series }),
});
const span = (milliseconds: number): Cell => ({
  text: spanText(milliseconds),
  value: Math.round(milliseconds),
});
const bytes = (value: number): Cell => ({ text: bytesText(value), value });
const number = (label: string): { label: string; isNumber: true } => ({ label, isNumber: true });

/** By name and number; `chart`: the script draws the numbers over time. */
function countTable(
  names: Pick<Table, "id" | "caption"> & { readonly label: string; readonly chart?: string },
  counts: Readonly<Record<string, number>>,
): Table {
  const { id, caption, label, chart } = names;
  return {
    id,
    caption,
    columns: [{ label }, number("Count")],
    rows: Object.entries(counts).map(([key, value]) => [
      text(key),
      count(value, chart === undefined ? undefined : `${chart}/${key}`),
    ]),
    emptyText: "None",
  };
}

/** The tables about connections that are here. */
export function presentTables({ connections, lingering, silentClients }: Status): Table[] {
  const { byPhase, byTcpState } = connections;
  const lingeringCount = countText(lingering.lingeringNowCount, "connection");
  const shown = lingering.oldest.length;
  const rest = shown < lingering.lingeringNowCount ? `, the oldest ${shown} shown` : "";
  return [
    countTable(
      { id: "phases", caption: "Connections by phase", label: "Phase", chart: "phases" },
      byPhase,
    ),
    {
      id: "sockets",
      caption: "Sockets by TCP state",
      columns: [
        { label: "State" },
        number("Owned"),
        number("Orphaned"),
        number("Accept queue"),
        number("Unknown"),
      ],
      rows: Object.entries(byTcpState ?? {}).map(([state, owners]) => [
        text(state.toUpperCase()),
        count(owners.owned),
        count(owners.orphaned),
        count(owners["accept-queue"]),
        count(owners.unknown),
      ]),
      emptyText: byTcpState === null ? "The kernel cannot be asked here" : "No sockets",
    },
    {
      id: "lingering",
      caption: `${lingeringCount} lingering${rest}`,
      columns: [
        { label: "Peer" },
        number("Since our FIN"),
        { label: "Client" },
        { label: "Reason" },
        number("Discarded"),
        number("Sent"),
        { label: "Phase" },
      ],
      rows: lingering.oldest.map((row) => [
        text(endpointText(row.peerAddress, row.peerPort)),
        span(row.sinceFinMs ?? 0),
        text(row.client),
        text(row.reason),
        bytes(row.discardedBytes),
        bytes(row.sentBytes),
        text(row.phase),
      ]),
      emptyText: "No connection waits for its peer's FIN",
    },
    {
      id: "clients",
      caption: "Clients that keep sockets in FIN-WAIT-2",
      columns: [
        { label: "Client" },
        { label: "Network" },
        number("Lingering now"),
        number("Longest"),
        number("FIN unanswered"),
        number("FIN answered"),
        { label: "Judged" },
      ],
      rows: silentClients.map((row) => [
        text(row.family),
        text(row.prefix),
        count(row.lingeringCount),
        span(row.longestMs),
        count(row.unansweredCount),
        count(row.answeredCount),
        text(row.isBroken ? "broken" : "sound"),
      ]),
      emptyText: "No client has left a FIN unanswered",
    },
  ];
}

/** The tables about connections that have ended. */
export function pastTables({ endings }: Status): Table[] {
  return [
    {
      id: "endings",
      caption: "Last endings",
      columns: [
        { label: "Peer" },
        { label: "Ended" },
        { label: "Client" },
        { label: "Reason" },
        { label: "Outcome" },
        { label: "Ended first" },
        { label: "Delivered" },
        { label: "Left in" },
        number("Closing took"),
        number("Discarded"),
      ],
      rows: endings.latest.map((ending) => {
        const { flushingMs, lingeringMs, heldMs } = ending.durations;
        const endedMs = endedAtMs(ending);
        return [
          text(endpointText(ending.peerAddress, ending.peerPort)),
          { text: timeText(endedMs), value: Math.round(endedMs) },
          text(ending.client),
          text(ending.reason),
          text(outcomeText(ending)),
          text(ending.firstEnder),
          text(deliveryText(ending)),
          text(leftInText(ending)),
          span(flushingMs + lingeringMs + heldMs),
          bytes(ending.discardedBytes),
        ];
      }),
      emptyText: "No connection has ended",
    },
    countTable(
      { id: "outcomes", caption: "Endings by outcome", label: "Outcome", chart: "endings" },
      endings.byOutcome,
    ),
    countTable(
      { id: "reasons", caption: "Endings by reason", label: "Reason" },
      used(endings.byReason),
    ),
    countTable(
      { id: "bounds", caption: "Endings by a limit of ours", label: "Limit" },
      used(endings.byBound),
    ),
    countTable(
      { id: "enders", caption: "Endings by who ended first", label: "Side" },
      endings.byFirstEnder,
    ),
    countTable(
      { id: "deliveries", caption: "Last byte acknowledged", label: "Acknowledged" },
      endings.byAcknowledged,
    ),
  ];
}

export function settingsTable({ settings }: Status): Table {
  return {
    id: "settings",
    caption: "Settings that rule how connections end",
    columns: [{ label: "Setting" }, number("Value"), { label: "Given by" }],
    rows: settings.map(({ name, value, origin }) => [
      text(name),
      typeof value === "number" ? count(value) : text(value),
      text(origin),
    ]),
    emptyText: "None",
  };
}

function used(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0));
}

function endpointText(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
