import { TimerEntry, type TimerOwner } from "../base/timer-lists.ts";
import { type ClosingAction, ClosingEngine } from "../closing/engine.ts";
import type { LingerMember } from "../closing/linger-budget.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import type { ClosingInput, ClosingPhase } from "../closing/state.ts";
import { addressKey } from "../tcp/address.ts";
import type { CloseReason, EndingOutcome } from "../tcp/ending.ts";
import type { TcpFacts } from "../transport/tcp-facts.ts";
import type { Transport } from "../transport/transport.ts";
import type { TeardownContext } from "./teardown-context.ts";

// The end of one connection: its closing engine, the timers of lingering, its place in the budget,
// and how the socket is released. A connection has none before its end comes into question.

/** What the end needs of its connection. */
export interface EndHost {
  readonly context: TeardownContext;
  readonly transport: Transport;
  readonly policy: ClosePolicy;
  /** A client rule asks for the short linger. */
  readonly isShortLingerAsked: boolean;
  setPaused(isPaused: boolean): void;
  /** The last response is given: nothing of any request is kept, and sending is watched. */
  startFlushing(nowMs: number): void;
  /** Everything is with the kernel, our FIN too. */
  stopSendWatch(): void;
  /** The last thing before the socket goes: `facts` are the kernel's, `null` if it cannot say. */
  finish(end: FinishedEnd, release: () => void): void;
}

/** How it ended. Times are monotonic milliseconds. */
export interface FinishedEnd {
  readonly outcome: EndingOutcome;
  readonly reason: CloseReason;
  readonly discardedBytes: number;
  readonly finAtMs: number | null;
  readonly heldAtMs: number | null;
  readonly endedAtMs: number;
  readonly facts: TcpFacts | null;
}

/**
 * When the kernel is asked whether our FIN is acknowledged, in milliseconds after the last time.
 * The last one repeats. Few values, as each is a list of timers.
 */
const POLL_MS = [5, 10, 20, 40, 80, 160, 320, 640, 1_000] as const;

export class ConnectionEnd implements TimerOwner, LingerMember {
  readonly host: EndHost;
  readonly #engine: ClosingEngine;
  #idleTimer: TimerEntry | null = null;
  #totalTimer: TimerEntry | null = null;
  /** Asks the kernel for the acknowledgment; where it cannot be asked, ends what is held. */
  #kernelTimer: TimerEntry | null = null;
  #pollIndex = 0;
  #isWaitingForTurn = false;
  #isHurried = false;

  constructor(host: EndHost) {
    this.host = host;
    this.#engine = new ClosingEngine(host.policy, host.context.releaseTerms);
  }

  get phase(): ClosingPhase {
    return this.#engine.phase;
  }

  get discardedBytes(): number {
    return this.#engine.discardedBytes;
  }

  /** When our FIN was handed to the kernel, `null` before. */
  get finAtMs(): number | null {
    return this.#engine.finAtMs;
  }

  /** Why the connection closes, `null` while it does not. */
  get reason(): CloseReason | null {
    const { state } = this.#engine;
    return "reason" in state ? state.reason : null;
  }

  apply(input: ClosingInput): void {
    const nowMs = this.host.context.clock.now();
    const before = this.#engine.phase;
    // A response may have been given a policy of its own since the engine was made.
    if (before === "open" || before === "discarding") this.#engine.usePolicy(this.host.policy);
    const action = this.#engine.handle(input, nowMs);
    switch (action) {
      case "shutdown-write":
        this.#startFlushing(nowMs);
        break;
      case "close":
      case "close-so-linger":
      case "reset":
        this.#finish(action, nowMs);
        break;
      case "none":
        this.#continue(input, before, nowMs);
        break;
    }
  }

  // --- What the budget says ---

  handleEvicted(): void {
    this.apply({ type: "bound-reached", bound: "linger-budget" });
  }

