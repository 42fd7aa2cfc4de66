import { TimerEntry, type TimerOwner } from "../base/timer-lists.ts";
import type { Transport } from "../transport/transport.ts";
import type { TeardownContext } from "./teardown-context.ts";

// Tells a slow peer from a stalled one while something waits to be sent to it.
//
// Progress is what the runtime hands to the kernel, and, where the kernel can be asked, what the
// peer acknowledges: a send buffer of several MB hides a slow reader from the runtime for minutes.

export interface SendWatchHost {
  readonly context: TeardownContext;
  readonly transport: Transport;
  /** Nothing moved for `sendTimeoutMs`. */
  handleSendStalled(): void;
}

export class SendWatch implements TimerOwner {
  readonly host: SendWatchHost;
  readonly #timer: TimerEntry = new TimerEntry(this);
  #seenProgressCount = 0;
  #seenAcknowledgedBytes = 0;

  constructor(host: SendWatchHost) {
    this.host = host;
  }

  get isArmed(): boolean {
    return this.#timer.isArmed;
  }

  /** Watches from now on, whatever it watched before. */
  arm(): void {
    const { transport, context } = this.host;
    this.#seenProgressCount = transport.progressCount;
    this.#seenAcknowledgedBytes = transport.tcpFacts()?.acknowledgedBytes ?? 0;
    context.timers.arm(this.#timer, context.sendTimeoutMs, context.clock.now());
  }

  cancel(): void {
    this.host.context.timers.cancel(this.#timer);
  }

  handleTimer(): void {
    if (this.#hasProgress()) this.arm();
    else this.host.handleSendStalled();
  }

  #hasProgress(): boolean {
    const { transport } = this.host;
    if (transport.progressCount !== this.#seenProgressCount) return true;
    return (transport.tcpFacts()?.acknowledgedBytes ?? 0) > this.#seenAcknowledgedBytes;
  }
}
