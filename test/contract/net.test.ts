import { setTimeout as passTime } from "node:timers/promises";
import {
  type Ending,
  type Exchange,
  type FinwaitServer,
  type Handler,
  serve,
} from "../../src/index.ts";
import { Signal, within } from "../support/deadline.ts";
import { RawClient } from "../support/raw-client.ts";
import { readAll, TEST_TLS } from "../support/scene.ts";
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

// Goal: the closing contract holds over real sockets, in clear and over TLS. How: `serve()` on a
// free port of loopback, and raw clients that tell FIN from RST; time passes by itself.

class NetServer implements ContractServer {
  abortedCount = 0;
  readonly #server: FinwaitServer;
  readonly #behaviour: ContractBehaviour;
  readonly #isTls: boolean;
  readonly #endings: Ending[] = [];
  readonly #clients: RawClient[] = [];
  readonly #released = new Signal();
  readonly #failures: unknown[] = [];
  #requestCount = 0;
  #watchers: (() => void)[] = [];

  static async start(options: ContractOptions, isTls: boolean): Promise<NetServer> {
    let running: NetServer | null = null;
    const server = await serve({
      port: 0,
      handler: (exchange) => running?.handle(exchange),
      limits: options.limits ?? {},
      close: options.close ?? {},
      onError: (error) => running?.fail(error),
      ...(isTls ? { tls: TEST_TLS } : {}),
    });
    running = new NetServer(server, options.behaviour, isTls);
    return running;
  }

  private constructor(server: FinwaitServer, behaviour: ContractBehaviour, isTls: boolean) {
    this.#server = server;
    this.#behaviour = behaviour;
    this.#isTls = isTls;
    server.onEnding((ending) => {
      this.#endings.push(ending);
      this.#notify();
    });
  }

  async connect(options: { readonly isReading?: boolean } = {}): Promise<ContractClient> {
    const { port } = this.#server;
    const client = await RawClient.connect({ port, isTls: this.#isTls, ...options });
    this.#clients.push(client);
    return new NetClient(client, this.#isTls, () => this.#endingOf(client));
  }

  async waitForRequests(count: number): Promise<void> {
    await this.#until(`${count} requests`, () => this.#requestCount >= count);
  }

  release(): void {
    this.#released.fire();
  }

  async shutdown(deadlineMs: number): Promise<void> {
    await this.#server.shutdown({ announceMs: 0, deadlineMs });
  }

  async after(milliseconds: number): Promise<void> {
    await passTime(milliseconds);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.#released.fire();
    await within(this.#server.shutdown({ deadlineMs: 0 }), "the end of the server");
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, "A handler failed");
  }

  handle(exchange: Exchange): ReturnType<Handler> {
    this.#requestCount += 1;
    this.#notify();
    exchange.onAbort((reason) => {
      if (reason === "peer-gone" || reason === "shutdown") this.abortedCount += 1;
    });
    return this.#answer(exchange, this.#behaviour);
  }

  fail(error: unknown): void {
    this.#failures.push(error);
  }

  #answer(exchange: Exchange, behaviour: ContractBehaviour): ReturnType<Handler> {
    switch (behaviour.type) {
      case "answer":
        exchange.respond(200, [], new Uint8Array(behaviour.contentBytes));
        break;
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
        break;
    }
  }

  async #endingOf(client: RawClient): Promise<Ending> {
    const find = (): Ending | undefined =>
      this.#endings.find(({ peerPort }) => peerPort === client.localPort);
    await this.#until("an ending", () => find() !== undefined, client);
    const ending = find();
    if (ending === undefined) throw new Error("Cannot find the ending that was there");
    return ending;
  }

  async #until(what: string, isReached: () => boolean, client?: RawClient): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      const look = (): void => {
        if (isReached()) resolve();
        else this.#watchers.push(look);
      };
      look();
    });
    await within(reached, what, () => client?.describe() ?? "");
  }

  #notify(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }
}

class NetClient implements ContractClient {
  readonly #raw: RawClient;
  readonly #isTls: boolean;
  readonly ending: () => Promise<Ending>;

  constructor(raw: RawClient, isTls: boolean, ending: () => Promise<Ending>) {
    this.#raw = raw;
    this.#isTls = isTls;
    this.ending = ending;
  }

  get responses(): readonly ContractResponse[] {
    return this.#raw.responses.map(({ status, bodyBytes, isComplete, fields }) => ({
      status,
      bodyBytes,
      isComplete,
      saysClose: fields.get("connection") === "close",
    }));
  }

  get end(): "open" | "fin" | "reset" {
    return this.#raw.end;
  }

  send(data: string | Uint8Array): Promise<void> {
    return this.#raw.write(data);
  }
  halfClose(): void {
    this.#raw.halfClose();
  }
  reset(): void {
    if (this.#isTls) this.#raw.close();
    else this.#raw.reset();
  }
  startReading(): void {
    this.#raw.resume();
  }
  waitForResponses(count: number): Promise<void> {
    return this.#raw.waitForResponses(count);
  }

  waitForContent(bytes: number): Promise<void> {
    const isHere = (): boolean => (this.#raw.responses[0]?.bodyBytes ?? 0) >= bytes;
    return this.#raw.waitFor(`${bytes} bytes of content`, isHere);
  }

  async whenEnded(): Promise<"fin" | "reset"> {
    await this.#raw.waitForEnd();
    return this.#raw.end === "reset" ? "reset" : "fin";
  }
}

const backend = (isTls: boolean): ContractBackend => ({
  start: (options) => NetServer.start(options, isTls),
});

const CAPABILITIES: ContractCapabilities = {
  isReusedAfterDiscard: true,
  hasRequestTimeoutResponse: true,
  canReset: true,
  canClientReset: true,
  hasDiscardedBytes: true,
};

closingContract("sockets", backend(false), CAPABILITIES);
closingContract("TLS sockets", backend(true), { ...CAPABILITIES, canClientReset: false });
