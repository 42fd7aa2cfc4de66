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
export type SegmentFate = "sent" | "arrived";

export class Network {
  readonly world: World;
  /** Sees every segment twice, unless it is lost. */
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
    if (to === undefined) return;
    const size = sizeOf(segment);
    from.wayOut.send(size, () =>
      to.wayIn.send(size, () => {
        this.trace?.("arrived", segment);
        to.receive(segment);
      }),
    );
  }
}
