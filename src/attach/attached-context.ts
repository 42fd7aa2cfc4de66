import type { Server } from "node:http";
import type { ClosePolicy } from "../closing/policy.ts";
import type { Ending } from "../tcp/ending.ts";
import type { ServerNotice } from "../teardown/notice.ts";
import {
  type ServerPhase,
  TeardownContext,
  type TeardownParts,
} from "../teardown/teardown-context.ts";
import type { SocketOptions } from "../transport/socket-options.ts";

// What all connections of one attached server share.

/** What may change while the server runs. */
export interface AttachedSettings {
  readonly policy: ClosePolicy;
  readonly persistence: "on" | "off";
  readonly sendTimeoutMs: number;
}

/** Nothing here may throw: the connection is in the middle of a step. */
export interface AttachedObserver {
  handleEnding(ending: Ending): void;
  handleNotice(notice: ServerNotice): void;
}

export interface AttachedParts extends TeardownParts {
  readonly server: Server;
  readonly observer: AttachedObserver;
  readonly sendTimeoutMs: number;
  readonly onDestroyedResponse: "deliver" | "destroy";
  readonly onHalfClose: "answer" | "end";
}

export class AttachedContext extends TeardownContext {
  readonly server: Server;
  readonly observer: AttachedObserver;
  readonly onDestroyedResponse: "deliver" | "destroy";
  readonly onHalfClose: "answer" | "end";
  /** `null` until a way to them is found, and where there is none. */
  socketOptions: SocketOptions | null = null;
  #sendTimeoutMs: number;
  #hasListened = false;
  /** Called once, when a shutdown has ended. */
  onClosed: () => void = () => {};

  constructor(parts: AttachedParts) {
    super(parts);
    this.server = parts.server;
    this.observer = parts.observer;
    this.onDestroyedResponse = parts.onDestroyedResponse;
    this.onHalfClose = parts.onHalfClose;
    this.#sendTimeoutMs = parts.sendTimeoutMs;
    this.update();
  }

  get sendTimeoutMs(): number {
    return this.#sendTimeoutMs;
  }

  /**
   * True once the application has closed the server: a client that went on with requests would keep
   * `close` from ever calling back.
   */
  get isServerClosed(): boolean {
    this.#hasListened ||= this.server.listening;
    return this.#hasListened && !this.server.listening;
  }

  override enter(phase: ServerPhase): void {
    super.enter(phase);
    if (phase === "closed") this.onClosed();
  }

  useSettings(settings: AttachedSettings): void {
    this.policy = settings.policy;
    this.persistence = settings.persistence;
    this.#sendTimeoutMs = settings.sendTimeoutMs;
    this.budget.usePolicy(settings.policy);
    this.update();
  }
}
