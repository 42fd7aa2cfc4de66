import type { CloseReason, ClosingBound } from "../tcp/ending.ts";
import type { ClosePolicy } from "./policy.ts";
import { type ClosingInput, type ClosingState, OPEN, step } from "./state.ts";

// The closing engine of one connection: the state table, the bounds of the policy, and what to do.
//
// Sans-IO: inputs and times are told, actions are returned. The driver arms timers for the
// time-outs that it can read here, and reports their expiry as inputs.

/**
 * What the driver must do now. `shutdown-write` sends FIN behind everything that was written;
 * `close` leaves FIN-WAIT-2 to the kernel, for `finWait2RestMs` at most.
 */
export type ClosingAction = "none" | "shutdown-write" | "close" | "close-so-linger" | "reset";

/** What becomes of a socket that is released before the peer's FIN. */
export interface ReleaseTerms {
  /** The kernel takes a deadline with it (TCP_LINGER2). */
  readonly canSetDeadlines: boolean;
  /** How long it keeps an orphan in FIN-WAIT-2 by itself, in milliseconds; it may be Infinity. */
  readonly orphanMs: number;
  /** False once the process is leaving: what it holds then goes to the kernel in any case. */
  readonly mayHold: boolean;
}

/** Ends in which no large response is at stake, so that a short linger is enough. */
const SHORT_LINGER_REASONS: ReadonlySet<CloseReason> = new Set([
  "peer-protocol-error",
  "request-timeout",
  "idle-timeout",
  "server-shutdown",
  "overload",
]);

/** Every bound that a peer can reach, so that "reset" or holding may answer it. */
const LINGER_BOUNDS: ReadonlySet<ClosingBound> = new Set([
  "linger-idle-time",
  "linger-total-time",
  "linger-bytes",
  "linger-rate",
  "fin-wait-2-time",
]);

export class ClosingEngine {
  readonly #terms: ReleaseTerms;
  #policy: ClosePolicy;
  #state: ClosingState = OPEN;
  #finAtMs: number | null = null;
  #heldAtMs: number | null = null;
  #bytesAtFin = 0;
  #isPressed = false;
  #isShortAsked = false;

