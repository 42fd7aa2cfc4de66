// The process of a turn load; `turn-load.ts` starts it and says what it means.
//
// A response counts when it is a 200 of the length that the first one had: the server gives the
// same one each time (Date has a fixed length). A turn ends when its last request is answered.

import { connect, type Socket } from "node:net";
import type { LoadReport } from "./load.ts";
import type { TurnCommand } from "./turn-load.ts";

const STATUS_OK = "HTTP/1.1 200 ";
const HEAD_END = "\r\n\r\n";
/** After so many errors the turn is over, because it means nothing. */
const ERROR_LIMIT = 100;

/** Connections of the port that stay open from turn to turn. */
const clients = new Map<number, PersistentClient[]>();
let responseBytes = 0;
let oneShotBytes = 0;

function makeRequest(port: number, connection: string): Buffer {
  return Buffer.from(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${connection}\r\n`);
}

/** The length that a response beginning with the chunk says it has; 0 when it is no such 200. */
function measureResponse(chunk: Buffer): number {
  const text = chunk.toString("latin1");
  const headBytes = text.indexOf(HEAD_END) + HEAD_END.length;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headBytes));
  if (headBytes < HEAD_END.length || length === null || !isOk(chunk)) return 0;
  return headBytes + Number(length[1]);
}

function isOk(chunk: Buffer): boolean {
  return chunk.toString("latin1", 0, STATUS_OK.length) === STATUS_OK;
}

/** Asks, reads to the server's FIN, closes; resolves then. True: the response was whole. */
function askOnce(port: number, request: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let receivedBytes = 0;
    let isWhole = false;
    let hasEnded = false;
    socket.write(request);
    socket.on("data", (chunk: Buffer) => {
      if (oneShotBytes === 0) oneShotBytes = measureResponse(chunk);
      if (receivedBytes === 0) isWhole = isOk(chunk);
      receivedBytes += chunk.length;
    });
    socket.on("end", () => {
      hasEnded = true;
      // Everything is read by then, so that closing sends FIN and no RST.
      socket.destroy();
    });
    // Without "end" the answer counts as an error.
    socket.on("error", () => {});
    socket.on("close", () => resolve(hasEnded && isWhole && receivedBytes === oneShotBytes));
  });
}

class PersistentClient {
  readonly #socket: Socket;
  readonly #request: Buffer;
  #receivedBytes = 0;
  #onAnswer: (isWhole: boolean) => void = () => {};

  constructor(port: number) {
    this.#request = makeRequest(port, "");
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    // "close" follows, and answers.
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.#onAnswer(false));
  }

  ask(): Promise<boolean> {
    if (this.#socket.closed) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#onAnswer = resolve;
      this.#socket.write(this.#request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (responseBytes === 0) responseBytes = measureResponse(chunk);
    if (this.#receivedBytes === 0 && !isOk(chunk)) this.#socket.destroy();
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes < responseBytes) return;
    this.#receivedBytes = 0;
    this.#onAnswer(true);
  }
}

function persistentClients(port: number, count: number): readonly PersistentClient[] {
  const held = clients.get(port) ?? Array.from({ length: count }, () => new PersistentClient(port));
  clients.set(port, held);
  return held;
}

async function load(command: TurnCommand): Promise<LoadReport> {
  const { kind, port, connectionCount, durationMs } = command;
  let asks: (() => Promise<boolean>)[];
  if (kind === "persistent") {
    asks = persistentClients(port, connectionCount).map((client) => () => client.ask());
  } else {
    const request = makeRequest(port, "Connection: close\r\n");
    asks = Array.from({ length: connectionCount }, () => () => askOnce(port, request));
  }
  const endAtMs = performance.now() + durationMs;
  let requestCount = 0;
  let errorCount = 0;
  const repeat = async (ask: () => Promise<boolean>): Promise<void> => {
    while (performance.now() < endAtMs && errorCount < ERROR_LIMIT) {
      if (await ask()) requestCount += 1;
      else errorCount += 1;
    }
  };
  await Promise.all(asks.map(repeat));
  return { type: "load-done", requestCount, errorCount };
}

process.on("message", async (command: TurnCommand) => {
  process.send?.(await load(command));
});
process.once("disconnect", () => process.exit(0));