  handlePressed(): void {
    this.#engine.press();
    const { clock } = this.host.context;
    const lingeredMs = clock.now() - (this.#engine.finAtMs ?? clock.now());
    if (this.host.transport.tcpFacts()?.isFinAcknowledged === true) {
      this.apply({ type: "acknowledged" });
    } else if (this.phase === "lingering" && lingeredMs >= this.#engine.totalTimeoutMs) {
      this.apply({ type: "bound-reached", bound: this.#engine.totalBound });
    }
  }

  /** No longer than a short linger from now on, and no longer than to the ACK where that shows. */
  hurry(): void {
    this.#engine.press();
    // Whoever insists again and again would begin the short linger anew each time.
    if (this.phase !== "lingering" || this.#isHurried) return;
    this.#isHurried = true;
    this.#totalTimer = this.#arm(this.#totalTimer, this.#engine.totalTimeoutMs);
    if (this.host.transport.canSetDeadlines) this.#poll();
  }

  handleTurn(): void {
    this.#isWaitingForTurn = false;
    this.#settleReading();
  }

  // --- Timers ---

  handleTimer(entry: TimerEntry): void {
    if (entry === this.#idleTimer) {
      this.apply({ type: "bound-reached", bound: "linger-idle-time" });
    } else if (entry === this.#totalTimer) {
      this.apply({ type: "bound-reached", bound: this.#engine.totalBound });
    } else if (this.host.transport.canSetDeadlines) this.#poll();
    else this.#endHold();
  }

  #poll(): void {
    if (this.host.transport.tcpFacts()?.isFinAcknowledged === true) {
      this.apply({ type: "acknowledged" });
    } else this.#armPoll();
  }

  #armPoll(): void {
    const delayMs = POLL_MS[Math.min(this.#pollIndex, POLL_MS.length - 1)] ?? 1_000;
    this.#pollIndex += 1;
    this.#kernelTimer = this.#arm(this.#kernelTimer, delayMs);
  }

  #endHold(): void {
    const { state, holdBound } = this.#engine;
    if (state.phase !== "held") return;
    this.apply({ type: "reset-requested", reason: state.reason, bound: holdBound });
  }

  #arm(entry: TimerEntry | null, timeoutMs: number): TimerEntry {
    const armed = entry ?? new TimerEntry(this);
    const { timers, clock } = this.host.context;
    timers.arm(armed, timeoutMs, clock.now());
    return armed;
  }

  // --- From the last response to the release ---

  #startFlushing(nowMs: number): void {
    const { transport, policy, isShortLingerAsked } = this.host;
    if (isShortLingerAsked) this.#engine.useShortLinger();
    this.host.startFlushing(nowMs);
    this.#settleReading();
    transport.setUnacknowledgedTimeout(policy.unacknowledgedTimeoutMs);
    transport.shutdownWrite();
  }

  #continue(input: ClosingInput, before: ClosingPhase, nowMs: number): void {
    const { phase } = this.#engine;
    if (phase === "open" || phase === "discarding") return;
    if (phase === "flushing") {
      this.#settleReading();
      return;
    }
    if (before === "flushing") this.#startLingering();
    else if (phase === "held" && before === "lingering") this.#startHolding();
    else if (input.type === "peer-data") this.#takeTurn(input.byteLength, nowMs);
  }

  #startLingering(): void {
    const { context, transport, policy } = this.host;
    this.host.stopSendWatch();
    if (!transport.canSetDeadlines) {
      const { finWait2TimeoutMs, unacknowledgedTimeoutMs } = policy;
      const holdMs = Math.min(finWait2TimeoutMs, unacknowledgedTimeoutMs);
      this.#kernelTimer = this.#arm(this.#kernelTimer, holdMs);
    }
    if (context.budget.admit(this, addressKey(transport.peer.address))) this.#engine.press();
    // What was thrown away before our FIN may have used up a bound, and the budget may have had no
    // room even for this one.
    if (this.phase === "held") this.#startHolding();
    if (this.phase !== "lingering") return;
    this.#idleTimer = this.#arm(this.#idleTimer, this.#engine.idleTimeoutMs);
    this.#totalTimer = this.#arm(this.#totalTimer, this.#engine.totalTimeoutMs);
    if (!transport.canSetDeadlines) return;
    if (this.#engine.isReleasedByAcknowledgment) this.#armPoll();
  }

  #startHolding(): void {
    const { timers } = this.host.context;
    if (this.#idleTimer !== null) timers.cancel(this.#idleTimer);
    if (this.#totalTimer !== null) timers.cancel(this.#totalTimer);
    this.#settleReading();
  }

  #takeTurn(byteLength: number, nowMs: number): void {
    const { budget } = this.host.context;
    if (this.phase === "lingering") {
      this.#idleTimer = this.#arm(this.#idleTimer, this.#engine.idleTimeoutMs);
    }
    this.#isWaitingForTurn = !budget.takeTurnBytes(this, byteLength, nowMs);
    this.#settleReading();
  }

  #settleReading(): void {
    this.host.setPaused(this.#isWaitingForTurn || !this.#engine.mayRead);
  }

  #finish(action: ClosingAction, nowMs: number): void {
    const { state, finAtMs, heldAtMs } = this.#engine;
    if (state.phase !== "closed") return;
    const { context, transport } = this.host;
    for (const timer of [this.#idleTimer, this.#totalTimer, this.#kernelTimer]) {
      if (timer !== null) context.timers.cancel(timer);
    }
    context.budget.leave(this, addressKey(transport.peer.address));
    const { outcome, reason, discardedBytes } = state;
    const facts = transport.tcpFacts();
    const end = { outcome, reason, discardedBytes, finAtMs, heldAtMs, endedAtMs: nowMs, facts };
    this.host.finish(end, () => this.#release(action, outcome, nowMs));
  }

  #release(action: ClosingAction, outcome: EndingOutcome, nowMs: number): void {
    const { transport, policy } = this.host;
    // A system that is tuned to less has its reasons, and TCP_LINGER2 would override it.
    const { orphanMs } = this.host.context.releaseTerms;
    const restMs = Math.min(this.#engine.finWait2RestMs(nowMs), orphanMs);
    if (action === "reset") transport.reset();
    else if (action === "close-so-linger") {
      if (!transport.closeWithSoLinger(policy.soLingerTimeoutMs, restMs)) transport.close();
    } else if (leavesOrphan(outcome) && transport.canSetDeadlines) transport.closeWithin(restMs);
    else transport.close();
  }
}

/** True if the kernel may have something left to do for this connection. */
function leavesOrphan(outcome: EndingOutcome): boolean {
  return outcome.type === "abandoned" || outcome.type === "acknowledged";
}
