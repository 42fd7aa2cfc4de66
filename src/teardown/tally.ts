import type { Ending } from "../tcp/ending.ts";

// What a server has done so far, in numbers. A shutdown reports the difference to its beginning.

export interface TallyCounts {
  /** Requests whose responses were given whole. */
  readonly finishedCount: number;
  /** Connections that ended in order, or lingered until a bound. */
  readonly lingeredCount: number;
  /** Connections that ended by RST, ours or the peer's, or with the network. */
  readonly resetCount: number;
  /** Requests, or beginnings of one, that reached us and got no whole response through us. */
  readonly lostCount: number;
}

export class Tally {
  /** Counted by the intake, for each request. */
  finishedCount = 0;
  #lingeredCount = 0;
  #resetCount = 0;
  #lostCount = 0;

  get counts(): TallyCounts {
    return {
      finishedCount: this.finishedCount,
      lingeredCount: this.#lingeredCount,
      resetCount: this.#resetCount,
      lostCount: this.#lostCount,
    };
  }

  /** `hasUnanswered`: some of a request was here, and no response to it. */
  countEnding(ending: Ending, hasUnanswered: boolean): void {
    let isUnsent = ending.unsentBytes > 0;
    switch (ending.outcome.type) {
      case "reset-by-peer":
      case "network-failed":
        // Who goes in the middle of its response has had enough of it.
        isUnsent = false;
        this.#resetCount += 1;
        break;
      case "reset-by-local":
        this.#resetCount += 1;
        break;
      default:
        this.#lingeredCount += 1;
    }
    if (isOurDoing(ending) && (hasUnanswered || isUnsent)) this.#lostCount += 1;
  }
}

/** A peer that goes before its answer has lost nothing through us. */
function isOurDoing({ outcome, reason }: Ending): boolean {
  if (outcome.type === "abandoned" && outcome.bound === "shutdown-deadline") return true;
  return reason === "server-shutdown" || reason === "idle-timeout";
}

export function differenceOf(now: TallyCounts, before: TallyCounts): TallyCounts {
  return {
    finishedCount: now.finishedCount - before.finishedCount,
    lingeredCount: now.lingeredCount - before.lingeredCount,
    resetCount: now.resetCount - before.resetCount,
    lostCount: now.lostCount - before.lostCount,
  };
}
