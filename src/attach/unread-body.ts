import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TimerEntry, type TimerOwner } from "../base/timer-lists.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import type { ClosingInput } from "../closing/state.ts";
import type { CloseReason } from "../tcp/ending.ts";
import type { AttachedContext } from "./attached-context.ts";
import { type AttachedRequests, isClaimed } from "./attached-requests.ts";
import { countDiscarded, type DiscardCounter, stopCounting } from "./input-hooks.ts";

// The rest of a request body behind its response. node:http reads what nobody wants, without any
// bound of its own; what somebody has begun to read and given up, it waits for.

/** What the body needs of its connection. */
export interface UnreadBodyHost {
  readonly socket: Socket;
  readonly context: AttachedContext;
  readonly policy: ClosePolicy;
  readonly requests: AttachedRequests;
  readonly isDiscarding: boolean;
  apply(input: ClosingInput): void;
  requestClose(reason: CloseReason): void;
}

export class UnreadBody implements TimerOwner, DiscardCounter {
  readonly #host: UnreadBodyHost;
  readonly #timer: TimerEntry = new TimerEntry(this);
  /** Somebody reads it, or did. */
  #claimed: IncomingMessage | null = null;
  #receivedBytes = 0;

  constructor(host: UnreadBodyHost) {
    this.#host = host;
  }

  /** Nobody wants it. `hasLength`: a length that is announced is a bound already. */
  discard(hasLength: boolean): void {
    const { socket } = this.#host;
    this.#claimed = null;
    this.#host.apply({ type: "discard-started", discardedBytes: 0 });
    if (!hasLength) countDiscarded(socket, this);
    this.#arm();
  }

  /** Somebody has begun to read it, and may go on for as long as that is so. */
  watch(request: IncomingMessage): void {
    this.#claimed = request;
    this.#receivedBytes = this.#host.socket.bytesRead;
    this.#arm();
  }

  stop(): void {
    this.#host.context.timers.cancel(this.#timer);
    this.#claimed = null;
    stopCounting(this.#host.socket);
  }

  noteDiscarded(byteLength: number): void {
    // With the end of the request the bytes of the next one begin.
    if (this.#host.isDiscarding && this.#host.requests.incomplete !== null) {
      this.#host.apply({ type: "peer-data", byteLength });
    }
  }

  handleTimer(): void {
    if (this.#host.isDiscarding) this.#host.apply({ type: "discard-exhausted" });
    else if (this.#claimed !== null && this.#claimed === this.#host.requests.incomplete) {
      this.#look(this.#claimed);
    }
  }

  #look(request: IncomingMessage): void {
    const { socket } = this.#host;
    if (!isClaimed(request)) this.discard(request.headers["content-length"] !== undefined);
    // A client may be slow; an application that wants the rest has taken what is here.
    else if (socket.bytesRead > this.#receivedBytes || isTaken(request)) this.watch(request);
    else this.#host.requestClose("body-unread");
  }

  #arm(): void {
    const { context, policy } = this.#host;
    context.timers.arm(this.#timer, policy.discardTimeoutMs, context.clock.now());
  }
}

function isTaken(request: IncomingMessage): boolean {
  return request.readableLength === 0 && !request.isPaused();
}
