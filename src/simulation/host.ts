import type { TransportEndpoint } from "../transport/transport.ts";
import type { AccountHolder, EndpointPlace, EndpointState } from "./endpoint-account.ts";
import { Link, type LinkOptions } from "./link.ts";
import type { Network, NetworkHost } from "./network.ts";
import type { Segment } from "./segment.ts";
import type { SystemBehavior } from "./system-behavior.ts";
import { type EndpointHost, TcpEndpoint } from "./tcp-endpoint.ts";

// A machine: its TCP connections, the memory for their state, and what it does when that is full.

/** Takes a connection that a client has made. */
export type Accept = (endpoint: TcpEndpoint) => void;

const FIRST_PORT = 1_024;
const LAST_PORT = 65_535;

export interface HostOptions {
  readonly address: string;
  readonly behavior: SystemBehavior;
  readonly wayOut?: LinkOptions;
  readonly wayIn?: LinkOptions;
}

/** How many connections there are of a state, and how many of those an application has. */
export interface StateCount {
  all: number;
  owned: number;
  /** The most of `all` so far. */
  peak: number;
}

/** Sees every connection of a machine come into a place, and leave it. */
export type MoveWatch = (
  holder: AccountHolder,
  before: EndpointPlace | null,
  after: EndpointPlace | null,
) => void;

export class Host implements NetworkHost, EndpointHost {
  readonly network: Network;
  readonly address: string;
  readonly behavior: SystemBehavior;
  readonly wayOut: Link;
  readonly wayIn: Link;
  readonly states: Map<EndpointState, StateCount> = new Map();
  /** For whoever writes a trace. */
  watchMoves: MoveWatch | null = null;
  usedBytes = 0;
  peakBytes = 0;
  /** Most connections at once, in any state. */
  peakEndpointCount = 0;
  /** Connections that found no memory. */
  refusedCount = 0;
  crashedAtMs: number | null = null;
  orphanCount = 0;
  readonly #endpoints = new Map<string, TcpEndpoint>();
  readonly #listeners = new Map<number, Accept>();
  #nextPort = FIRST_PORT;

  constructor(network: Network, options: HostOptions) {
    this.network = network;
    this.address = options.address;
    this.behavior = options.behavior;
    this.wayOut = new Link(network.world, options.wayOut);
    this.wayIn = new Link(network.world, options.wayIn);
    network.add(this);
  }

  get world(): Network["world"] {
    return this.network.world;
  }
  get endpointCount(): number {
    return this.#endpoints.size;
  }
  get endpoints(): Iterable<TcpEndpoint> {
    return this.#endpoints.values();
  }

  listen(port: number, accept: Accept): void {
    this.#listeners.set(port, accept);
  }

  stopListening(port: number): void {
    this.#listeners.delete(port);
  }

  /** The handshake has begun; or failed at once, for want of memory or of ports. */
  connect(to: TransportEndpoint): TcpEndpoint {
    const local = { address: this.address, port: this.#findPort(to) };
    const endpoint = new TcpEndpoint(this, local, to);
    this.#endpoints.set(keyOf(local.port, to), endpoint);
    endpoint.open();
    return endpoint;
  }

  receive(segment: Segment): void {
    if (this.crashedAtMs !== null) return;
    const endpoint = this.#endpoints.get(keyOf(segment.to.port, segment.from));
    if (endpoint !== undefined) {
      const isForListener = segment.isSyn && this.#listeners.has(segment.to.port);
      if (isForListener && segment.acknowledgment === null && endpoint.yieldToSyn()) {
        this.#acceptSyn(segment);
      } else endpoint.receive(segment);
    } else if (segment.isSyn && segment.acknowledgment === null) this.#acceptSyn(segment);
    else if (!segment.isReset) this.#refuse(segment);
  }

  transmit(segment: Segment): void {
    if (this.crashedAtMs === null) this.network.send(this, segment);
  }

  established(endpoint: TcpEndpoint): void {
    const accept = this.#listeners.get(endpoint.local.port);
    // The listener has gone while the client was on its way.
    if (accept === undefined) endpoint.abort();
    else accept(endpoint);
  }

  forget(endpoint: TcpEndpoint): void {
    const key = keyOf(endpoint.local.port, endpoint.peer);
    if (this.#endpoints.get(key) === endpoint) this.#endpoints.delete(key);
  }

  account(differenceBytes: number): void {
    this.usedBytes += differenceBytes;
    this.peakBytes = Math.max(this.peakBytes, this.usedBytes);
    this.peakEndpointCount = Math.max(this.peakEndpointCount, this.endpointCount);
  }

  noteMove(holder: AccountHolder, before: EndpointPlace | null, after: EndpointPlace | null): void {
    this.watchMoves?.(holder, before, after);
  }

  countState({ state, isOwned, isSendingOrphan }: EndpointPlace, difference: number): void {
    if (isSendingOrphan) this.orphanCount += difference;
    const count = this.states.get(state) ?? { all: 0, owned: 0, peak: 0 };
    count.all += difference;
    count.peak = Math.max(count.peak, count.all);
    if (isOwned) count.owned += difference;
    this.states.set(state, count);
  }

  #acceptSyn(segment: Segment): void {
    if (!this.#listeners.has(segment.to.port)) {
      this.#refuse(segment);
      return;
    }
    const { memory, memoryLimitBytes, onMemoryFull } = this.behavior;
    if (this.usedBytes + memory.ownedBytes > memoryLimitBytes) {
      this.refusedCount += 1;
      if (onMemoryFull === "crash") this.#crash();
      else if (onMemoryFull === "refuse") this.#refuse(segment);
      return;
    }
    const endpoint = new TcpEndpoint(this, segment.to, segment.from);
    this.#endpoints.set(keyOf(segment.to.port, segment.from), endpoint);
    endpoint.receive(segment);
  }

  /** RFC 9293 §3.10.7.1: a segment for no connection is answered with RST. */
  #refuse(segment: Segment): void {
    const { acknowledgment, sequence, bytes, isSyn, isFin } = segment;
    const length = bytes.byteLength + (isSyn ? 1 : 0) + (isFin ? 1 : 0);
    this.transmit({
      from: segment.to,
      to: segment.from,
      sequence: acknowledgment ?? 0,
      acknowledgment: acknowledgment === null ? sequence + length : null,
      isSyn: false,
      isFin: false,
      isReset: true,
      windowBytes: 0,
      bytes: NOTHING,
    });
  }

  /** The machine is gone, with everything that it knew. Nobody is told. */
  #crash(): void {
    this.crashedAtMs = this.world.nowMs;
    for (const endpoint of [...this.#endpoints.values()]) endpoint.vanish();
    this.#endpoints.clear();
  }

  /** @throws {RangeError} All ports towards that endpoint are in use. */
  #findPort(to: TransportEndpoint): number {
    for (let tries = FIRST_PORT; tries <= LAST_PORT; tries += 1) {
      const port = this.#nextPort;
      this.#nextPort = port === LAST_PORT ? FIRST_PORT : port + 1;
      if (!this.#endpoints.has(keyOf(port, to))) return port;
    }
    throw new RangeError(`Cannot connect: all ports of ${this.address} to ${to.address} are used`);
  }
}

const NOTHING = new Uint8Array(0);

function keyOf(localPort: number, peer: TransportEndpoint): string {
  return `${localPort} ${peer.address} ${peer.port}`;
}
