import type { EndpointPlace, EndpointState } from "../simulation/endpoint-account.ts";
import type { SegmentFate } from "../simulation/network.ts";
import { flagsOf, lengthOf, type Segment } from "../simulation/segment.ts";
import {
  type Act,
  connectionKey,
  isOpening,
  type Move,
  type ProgramAct,
  type RunWatcher,
  type Side,
} from "./run-watcher.ts";

// One connection of a run, from its SYN until both kernels have forgotten it: every segment, what
// the programs did in between, and the states of both ends behind each of these.

export interface TracedEnd {
  readonly state: EndpointState | "listen" | "crashed";
  /** A program has the socket. */
  readonly isOwned: boolean;
}

export type TraceEvent =
  | {
      readonly type: "segment";
      readonly from: Side;
      readonly sentAtMs: number;
      readonly flags: readonly string[];
      readonly sequence: number;
      /** The number behind its last one. */
      readonly sequenceEnd: number;
      readonly acknowledgment: number | null;
      readonly windowBytes: number;
      readonly byteLength: number;
      readonly isLost: boolean;
      /** All of it was sent before. */
      readonly isAgain: boolean;
    }
  | {
      readonly type: "act";
      readonly by: Side;
      readonly act: Act;
      readonly detail: string | null;
    }
  /** A kernel does something by itself. */
  | { readonly type: "kernel"; readonly by: Side; readonly what: KernelAct };

export type KernelAct = "time-wait-over" | "fin-wait-2-over" | "gave-up" | "crashed" | "moved";

/** A segment has the time of its arrival, or of its loss. */
export interface TraceLine {
  readonly atMs: number;
  readonly event: TraceEvent;
  client: TracedEnd;
  server: TracedEnd;
}

/** Of the lines of a long connection, so many from its beginning and from its end are kept. */
export const KEPT_LINES = 1_000;

interface UnderWay {
  readonly sentAtMs: number;
  readonly isAgain: boolean;
}

export class ConnectionTrace implements RunWatcher {
  readonly number: number;
  /** Connections that clients have opened so far. */
  openedCount = 0;
  clientId: string | null = null;
  clientAddress: string | null = null;
  readonly #first: TraceLine[] = [];
  /** A ring, once it is full. */
  readonly #last: TraceLine[] = [];
  #lineCount = 0;
  #key: string | null = null;
  #client: TracedEnd = { state: "closed", isOwned: false };
  #server: TracedEnd = { state: "listen", isOwned: false };
  #newest: TraceLine | null = null;
  readonly #underWay = new Map<Segment, UnderWay>();
  readonly #highest = { client: 0, server: 0 };
  /** A kernel is looking at a segment; what programs do meanwhile is told behind it. */
  #isHandling = false;
  #waiting: TraceEvent[] = [];

  /** `number`: connections count from 1, as clients open them. */
  constructor(number: number) {
    this.number = number;
  }

