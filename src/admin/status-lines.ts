import type { Status } from "./status.ts";

// A status as lines `Key: value`, for scripts, as Apache httpd's `server-status?auto` has them.
// Nothing that a client has sent is among them.

export function statusLines(status: Status): string {
  const { connections, lingering, endings, requests, learnedClients } = status;
  const lines: [string, string | number][] = [
    ["Phase", status.phase],
    ["Pressure", status.pressure],
    ["Uptime", Math.floor((status.takenAtMs - status.observedSinceMs) / 1_000)],
    ["ConnsTotal", connections.total],
    ...group("Conns", connections.byPhase),
    ...socketLines(connections.byTcpState),
    ["LingeringNow", lingering.lingeringNowCount],
    ["LingeringPeak", lingering.lingeringPeakCount],
    ["LingerEvictions", lingering.evictedCount + lingering.evictedByAddressCount],
    ["Endings", endings.total],
    ...group("EndingsReason", endings.byReason),
    ...group("EndingsOutcome", endings.byOutcome),
    ...group("EndingsFirstEnder", endings.byFirstEnder),
    ...group("EndingsAcknowledged", endings.byAcknowledged),
    ["DiscardedBytes", endings.discardedBytes],
    ["UnsentBytes", endings.unsentBytes],
    ["ResponsesFinished", requests.finishedCount],
    ["RequestsLost", requests.lostCount],
    ["LearnedClients", learnedClients.total],
    ["LearnedBrokenClients", learnedClients.brokenCount],
  ];
  return lines.map(([key, value]) => `${key}: ${value}\n`).join("");
}

function group(prefix: string, counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).map(([key, count]) => [prefix + pascal(key), count]);
}

function socketLines(states: Status["connections"]["byTcpState"]): [string, number][] {
  return Object.entries(states ?? {}).flatMap(([state, owners]) =>
    group(`Sockets${pascal(state)}`, owners),
  );
}

/** `fin-wait-2` as `FinWait2`. */
function pascal(words: string): string {
  return words.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
