import type { EndpointUser } from "./endpoint-user.ts";
import { Host } from "./host.ts";
import type { LinkOptions } from "./link.ts";
import { Network } from "./network.ts";
import { segmentText } from "./segment.ts";
import { LINUX, type SystemBehavior } from "./system-behavior.ts";
import type { TcpEndpoint } from "./tcp-endpoint.ts";
import { World } from "./world.ts";

// Test support: a server and a client that do what they are told, 25 ms apart, and every segment
// that was on its way between them.

export const DELAY_MS = 25;

export interface SceneOptions {
  readonly seed?: number;
  readonly link?: LinkOptions;
  readonly server?: Partial<SystemBehavior>;
  readonly client?: Partial<SystemBehavior>;
}

/** A program that reads what comes, unless it is told not to, and does nothing else. */
export class ReadingUser implements EndpointUser {
  receivedBytes = 0;
  isReading = true;
  readonly endpoint: TcpEndpoint;

  constructor(endpoint: TcpEndpoint) {
    this.endpoint = endpoint;
    endpoint.user = this;
  }

  get isAtEnd(): boolean {
    return this.endpoint.isAtEnd;
  }

  handleReady(): void {
    if (this.isReading) this.read();
  }

  read(): void {
    for (const { byteLength } of this.endpoint.read()) this.receivedBytes += byteLength;
  }

  /** All of it, as room comes. */
  write(byteLength: number): void {
    const left = byteLength - this.endpoint.write(new Uint8Array(byteLength));
    if (left > 0) this.endpoint.user = { handleReady: () => this.#goOn(left) };
  }

  #goOn(byteLength: number): void {
    this.endpoint.user = this;
    this.handleReady();
    this.write(byteLength);
  }
}

export class TcpScene {
  readonly world: World;
  readonly network: Network;
  readonly serverHost: Host;
  readonly clientHost: Host;
  /** `12.5 s FIN 1:2 ack 1 win 131072`, for each segment as it was sent. */
  readonly segments: string[] = [];
  readonly accepted: ReadingUser[] = [];

  constructor({ seed = 1, link = {}, server = {}, client = {} }: SceneOptions = {}) {
    this.world = new World(seed);
    this.network = new Network(this.world);
    this.network.trace = (fate, segment) => {
      if (fate !== "sent") return;
      const who = segment.from.address === "server" ? "s" : "c";
      this.segments.push(`${this.world.nowMs} ${who} ${segmentText(segment)}`);
    };
    this.serverHost = new Host(this.network, {
      address: "server",
      behavior: { ...LINUX, ...server },
    });
    const way = { delayMs: DELAY_MS, ...link };
    this.clientHost = new Host(this.network, {
      address: "client",
      behavior: { ...LINUX, ...client },
      wayOut: way,
      wayIn: way,
    });
    this.serverHost.listen(80, (endpoint) => this.accepted.push(new ReadingUser(endpoint)));
  }

  /** A client and what the server has accepted. */
  connect(): { readonly client: ReadingUser; readonly server: ReadingUser } {
    const endpoint = this.clientHost.connect({ address: "server", port: 80 });
    const client = new ReadingUser(endpoint);
    const count = this.accepted.length;
    while (this.accepted.length === count) this.world.runUntil(this.world.nowMs + 1);
    const server = this.accepted[count];
    if (server === undefined) throw new Error("Nobody has accepted");
    return { client, server };
  }

  advance(milliseconds: number): void {
    this.world.runUntil(this.world.nowMs + milliseconds);
  }

  countSent(pattern: RegExp): number {
    return this.segments.filter((text) => pattern.test(text)).length;
  }
}
