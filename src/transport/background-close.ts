import { close } from "node:fs";
import type { SocketOptions } from "./socket-options.ts";

// close() with SO_LINGER, which blocks its thread even for a non-blocking socket, off the event
// loop: in the runtime's thread pool, on a duplicate of the descriptor. The runtime closes its own
// descriptor first, which does not block while the duplicate keeps the socket open.
//
// The queue is bounded in length and in time: no descriptor waits longer than its own time-out and
// that of those before it. FIN has to be out already, so that waiting here delays no peer.

/** Of the pool's 4 threads (UV_THREADPOOL_SIZE) two are left to file reads and name look-ups. */
const CLOSING_LIMIT = 2;
/**
 * Each waiting entry keeps a descriptor, so no more than a small share of a server's limit. Apache
 * has room for as many as it has workers (MaxRequestWorkers, 400), each of which may block so.
 */
const WAITING_LIMIT = 1_024;

interface WaitingClose {
  readonly options: SocketOptions;
  readonly descriptor: number;
  readonly deadlineAtMs: number;
}

export interface BackgroundCloseLimits {
  readonly closingLimit: number;
  readonly waitingLimit: number;
}

export class BackgroundCloses {
  /** Closes that got no SO_LINGER, because too many were waiting, or for too long. */
  overflowCount = 0;
  /** Closes that occupy a thread. */
  closingCount = 0;
  readonly #limits: BackgroundCloseLimits;
  readonly #waiting: WaitingClose[] = [];

  constructor(
    limits: BackgroundCloseLimits = {
      closingLimit: CLOSING_LIMIT,
      waitingLimit: WAITING_LIMIT,
    },
  ) {
    this.#limits = limits;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /**
   * Closes `descriptor`, the last one of its socket, within `timeoutMs`, rounded up to whole
   * seconds: once the peer has acknowledged everything, or with what it has not got left to the
   * kernel.
   */
  close(options: SocketOptions, descriptor: number, timeoutMs: number): void {
    const waiting = { options, descriptor, deadlineAtMs: performance.now() + timeoutMs };
    if (this.closingCount < this.#limits.closingLimit) this.#closeSlowly(waiting);
    else if (this.#waiting.length < this.#limits.waitingLimit) this.#waiting.push(waiting);
    else this.#closeAtOnce(descriptor);
  }

  #closeSlowly({ options, descriptor, deadlineAtMs }: WaitingClose): void {
    const restMs = deadlineAtMs - performance.now();
    if (restMs <= 0 || !options.setSoLinger(descriptor, Math.ceil(restMs / 1_000))) {
      this.#closeAtOnce(descriptor);
      return;
    }
    this.closingCount += 1;
    // Linux releases the descriptor whatever it reports, and there is nobody left to tell.
    close(descriptor, () => {
      this.closingCount -= 1;
      this.#closeNext();
    });
  }

  /** Entries whose time is over take no thread, so that one turn may end many of them. */
  #closeNext(): void {
    while (this.closingCount < this.#limits.closingLimit) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#closeSlowly(next);
    }
  }

  #closeAtOnce(descriptor: number): void {
    this.overflowCount += 1;
    // As above: the result says nothing that anybody could act on.
    close(descriptor, () => {});
  }
}

/** The one queue of the process, because the thread pool that it protects is one per process. */
export const backgroundCloses: BackgroundCloses = new BackgroundCloses();
