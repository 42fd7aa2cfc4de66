import { AgeKeeper } from "../observe/socket-ages.ts";
import { SocketOwners } from "../observe/socket-owners.ts";
import { type SnapshotOptions, takeSnapshot } from "../observe/socket-table.ts";
import type { EndingWatch } from "./top-endings.ts";
import { StateHistory } from "./top-history.ts";
import { groupSockets, type TopFrame } from "./top-model.ts";

// Makes the frames of `finwait top`, and remembers between them: ages, owners, the last minutes.

export type SampleResult =
  | { readonly type: "frame"; readonly frame: TopFrame }
  | { readonly type: "failed"; readonly reason: string };

export class TopSampler {
  readonly history: StateHistory = new StateHistory();
  readonly #options: SnapshotOptions;
  readonly #endings: EndingWatch | null;
  readonly #ages = new AgeKeeper();
  readonly #owners = new SocketOwners();

  constructor(options: SnapshotOptions, endings: EndingWatch | null) {
    this.#options = options;
    this.#endings = endings;
  }

  /** Looks once. Never rejects. */
  async sample(): Promise<SampleResult> {
    const [snapshot, endings] = await Promise.all([
      takeSnapshot(this.#options),
      this.#endings?.read() ?? null,
    ]);
    if (snapshot.type === "failed") return snapshot;
    const { source, tookMs, socketCount, states, rows, omittedPeerCount } = snapshot;
    const nowMs = performance.now();
    this.#ages.update(rows, nowMs);
    this.history.add(states, nowMs);
    const inodes = rows.flatMap(({ ownership, inode }) =>
      ownership === "owned" && inode !== null ? [inode] : [],
    );
    const owners = await this.#owners.find(inodes);
    const unknown = [...snapshot.unknown];
    if (omittedPeerCount > 0) unknown.push(`${omittedPeerCount} sockets are of too many peers`);
    const groups = groupSockets(snapshot, owners, this.#ages);
    const at = new Date().toISOString();
    const frame = {
      at,
      source,
      tookMs: Math.round(tookMs),
      socketCount,
      states,
      groups,
      endings,
      unknown,
    };
    return { type: "frame", frame };
  }
}
