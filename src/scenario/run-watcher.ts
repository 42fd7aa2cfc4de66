import type { AccountHolder, EndpointPlace } from "../simulation/endpoint-account.ts";
import type { SegmentFate } from "../simulation/network.ts";
import type { Segment } from "../simulation/segment.ts";

// Who looks at the connections of a run while it is played. It changes nothing: a run that is
// watched has the same events as one that is not.

export type Side = "client" | "server";

/** What the programs at both ends do and see. */
export type Act =
  | "connect"
  | "request"
  | "response"
  | "write"
  | "half-close"
  | "close"
  | "reset"
  | "response-seen"
  | "end-seen"
  | "failure-seen"
  /** What the client makes of it: see {@link VisitTally}. */
  | "request-lost"
  | "request-unreached"
  | "request-retried"
  | "request-abandoned"
  /** The client's line is cut. */
  | "vanish"
  /** The client will not send again, and leaves the world. */
  | "leave"
  /** How the server's connection ended, by its own record. */
  | "ending";

/** A kernel has moved its end of a connection. */
export interface Move {
  readonly side: Side;
  readonly holder: AccountHolder;
  readonly before: EndpointPlace | null;
  readonly after: EndpointPlace | null;
  /** The profile of the client; `null`: it is the server's end. */
  readonly clientId: string | null;
  /** The machine is gone, and so its connections are. */
  readonly hasCrashed: boolean;
}

export interface ProgramAct {
  readonly side: Side;
  readonly holder: AccountHolder;
  readonly act: Act;
  readonly detail: string | null;
}

export interface RunWatcher {
  handleSegment(atMs: number, fate: SegmentFate, segment: Segment): void;
  handleMove(atMs: number, move: Move): void;
  handleAct(atMs: number, act: ProgramAct): void;
}

/** The name of a connection while it lasts: its client's end. */
export function connectionKey(side: Side, { local, peer }: AccountHolder): string {
  const { address, port } = side === "client" ? local : peer;
  return `${address}:${port}`;
}

/** A client has begun to connect: connections are numbered in this order, from 1. */
export function isOpening({ side, before, after }: Move): boolean {
  return side === "client" && before === null && after !== null;
}
