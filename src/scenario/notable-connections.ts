import type { AccountHolder } from "../simulation/endpoint-account.ts";
import type { SegmentFate } from "../simulation/network.ts";
import type { Segment } from "../simulation/segment.ts";
import {
  type Act,
  connectionKey,
  isOpening,
  type Move,
  type ProgramAct,
  type RunWatcher,
} from "./run-watcher.ts";

// Connections of a run that are worth a trace: the first of each kind, and the one that was longest
// in FIN-WAIT-2. It remembers these and what is alive, and no others.

export interface NotableConnection {
  /** As `first-lost`, or `first-of browser-good`. */
  readonly what: string;
  /** For `--trace`. */
  readonly connection: number;
  readonly clientId: string;
  readonly openedAtMs: number;
  /** How long it was in FIN-WAIT-2, for the one that was longest there. */
  readonly finWait2Ms?: number;
}

interface Known {
  readonly connection: number;
  readonly clientId: string;
  readonly openedAtMs: number;
}

const FIRST_ACTS: Readonly<Partial<Record<Act, string>>> = {
  "request-lost": "first-lost",
  "request-unreached": "first-unreached",
  "request-abandoned": "first-abandoned",
  "request-retried": "first-retried",
};

/** In this order, then endings and clients. */
const LEADING = [
  "first-lost",
  "first-reset",
  "longest-in-fin-wait-2",
  "first-unreached",
  "first-abandoned",
  "first-retried",
  "first-with-a-lost-segment",
];

export class NotableConnections implements RunWatcher {
  openedCount = 0;
  readonly #found = new Map<string, NotableConnection>();
  /** By the client's end, while it exists. */
  readonly #byKey = new Map<string, Known>();
  readonly #byEnd = new WeakMap<AccountHolder, Known>();
  /** Since when the server has them there, the longest first. */
  readonly #inFinWait2 = new Map<AccountHolder, number>();
  #longestMs = 0;

  /** All that was found until `atMs`, which is now. */
  list(atMs: number): readonly NotableConnection[] {
    // What is still there has waited until now.
    const [oldest] = this.#inFinWait2;
    if (oldest !== undefined) this.#noteFinWait2(atMs, ...oldest);
    return [...this.#found.values()].sort((one, other) => rankOf(one) - rankOf(other));
  }

  handleSegment(_atMs: number, fate: SegmentFate, { from, to }: Segment): void {
    if (fate !== "lost" || this.#found.has("first-with-a-lost-segment")) return;
    const known =
      this.#byKey.get(`${from.address}:${from.port}`) ??
      this.#byKey.get(`${to.address}:${to.port}`);
    this.#note("first-with-a-lost-segment", known);
  }

  handleMove(atMs: number, move: Move): void {
    const { side, holder, before, after, clientId } = move;
    const key = connectionKey(side, holder);
    if (isOpening(move)) {
      this.openedCount += 1;
      const known = {
        connection: this.openedCount,
        clientId: clientId ?? "",
        openedAtMs: atMs,
      };
      this.#byKey.set(key, known);
      this.#byEnd.set(holder, known);
      this.#note(`first-of ${known.clientId}`, known);
      return;
    }
    if (side === "client") {
      if (after === null) this.#byKey.delete(key);
      return;
    }
    if (before === null) {
      const known = this.#byKey.get(key);
      if (known !== undefined) this.#byEnd.set(holder, known);
    }
    const wasThere = before?.state === "fin-wait-2";
    const isThere = after?.state === "fin-wait-2";
    if (isThere && !wasThere) this.#inFinWait2.set(holder, atMs);
    const sinceMs = this.#inFinWait2.get(holder);
    if (isThere || sinceMs === undefined) return;
    this.#noteFinWait2(atMs, holder, sinceMs);
    this.#inFinWait2.delete(holder);
  }

  handleAct(_atMs: number, { side, holder, act, detail }: ProgramAct): void {
    const known = this.#byEnd.get(holder);
    const what = FIRST_ACTS[act];
    if (what !== undefined) this.#note(what, known);
    if (side === "server" && act === "ending") this.#note(`first-ending ${detail}`, known);
    const isReset = holder.error === "ECONNRESET" || holder.error === "EPIPE";
    if (act === "failure-seen" && isReset) this.#note("first-reset", known);
  }

  #note(what: string, known: Known | undefined): void {
    if (known !== undefined && !this.#found.has(what)) this.#found.set(what, { what, ...known });
  }

  #noteFinWait2(atMs: number, holder: AccountHolder, sinceMs: number): void {
    const finWait2Ms = atMs - sinceMs;
    const known = this.#byEnd.get(holder);
    if (known === undefined || finWait2Ms <= this.#longestMs) return;
    this.#longestMs = finWait2Ms;
    const what = "longest-in-fin-wait-2";
    this.#found.set(what, { what, ...known, finWait2Ms });
  }
}

function rankOf({ what, connection }: NotableConnection): number {
  const rank = LEADING.indexOf(what);
  if (rank >= 0) return rank - 1_000;
  return what.startsWith("first-ending") ? connection / 1e12 - 1 : connection;
}