  /** The connection has come. */
  get hasBegun(): boolean {
    return this.#key !== null;
  }
  /** It has come, and nothing of it is left. */
  get isOver(): boolean {
    const isClientGone = this.#client.state === "closed" && !this.#client.isOwned;
    const isServerGone = !this.#server.isOwned && isGone(this.#server);
    return this.hasBegun && isClientGone && isServerGone && this.#underWay.size === 0;
  }
  /** Lines in the middle that were not kept. */
  get leftOutCount(): number {
    return this.#lineCount - this.#first.length - this.#last.length;
  }
  get firstLines(): readonly TraceLine[] {
    return this.#first;
  }
  get lastLines(): readonly TraceLine[] {
    const start = this.#lineCount % KEPT_LINES;
    if (this.#last.length < KEPT_LINES) return this.#last;
    return [...this.#last.slice(start), ...this.#last.slice(0, start)];
  }

  handleSegment(atMs: number, fate: SegmentFate, segment: Segment): void {
    if (this.#key === null) return;
    const from = this.#sideOf(segment);
    if (from === null) return;
    switch (fate) {
      case "sent": {
        const end = segment.sequence + lengthOf(segment);
        const isAgain = lengthOf(segment) > 0 && end <= this.#highest[from];
        this.#highest[from] = Math.max(this.#highest[from], end);
        this.#underWay.set(segment, { sentAtMs: atMs, isAgain });
        break;
      }
      case "arrived":
        this.#isHandling = true;
        break;
      case "handled":
      case "lost":
        this.#addSegment(atMs, segment, from, fate === "lost");
    }
  }

  handleMove(atMs: number, move: Move): void {
    const { side, holder, after } = move;
    const isOpened = isOpening(move);
    if (isOpened) this.openedCount += 1;
    if (isOpened && this.openedCount === this.number) {
      this.#key = connectionKey(side, holder);
      this.clientId = move.clientId;
      this.clientAddress = this.#key;
      this.#client = endAt(after);
      this.#add(atMs, { type: "act", by: "client", act: "connect", detail: move.clientId });
      return;
    }
    if (this.#key === null || connectionKey(side, holder) !== this.#key) return;
    const end = move.hasCrashed ? CRASHED : endAt(after);
    const shown = side === "client" ? this.#client : this.#server;
    if (end.state === shown.state && end.isOwned === shown.isOwned) return;
    if (side === "client") this.#client = end;
    else this.#server = end;
    if (this.#isHandling) return;
    if (this.#isNewestBy(side, atMs)) this.#renewNewest();
    else this.#add(atMs, { type: "kernel", by: side, what: reasonOf(move) });
  }

  handleAct(atMs: number, { side, holder, act, detail }: ProgramAct): void {
    if (this.#key === null || connectionKey(side, holder) !== this.#key) return;
    const event: TraceEvent = { type: "act", by: side, act, detail };
    if (this.#isHandling) this.#waiting.push(event);
    else this.#add(atMs, event);
  }

  #sideOf({ from, to }: Segment): Side | null {
    if (`${from.address}:${from.port}` === this.#key) return "client";
    return `${to.address}:${to.port}` === this.#key ? "server" : null;
  }

  #addSegment(atMs: number, segment: Segment, from: Side, isLost: boolean): void {
    const { sequence, acknowledgment, windowBytes, bytes } = segment;
    const { sentAtMs, isAgain } = this.#underWay.get(segment) ?? {
      sentAtMs: atMs,
      isAgain: false,
    };
    this.#underWay.delete(segment);
    this.#add(atMs, {
      type: "segment",
      from,
      sentAtMs,
      flags: flagsOf(segment),
      sequence,
      sequenceEnd: sequence + lengthOf(segment),
      acknowledgment,
      windowBytes,
      byteLength: bytes.byteLength,
      isLost,
      isAgain,
    });
    // A segment may be lost while another one is looked at.
    if (isLost) return;
    this.#isHandling = false;
    for (const event of this.#waiting.splice(0)) this.#add(atMs, event);
  }

  /** An act moves the ends behind it: its line has the states that come of it. */
  #isNewestBy(side: Side, atMs: number): boolean {
    if (this.#newest === null) return false;
    const { event } = this.#newest;
    return event.type === "act" && event.by === side && this.#newest.atMs === atMs;
  }

  #renewNewest(): void {
    if (this.#newest === null) return;
    this.#newest.client = this.#client;
    this.#newest.server = this.#server;
  }

  #add(atMs: number, event: TraceEvent): void {
    const line = {
      atMs,
      event,
      client: this.#client,
      server: this.#server,
    };
    this.#newest = line;
    if (this.#lineCount < KEPT_LINES) this.#first.push(line);
    else this.#last[this.#lineCount % KEPT_LINES] = line;
    this.#lineCount += 1;
  }
}

const CRASHED: TracedEnd = { state: "crashed", isOwned: false };

function endAt(place: EndpointPlace | null): TracedEnd {
  return { state: place?.state ?? "closed", isOwned: place?.isOwned ?? false };
}

function isGone({ state }: TracedEnd): boolean {
  return state === "closed" || state === "crashed" || state === "listen";
}

function reasonOf({ before, after, holder, hasCrashed }: Move): KernelAct {
  if (hasCrashed) return "crashed";
  const isOver = after === null || after.state === "closed";
  if (!isOver) return "moved";
  if (before?.state === "time-wait") return "time-wait-over";
  if (before?.state === "fin-wait-2") return "fin-wait-2-over";
  return holder.error === "ETIMEDOUT" ? "gave-up" : "moved";
}
