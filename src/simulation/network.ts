import type { Link } from "./link.ts";
import { type Segment, sizeOf } from "./segment.ts";
import type { World } from "./world.ts";

// Where hosts find each other. Each has a way out and a way in of its own; what is between those is
// ideal.

/** What the network knows of a host. */
export interface NetworkHost {
  readonly address: string;
  readonly wayOut: Link;
  readonly wayIn: Link;
  receive(segment: Segment): void;
}

/** What becomes of a segment, for whoever writes a trace. */
export type SegmentFate =
  | "sent"
  /** The host has it, and has not looked at it. */
  | "arrived"
  /** The host has done with it all that it does. */
  | "handled"
  | "lost";

export class Network {
  readonly world: World;
  /** Sees every segment as it is sent, and what becomes of it. */
  trace: ((fate: SegmentFate, segment: Segment) => void) | null = null;
  readonly #hosts = new Map<string, NetworkHost>();

  constructor(world: World) {
    this.world = world;
  }

  /** @throws {RangeError} The address is another host's. */
  add(host: NetworkHost): void {
    if (this.#hosts.has(host.address)) {
      throw new RangeError(`Cannot add a host: ${host.address} is another one's address`);
    }
    this.#hosts.set(host.address, host);
  }

  /** It is switched off: what is sent to it is lost, and its address is free. */
  remove(host: NetworkHost): void {
    if (this.#hosts.get(host.address) === host) this.#hosts.delete(host.address);
  }

  send(from: NetworkHost, segment: Segment): void {
    this.trace?.("sent", segment);
    const to = this.#hosts.get(segment.to.address);
    if (to === undefined) {
      this.trace?.("lost", segment);
      return;
    }
    const size = sizeOf(segment);
    const isUnderWay = from.wayOut.send(size, () => {
      const isArriving = to.wayIn.send(size, () => {
        this.trace?.("arrived", segment);
        to.receive(segment);
        this.trace?.("handled", segment);
      });
      if (!isArriving) this.trace?.("lost", segment);
    });
    if (!isUnderWay) this.trace?.("lost", segment);
  }
}
