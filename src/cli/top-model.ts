import type { AgeKeeper } from "../observe/socket-ages.ts";
import type { SocketLine, SocketState } from "../observe/socket-line.ts";
import type { SocketOwner } from "../observe/socket-owners.ts";
import type { SocketSnapshot } from "../observe/socket-table.ts";
import { type StateCounts, sumOf } from "../observe/socket-tally.ts";
import type { EndingRates } from "./top-endings.ts";

// What `finwait top` shows, before it is text: sockets by state, and those that wait for somebody's
// end by peer and owner.

/** Who holds the sockets of a group. `"not-looked-up"`: there are more than have lines. */
export type GroupOwner =
  | ({ readonly type: "process" } & SocketOwner)
  | { readonly type: "orphaned" | "accept-queue" | "unknown" | "not-looked-up" };

export interface TopGroup {
  readonly state: SocketState;
  readonly peerAddress: string;
  readonly owner: GroupOwner;
  readonly count: number;
  /** How long the oldest has been seen in its state: it is at least that old. */
  readonly seenForMs: number | null;
  readonly sendQueueBytes: number | null;
  readonly receiveQueueBytes: number | null;
}

/** One refresh. */
export interface TopFrame {
  /** ISO 8601. */
  readonly at: string;
  readonly source: SocketSnapshot["source"];
  readonly tookMs: number;
  readonly socketCount: number;
  readonly states: StateCounts;
  /** Largest first. */
  readonly groups: readonly TopGroup[];
  /** `null`: no server was asked. */
  readonly endings: EndingRates | null;
  readonly unknown: readonly string[];
}

interface MutableGroup {
  state: SocketState;
  peerAddress: string;
  owner: GroupOwner;
  count: number;
  seenForMs: number | null;
  sendQueueBytes: number;
  receiveQueueBytes: number;
}

/** Groups by state, peer and owner. Their counts add up to those of the snapshot's peers. */
export function groupSockets(
  { rows, peers }: Pick<SocketSnapshot, "rows" | "peers">,
  owners: ReadonlyMap<number, SocketOwner>,
  ages: Pick<AgeKeeper, "ageMs">,
): readonly TopGroup[] {
  const groups = new Map<string, MutableGroup>();
  const lineCounts = new Map<string, number>();
  for (const line of rows) {
    const { state, peerAddress } = line;
    const owner = ownerOf(line, owners);
    const peerKey = `${state} ${peerAddress}`;
    lineCounts.set(peerKey, (lineCounts.get(peerKey) ?? 0) + 1);
    const key = `${peerKey} ${owner.type === "process" ? owner.pid : owner.type}`;
    let group = groups.get(key);
    if (group === undefined) {
      const none = { count: 0, seenForMs: null, sendQueueBytes: 0, receiveQueueBytes: 0 };
      group = { state, peerAddress, owner, ...none };
      groups.set(key, group);
    }
    const ageMs = ages.ageMs(line);
    group.count++;
    if (ageMs !== null) group.seenForMs = Math.max(Math.round(ageMs), group.seenForMs ?? 0);
    group.sendQueueBytes += line.sendQueueBytes;
    group.receiveQueueBytes += line.receiveQueueBytes;
  }
  const more: readonly TopGroup[] = peers.flatMap(({ state, peerAddress, counts }) => {
    const count = sumOf(counts) - (lineCounts.get(`${state} ${peerAddress}`) ?? 0);
    const owner: GroupOwner = { type: "not-looked-up" };
    const unknown = { seenForMs: null, sendQueueBytes: null, receiveQueueBytes: null };
    return count === 0 ? [] : [{ state, peerAddress, owner, count, ...unknown }];
  });
  return [...groups.values(), ...more].sort((left, right) => right.count - left.count);
}

function ownerOf(line: SocketLine, owners: ReadonlyMap<number, SocketOwner>): GroupOwner {
  const { ownership, inode } = line;
  if (ownership !== "owned") return { type: ownership };
  const owner = inode === null ? undefined : owners.get(inode);
  return owner === undefined ? { type: "unknown" } : { type: "process", ...owner };
}

/** For programs: one line of JSON. Counts of a state that are 0 are left out. */
export function frameJson(frame: TopFrame): string {
  const { states, groups, endings, ...rest } = frame;
  const shown = Object.entries(states).flatMap(([state, counts]) => {
    const count = sumOf(counts);
    return count === 0 ? [] : [[state, { count, ...counts }] as const];
  });
  const content = {
    ...rest,
    states: Object.fromEntries(shown),
    groups,
    ...(endings === null ? {} : { endings }),
  };
  return `${JSON.stringify(content)}\n`;
}
