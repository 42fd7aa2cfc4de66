import type { ClientEffect } from "../closing/client-rules.ts";
import type { ClosePolicy } from "../closing/policy.ts";
import type { ClosingInput } from "../closing/state.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { CloseReason } from "../tcp/ending.ts";
import type { ConnectionFacts } from "./exchange.ts";
import type { OutboxHost } from "./outbox.ts";
import type { ServerContext } from "./server-context.ts";

// The port between what is read of requests and the connection that they come on. Types only.

/** What an intake needs of its connection. */
export interface IntakeHost extends ConnectionFacts, OutboxHost {
  readonly context: ServerContext;
  /** Requests begun on this connection, the present one included. */
  readonly requestCount: number;
  readonly hasPeerEnded: boolean;
  /** True while requests are read; false once the connection is closing. */
  readonly isReading: boolean;
  readonly isDiscarding: boolean;
  /** The close policy in force: the server's, or the one of the present response. */
  readonly policy: ClosePolicy;
  /** When the connection was accepted, in monotonic milliseconds. */
  readonly openedAtMs: number;
  /** What was learned of clients like this one forbids persistence. */
  readonly isLearnedBroken: boolean;
  /** Returns what the client rules do to this request; `null`: nothing. */
  noteRequest(head: RequestHead): ClientEffect | null;
  usePolicy(policy: ClosePolicy): void;
  requestClose(reason: CloseReason): void;
  apply(input: ClosingInput): void;
  /** The response is complete, the request is not. `discardedBytes` of it are noted already. */
  startDiscard(discardedBytes: number): void;
  finishDiscard(): void;
  noteDiscarded(byteCount: number): void;
  /** Something was sent outside of `process`. */
  noteSent(): void;
  /** One step of `process` is over: decide what to wait for. */
  settle(): void;
}
