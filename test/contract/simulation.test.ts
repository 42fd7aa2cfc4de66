import type { Ending, Exchange, Handler } from "../../src/index.ts";
import { SimulatedServer } from "../../src/scenario/simulated-server.ts";
import type { EndpointUser } from "../../src/simulation/endpoint-user.ts";
import { Host } from "../../src/simulation/host.ts";
import { Network } from "../../src/simulation/network.ts";
import { LINUX } from "../../src/simulation/system-behavior.ts";
import type { TcpEndpoint } from "../../src/simulation/tcp-endpoint.ts";
import { World } from "../../src/simulation/world.ts";
import { Signal } from "../support/deadline.ts";
import { ResponseParser } from "../support/response-parser.ts";
import { readAll } from "../support/scene.ts";
import { closingContract } from "./closing-contract.ts";
import type {
  ContractBackend,
  ContractBehaviour,
  ContractCapabilities,
  ContractClient,
  ContractOptions,
  ContractResponse,
  ContractServer,
} from "./contract-backend.ts";

// Goal: the closing contract holds over the simulated TCP, too, with Linux's behavior at both ends.
// How: the same server on a simulated machine, clients 5 ms away; waiting is virtual time.

const DELAY_MS = 5;
/** Longer waits than this are a failure. */
const PATIENCE_MS = 60_000;

class SimulatedBackendServer implements ContractServer {
  abortedCount = 0;
  readonly #world = new World(1);
  readonly #clientHost: Host;
  readonly #server: SimulatedServer;
  readonly #behaviour: ContractBehaviour;
  readonly #endings: Ending[] = [];
  readonly #released = new Signal();
  #requestCount = 0;

  constructor({ behaviour, limits = {}, close = {} }: ContractOptions) {
    this.#behaviour = behaviour;
    const network = new Network(this.#world);
    const host = new Host(network, { address: "192.0.2.1", behavior: LINUX });
    const way = { delayMs: DELAY_MS };
    this.#clientHost = new Host(network, {
      address: "192.0.2.2",
      behavior: LINUX,
      wayOut: way,
      wayIn: way,
    });
    this.#server = new SimulatedServer(host, {
      handler: (exchange) => this.#handle(exchange),
      limits,
      close,
      onEnding: (ending) => this.#endings.push(ending),
    });
  }

  async connect({ isReading = true } = {}): Promise<ContractClient> {
    const endpoint = this.#clientHost.connect({ address: "192.0.2.1", port: 80 });
    const client = new SimulatedClient(endpoint, isReading, this);
    await this.until("a connection", () => endpoint.isConnected);
    return client;
  }

  waitForRequests(count: number): Promise<void> {
    return this.until(`${count} requests`, () => this.#requestCount >= count);
  }

  waitForAborted(count: number): Promise<void> {
    return this.until(`${count} aborted`, () => this.abortedCount >= count);
  }

  release(): void {
    this.#released.fire();
  }

  async shutdown(deadlineMs: number): Promise<void> {
    let isDone = false;
    const done = this.#server.shutdown({ announceMs: 0, deadlineMs }).then(() => {
      isDone = true;
    });
    await this.until("the end of the server", () => isDone);
    await done;
  }

  async after(milliseconds: number): Promise<void> {
    await settle();
    this.#world.runUntil(this.#world.nowMs + milliseconds);
    await settle();
  }

  async stop(): Promise<void> {
    this.release();
    await this.after(0);
    this.#server.endNow();
    this.#world.runUntilQuiet();
    if (this.#server.errors.length > 0) throw new AggregateError(this.#server.errors);
    const { usedBytes } = this.#server.host;
    if (usedBytes !== 0) throw new Error(`${usedBytes} bytes of the machine are still in use`);
  }

  async ending(localPort: number): Promise<Ending> {
    const find = (): Ending | undefined =>
      this.#endings.find(({ peerPort }) => peerPort === localPort);
    await this.until("an ending", () => find() !== undefined);
    const ending = find();
    if (ending === undefined) throw new Error("Cannot find the ending that was there");
    return ending;
  }

  /** Lets virtual time pass, a millisecond at a time, and promises settle in between. */
  async until(what: string, isReached: () => boolean): Promise<void> {
    const startedAtMs = this.#world.nowMs;
    while (!isReached()) {
      if (this.#world.nowMs - startedAtMs > PATIENCE_MS) throw new Error(`Waited for ${what}`);
      await this.after(1);
    }
  }

  #handle(exchange: Exchange): ReturnType<Handler> {
    this.#requestCount += 1;
    exchange.onAbort((reason) => {
      if (reason === "peer-gone" || reason === "shutdown") this.abortedCount += 1;
    });
    const behaviour = this.#behaviour;
    switch (behaviour.type) {
      case "answer":
        exchange.respond(200, [], new Uint8Array(behaviour.contentBytes));
        return;
      case "read":
        return readAll(exchange).then(() => exchange.respond(200, []));
      case "hold":
        return this.#released.promise.then(() => {
          exchange.respond(200, [], new Uint8Array(behaviour.contentBytes));
        });
      case "give-up":
        exchange.startResponse(200, [], behaviour.announcedBytes);
        exchange.write(new Uint8Array(500));
        void this.#released.promise.then(() => exchange.abortResponse("content-failed"));
    }
  }
}