  constructor(policy: ClosePolicy, terms: ReleaseTerms) {
    this.#policy = policy;
    this.#terms = terms;
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

  /** When a bound of lingering was reached and the socket was kept, `null` if never. */
  get heldAtMs(): number | null {
    return this.#heldAtMs;
  }

  /** Longest silence of the peer while lingering. */
  get idleTimeoutMs(): number {
    return this.#shortened(this.#policy.lingerIdleTimeoutMs);
  }

  /** Longest lingering, from our FIN. */
  get totalTimeoutMs(): number {
    return Math.min(
      this.#shortened(this.#policy.lingerTotalTimeoutMs),
      this.#policy.finWait2TimeoutMs,
    );
  }

  /** The bound that is reached with `totalTimeoutMs`. */
  get totalBound(): ClosingBound {
    const { lingerTotalTimeoutMs, finWait2TimeoutMs } = this.#policy;
    const isDeadline = finWait2TimeoutMs < this.#shortened(lingerTotalTimeoutMs);
    return isDeadline ? "fin-wait-2-time" : "linger-total-time";
  }

  /** True if the socket may go as soon as the peer's TCP has acknowledged our FIN. */
  get isReleasedByAcknowledgment(): boolean {
    return this.#isPressed || this.#policy.releaseWhen === "acknowledged";
  }

  /** False when more input would exceed the byte bound, so that the driver stops reading. */
  get mayRead(): boolean {
    const { phase } = this.#state;
    return (phase !== "flushing" && phase !== "held") || !this.#isOverBytes();
  }

  /** What `finWait2TimeoutMs` leaves for the kernel. */
  finWait2RestMs(nowMs: number): number {
    const { finWait2TimeoutMs } = this.#policy;
    if (this.#finAtMs === null) return finWait2TimeoutMs;
    return Math.max(0, finWait2TimeoutMs - (nowMs - this.#finAtMs));
  }

  /** How much longer a held socket is kept, from now. */
  holdMs(nowMs: number): number {
    return Math.max(0, this.#holdLimitMs - (nowMs - (this.#finAtMs ?? nowMs)));
  }

  /** The bound that is reached when a socket has been held long enough. */
  get holdBound(): ClosingBound {
    const { finWait2TimeoutMs, unacknowledgedTimeoutMs } = this.#policy;
    // Nobody here can tell FIN-WAIT-1 from FIN-WAIT-2, so the shorter deadline ends both.
    return unacknowledgedTimeoutMs < finWait2TimeoutMs ? "unacknowledged-time" : "fin-wait-2-time";
  }

  /** Another policy for what follows: a route's or a response's. */
  usePolicy(policy: ClosePolicy): void {
    this.#policy = policy;
  }

  /** No large response is at stake, whatever the reason of the close says. */
  useShortLinger(): void {
    this.#isShortAsked = true;
  }

  /** The linger budget is nearly used up: a short linger, and no longer than to the ACK. */
  press(): void {
    this.#isPressed = true;
  }

  /** Takes one input that happened at `nowMs`, and says what to do. */
  handle(input: ClosingInput, nowMs: number): ClosingAction {
    const before = this.#state;
    this.#state = step(before, this.#held(input, nowMs));
    if (before.phase === "closed") return "none";
    if (before.phase === "flushing" && this.#state.phase === "lingering") {
      this.#finAtMs = nowMs;
      this.#bytesAtFin = this.#state.discardedBytes;
    }
    const bound = this.#reachedBound(nowMs);
    if (bound !== null) {
      this.#state = step(this.#state, this.#held({ type: "bound-reached", bound }, nowMs));
    }
    if (this.#state.phase === "discarding" && this.#isOverDiscard(this.#state.discardedBytes)) {
      this.#state = step(this.#state, { type: "discard-exhausted" });
    }
    if (this.#state.phase === "held") this.#heldAtMs ??= nowMs;
    return this.#actionAfter(before);
  }

  /**
   * Where the kernel takes no deadline, a bound of lingering is answered by keeping the socket if
   * the kernel would keep its orphan for too long, and by RST if there is no time left for that.
   */
  #held(input: ClosingInput, nowMs: number): ClosingInput {
    if (input.type !== "bound-reached" || !LINGER_BOUNDS.has(input.bound)) return input;
    if (this.#state.phase !== "lingering" || this.#policy.onLingerExhausted === "reset") {
      return input;
    }
    const { canSetDeadlines, orphanMs, mayHold } = this.#terms;
    if (canSetDeadlines || !mayHold || orphanMs <= this.finWait2RestMs(nowMs)) return input;
    const { bound } = input;
    if (this.holdMs(nowMs) > 0) return { type: "hold-started", bound };
    return { type: "reset-requested", reason: this.#state.reason, bound };
  }

  #actionAfter(before: ClosingState): ClosingAction {
    const after = this.#state;
    if (after.phase === "flushing" && before.phase !== "flushing") return "shutdown-write";
    if (after.phase !== "closed") return "none";
    if (after.outcome.type === "reset-by-local") return "reset";
    if (after.outcome.type !== "abandoned") return "close";
    const { bound } = after.outcome;
    if (bound === "mode-so-linger") return "close-so-linger";
    if (this.#policy.onLingerExhausted !== "reset" || !LINGER_BOUNDS.has(bound)) return "close";
    this.#state = { ...after, outcome: { type: "reset-by-local", bound } };
    return "reset";
  }

  /** The bound that is used up now, of those that no timer watches. */
  #reachedBound(nowMs: number): ClosingBound | null {
    if (this.#state.phase !== "lingering") return null;
    if (this.#policy.mode === "off") return "mode-off";
    if (this.#policy.mode === "so-linger") return "mode-so-linger";
    if (this.#isOverBytes()) return "linger-bytes";
    return this.#isTooSlow(nowMs) ? "linger-rate" : null;
  }

  get #holdLimitMs(): number {
    return Math.min(this.#policy.finWait2TimeoutMs, this.#policy.unacknowledgedTimeoutMs);
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

  #shortened(timeoutMs: number): number {
    return this.#isShort() ? Math.min(this.#policy.shortLingerTimeoutMs, timeoutMs) : timeoutMs;
  }

  #isShort(): boolean {
    const state = this.#state;
    if (this.#isPressed || this.#isShortAsked) return true;
    return "reason" in state && SHORT_LINGER_REASONS.has(state.reason);
  }
}
