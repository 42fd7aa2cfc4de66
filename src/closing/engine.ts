import type { CloseReason, ClosingBound } from "../tcp/ending.ts";
import type { ClosePolicy } from "./policy.ts";
import { type ClosingInput, type ClosingState, OPEN, step } from "./state.ts";

// The closing engine of one connection: the state table, the bounds of the policy, and what to do.
//
// Sans-IO: inputs and times are told, actions are returned. The driver arms timers for the two
// time-outs that it can read here, and reports their expiry as inputs.

/** What the driver must do now. `shutdown-write` sends FIN behind everything that was written. */
export type ClosingAction = "none" | "shutdown-write" | "close" | "reset";

/** Ends in which no large response is at stake, so that a short linger is enough. */
const SHORT_LINGER_REASONS: ReadonlySet<CloseReason> = new Set([
  "peer-protocol-error",
  "request-timeout",
  "idle-timeout",
  "server-shutdown",
  "overload",
]);

/** Every bound that a peer can reach, so that "reset" may answer it. */
const LINGER_BOUNDS: ReadonlySet<ClosingBound> = new Set([
  "linger-idle-time",
  "linger-total-time",
  "linger-bytes",
  "linger-rate",
]);

export class ClosingEngine {
  readonly #policy: ClosePolicy;
  #state: ClosingState = OPEN;
  #finAtMs: number | null = null;
  #bytesAtFin = 0;

  constructor(policy: ClosePolicy) {
    this.#policy = policy;
  }

  get state(): ClosingState {
    return this.#state;
  }

  get phase(): ClosingState["phase"] {
    return this.#state.phase;
  }

  get discardedBytes(): number {
    return this.#state.phase === "open" ? 0 : this.#state.discardedBytes;
  }

  /** When our FIN was handed to the kernel, `null` before. */
  get finAtMs(): number | null {
    return this.#finAtMs;
  }

  /** Longest silence of the peer while lingering. */
  get idleTimeoutMs(): number {
    return this.#isShort()
      ? Math.min(this.#policy.shortLingerTimeoutMs, this.#policy.lingerIdleTimeoutMs)
      : this.#policy.lingerIdleTimeoutMs;
  }

  /** Longest lingering, from our FIN. */
  get totalTimeoutMs(): number {
    return this.#isShort()
      ? Math.min(this.#policy.shortLingerTimeoutMs, this.#policy.lingerTotalTimeoutMs)
      : this.#policy.lingerTotalTimeoutMs;
  }

  /** False when more input would exceed the byte bound, so that the driver stops reading. */
  get mayRead(): boolean {
    return this.#state.phase !== "flushing" || !this.#isOverBytes();
  }

  /** Takes one input that happened at `nowMs`, and says what to do. */
  handle(input: ClosingInput, nowMs: number): ClosingAction {
    const before = this.#state;
    if (before.phase === "closed") {
      this.#state = step(before, input);
      return "none";
    }
    this.#state = step(before, input);
    if (before.phase === "flushing" && this.#state.phase === "lingering") {
      this.#finAtMs = nowMs;
      this.#bytesAtFin = this.#state.discardedBytes;
    }
    const bound = this.#reachedBound(nowMs);
    if (bound !== null) this.#state = step(this.#state, { type: "bound-reached", bound });
    if (this.#state.phase === "discarding" && this.#isOverDiscard(this.#state.discardedBytes)) {
      this.#state = step(this.#state, { type: "discard-exhausted" });
    }
    return this.#actionAfter(before);
  }

  #actionAfter(before: ClosingState): ClosingAction {
    const after = this.#state;
    if (after.phase === "flushing" && before.phase !== "flushing") return "shutdown-write";
    if (after.phase !== "closed") return "none";
    if (after.outcome.type === "reset-by-local") return "reset";
    if (after.outcome.type !== "abandoned") return "close";
    const { bound } = after.outcome;
    if (this.#policy.onLingerExhausted !== "reset" || !LINGER_BOUNDS.has(bound)) return "close";
    this.#state = { ...after, outcome: { type: "reset-by-local", bound } };
    return "reset";
  }

  /** The bound that is used up now, of those that no timer watches. */
  #reachedBound(nowMs: number): ClosingBound | null {
    if (this.#state.phase !== "lingering") return null;
    if (this.#policy.mode === "off") return "mode-off";
    if (this.#isOverBytes()) return "linger-bytes";
    return this.#isTooSlow(nowMs) ? "linger-rate" : null;
  }

  #isOverBytes(): boolean {
    return this.discardedBytes > this.#policy.lingerLimitBytes;
  }

  #isOverDiscard(discardedBytes: number): boolean {
    return discardedBytes > this.#policy.discardLimitBytes;
  }

  /** The grace time is the idle time-out: a peer that is silent for longer is cut by that one. */
  #isTooSlow(nowMs: number): boolean {
    const rate = this.#policy.lingerMinRateBytesPerSecond;
    if (rate === 0 || this.#finAtMs === null) return false;
    const elapsedMs = nowMs - this.#finAtMs;
    if (elapsedMs < this.idleTimeoutMs) return false;
    return (this.discardedBytes - this.#bytesAtFin) * 1_000 < rate * elapsedMs;
  }

  #isShort(): boolean {
    const state = this.#state;
    return "reason" in state && SHORT_LINGER_REASONS.has(state.reason);
  }
}
