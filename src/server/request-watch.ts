import { TimerEntry, type TimerOwner } from "../base/timer-lists.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import type { ClosingInput } from "../closing/state.ts";
import type { CloseReason } from "../tcp/ending.ts";
import { FRESH_GRACE_MS } from "../teardown/shutdown.ts";
import type { Transport } from "../transport/transport.ts";
import type { RequestIntake } from "./request-intake.ts";
import type { ServerContext } from "./server-context.ts";

// What one connection waits for while it is open, and for how long: the time-outs of requests.

/** What the timer is armed for. */
type Watch = "nothing" | "idle" | "fresh" | "head" | "body" | "discard";

export interface WatchHost {
  readonly context: ServerContext;
  readonly transport: Transport;
  readonly policy: ClosePolicy;
  readonly requestCount: number;
  readonly isReading: boolean;
  readonly isDiscarding: boolean;
  readonly intake: RequestIntake | null;
  requestClose(reason: CloseReason): void;
  apply(input: ClosingInput): void;
  settle(): void;
}

export class RequestWatch implements TimerOwner {
  readonly host: WatchHost;
  readonly #timer: TimerEntry = new TimerEntry(this);
  #watch: Watch = "nothing";

  constructor(host: WatchHost) {
    this.host = host;
  }

  /** The next `settle` arms the timer anew, even for the same thing. */
  renew(): void {
    this.#watch = "nothing";
  }

  cancel(): void {
    this.#watch = "nothing";
    this.host.context.timers.cancel(this.#timer);
  }

  /** The idle time-out has become another one: what is idle waits for that, from now on. */
  rearmIdle(): void {
    if (this.#watch === "idle") this.#arm("idle");
  }

  /** Waits for what is due now, and goes on waiting if that is still the same. */
  settle(): void {
    const watch = this.#nextWatch();
    if (watch === this.#watch) return;
    if (watch === "nothing") this.cancel();
    else this.#arm(watch);
  }

  handleTimer(): void {
    const { host } = this;
    const watch = this.#watch;
    this.#watch = "nothing";
    switch (watch) {
      case "nothing":
        break;
      case "idle":
        host.requestClose("idle-timeout");
        break;
      case "fresh":
        host.requestClose("server-shutdown");
        break;
      case "head":
        host.intake?.refuse(408, "request-timeout", "The header section did not arrive in time");
        break;
      case "body":
        this.#checkBodyRate();
        break;
      case "discard":
        host.apply({ type: "discard-exhausted" });
        break;
    }
  }

  #arm(watch: Watch): void {
    const { timers, clock } = this.host.context;
    this.#watch = watch;
    timers.arm(this.#timer, this.#timeoutMs(watch), clock.now());
  }

  #nextWatch(): Watch {
    const { intake, transport, context } = this.host;
    if (this.host.isDiscarding) return "discard";
    if (intake === null) {
      // A response on its way is watched by another timer; the peer is idle once it is gone.
      if (transport.unsentBytes > 0) return "nothing";
      return context.phase === "closing" ? "fresh" : "idle";
    }
    if (!intake.hasExchange) return intake.mayDispatch() ? "head" : "nothing";
    const isWatched = intake.isBodyDue && context.limits.bodyMinRateBytesPerSecond > 0;
    if (isWatched && this.#watch !== "body") intake.windowBytes = 0;
    return isWatched ? "body" : "nothing";
  }

  #timeoutMs(watch: Watch): number {
    const { limits, idleTimeoutMs } = this.host.context;
    switch (watch) {
      case "idle":
        return this.host.requestCount === 0 ? limits.headerTimeoutMs : idleTimeoutMs;
      case "fresh":
        return FRESH_GRACE_MS;
      case "body":
        return limits.bodyRateWindowMs;
      case "discard":
        return this.host.policy.discardTimeoutMs;
      default:
        return limits.headerTimeoutMs;
    }
  }

  #checkBodyRate(): void {
    const { intake, context } = this.host;
    const { bodyMinRateBytesPerSecond, bodyRateWindowMs } = context.limits;
    const receivedBytes = intake?.windowBytes ?? 0;
    if (receivedBytes * 1_000 < bodyMinRateBytesPerSecond * bodyRateWindowMs) {
      const cause = new Error("The body did not arrive in time");
      intake?.failRequest(408, "request-timeout", cause);
    }
    if (this.host.isReading) this.host.settle();
  }
}
