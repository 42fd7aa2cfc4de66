import { setTimeout as passTime } from "node:timers/promises";
import type { Ending } from "../../src/index.ts";
import { Signal, within } from "../support/deadline.ts";
import { RawClient } from "../support/raw-client.ts";
import type { ContractClient, ContractResponse, ContractServer } from "./contract-backend.ts";

// Goal: what backends with real sockets have in common: clients, endings, and waiting for both.
// How: a server of finwait's, or one that it is attached to, behind the few methods named here.

/** What a server must tell and do. */
export interface SocketTarget {
  readonly port: number;
  readonly isTls: boolean;
  onEnding(listener: (ending: Ending) => void): () => void;
  shutdown(options: {
    readonly announceMs?: number;
    readonly deadlineMs: number;
  }): Promise<unknown>;
}

export class SocketServer implements ContractServer {
  abortedCount = 0;
  readonly #target: SocketTarget;
  readonly #endings: Ending[] = [];
  readonly #clients: RawClient[] = [];
  readonly #released = new Signal();
  readonly #failures: unknown[] = [];
  #requestCount = 0;
  #watchers: (() => void)[] = [];

  constructor(target: SocketTarget) {
    this.#target = target;
    target.onEnding((ending) => {
      this.#endings.push(ending);
      this.#notify();
    });
  }

  // --- What the contract asks ---

  async connect(options: { readonly isReading?: boolean } = {}): Promise<ContractClient> {
    const { port, isTls } = this.#target;
    const client = await RawClient.connect({ port, isTls, ...options });
    this.#clients.push(client);
    return new SocketClient(client, isTls, () => this.#endingOf(client));
  }

  async waitForRequests(count: number): Promise<void> {
    await this.#until(`${count} requests`, () => this.#requestCount >= count);
  }

  async waitForAborted(count: number): Promise<void> {
    await this.#until(`${count} aborted`, () => this.abortedCount >= count);
  }

  release(): void {
    this.#released.fire();
  }

  async shutdown(deadlineMs: number): Promise<void> {
    await this.#target.shutdown({ announceMs: 0, deadlineMs });
  }

  async after(milliseconds: number): Promise<void> {
    await passTime(milliseconds);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.#released.fire();
    await within(this.#target.shutdown({ deadlineMs: 0 }), "the end of the server");
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, "A handler failed");
  }

  // --- What the handler of the server tells ---

  get released(): Promise<void> {
    return this.#released.promise;
  }

  noteRequest(): void {
    this.#requestCount += 1;
    this.#notify();
  }

  noteAborted(): void {
    this.abortedCount += 1;
    this.#notify();
  }

  fail(error: unknown): void {
    this.#failures.push(error);
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

class SocketClient implements ContractClient {
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