class SimulatedClient implements ContractClient, EndpointUser {
  readonly #endpoint: TcpEndpoint;
  readonly #server: SimulatedBackendServer;
  readonly #parser = new ResponseParser();
  readonly #unsent: Uint8Array[] = [];
  #isReading: boolean;
  #isEnding = false;
  #end: "open" | "fin" | "reset" = "open";

  constructor(endpoint: TcpEndpoint, isReading: boolean, server: SimulatedBackendServer) {
    this.#endpoint = endpoint;
    this.#isReading = isReading;
    this.#server = server;
    endpoint.user = this;
  }

  get responses(): readonly ContractResponse[] {
    return this.#parser.responses.map(({ status, bodyBytes, isComplete, fields }) => ({
      status,
      bodyBytes,
      isComplete,
      saysClose: fields.get("connection") === "close",
    }));
  }
  get end(): "open" | "fin" | "reset" {
    return this.#end;
  }

  async send(data: string | Uint8Array): Promise<void> {
    this.#unsent.push(typeof data === "string" ? Buffer.from(data, "latin1") : data);
    this.handleReady();
    const isSent = (): boolean => this.#unsent.length === 0 || this.#endpoint.state === "closed";
    await this.#server.until("what is sent to leave", isSent);
  }

  halfClose(): void {
    this.#isEnding = true;
    this.handleReady();
  }

  reset(): void {
    this.#endpoint.abort();
  }

  startReading(): void {
    this.#isReading = true;
    this.handleReady();
  }

  waitForResponses(count: number): Promise<void> {
    const isHere = (): boolean =>
      this.#parser.responses.filter(({ isComplete }) => isComplete).length >= count;
    return this.#server.until(`${count} responses`, isHere);
  }

  waitForContent(bytes: number): Promise<void> {
    const isHere = (): boolean => (this.#parser.responses[0]?.bodyBytes ?? 0) >= bytes;
    return this.#server.until(`${bytes} bytes of content`, isHere);
  }

  async whenEnded(): Promise<"fin" | "reset"> {
    await this.#server.until("the end", () => this.#end !== "open");
    return this.#end === "reset" ? "reset" : "fin";
  }

  ending(): Promise<Ending> {
    return this.#server.ending(this.#endpoint.local.port);
  }

  handleReady(): void {
    for (let first = this.#unsent[0]; first !== undefined; first = this.#unsent[0]) {
      const taken = this.#endpoint.write(first);
      if (taken === 0) break;
      if (taken === first.byteLength) this.#unsent.shift();
      else this.#unsent[0] = first.subarray(taken);
    }
    if (this.#isEnding && this.#unsent.length === 0) this.#endpoint.shutdownWrite();
    if (this.#isReading) for (const bytes of this.#endpoint.read()) this.#receive(bytes);
    if (this.#endpoint.isAtEnd && this.#end === "open") this.#end = "fin";
    if (this.#endpoint.error !== null && this.#isReading) this.#end = "reset";
  }

  #receive(bytes: Uint8Array): void {
    this.#parser.receive(Buffer.from(bytes));
  }
}

/** Handlers that wait for promises go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

const backend: ContractBackend = {
  start: async (options) => new SimulatedBackendServer(options),
};

const CAPABILITIES: ContractCapabilities = {
  isReusedAfterDiscard: true,
  hasRequestTimeoutResponse: true,
  canReset: true,
  canClientReset: true,
  abortsBeforeEnding: true,
  discardedBytes: "all",
  hasExactStatuses: true,
  givesUpInOrder: true,
};

closingContract("simulated TCP", backend, CAPABILITIES);
