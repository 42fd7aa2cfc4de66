import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { within } from "../support/deadline.ts";
import type { SeenRequest, Verdict } from "./verdict.ts";

// What node:http makes of bytes: a real server with Node's own defaults, and one raw connection for
// each input, which is half-closed behind its last byte.

/** Half-closed connections are answered, as finwait does. Node has the switch and no word on it. */
interface HalfOpenServer extends Server {
  httpAllowHalfOpen: boolean;
}

/** The status that Node answers a parser error with; all others are 400. */
const STATUSES: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/** What ended a connection without a breach of the protocol. */
const NO_BREACH: ReadonlySet<string> = new Set([
  // Bytes behind a request with `Connection: close`: finwait does not look at them either.
  "HPE_CLOSED_CONNECTION",
  "ECONNRESET",
]);

interface ConnectionRecord {
  readonly requests: SeenRequest[];
  readonly messages: IncomingMessage[];
  errorCode: string | null;
  /** Node closed the connection without a response. */
  isDropped: boolean;
  readonly closed: Promise<void>;
}

export class NodeServer {
  readonly #server: HalfOpenServer;
  readonly #records = new Map<number, ConnectionRecord>();

  constructor() {
    const server = createServer() as HalfOpenServer;
    server.httpAllowHalfOpen = true;
    server.on("connection", (socket: Socket) => this.#watch(socket));
    server.on("request", (request, response) => {
      this.#note(request);
      response.writeHead(200, { "Content-Length": "0" }).end();
    });
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      const record = this.#records.get((socket as Socket).remotePort ?? 0);
      if (record !== undefined) record.errorCode ??= error.code ?? "unknown";
      // Bodies that were parsed before the error are still on their way to the request.
      setImmediate(() => socket.destroy());
    });
    // Without a listener Node does the same, but nothing tells us that it did.
    server.on("connect", (request: IncomingMessage, socket: Socket) => {
      const record = this.#records.get(request.socket.remotePort ?? 0);
      if (record !== undefined) record.isDropped = true;
      socket.destroy();
    });
    this.#server = server;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  /** Sends `bytes` and FIN on a connection of their own, and waits for its end. */
  async judge(bytes: Uint8Array): Promise<Verdict> {
    const { port } = this.#server.address() as AddressInfo;
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    let received = "";
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      received += text;
    });
    // A reset is an answer like any other: what Node made of the bytes is on record.
    socket.on("error", () => {});
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    await within(once(socket, "connect"), "a connection to node:http");
    const localPort = socket.localPort ?? 0;
    socket.end(bytes);
    const describe = () => JSON.stringify(Buffer.from(bytes).toString("latin1").slice(0, 300));
    await within(closed, "node:http to end the connection", describe);
    const record = this.#records.get(localPort);
    if (record === undefined) throw new Error(`Cannot judge ${describe()}: it was never accepted`);
    await within(record.closed, "node:http to close its socket", describe);
    this.#records.delete(localPort);
    return verdictOf(record, received);
  }

  #watch(socket: Socket): void {
    const closed = new Promise<void>((resolve) => {
      socket.on("close", () => setImmediate(resolve));
    });
    const record = { requests: [], messages: [], errorCode: null, isDropped: false, closed };
    this.#records.set(socket.remotePort ?? 0, record);
  }

  #note(message: IncomingMessage): void {
    const record = this.#records.get(message.socket.remotePort ?? 0);
    const { method = "", url = "" } = message;
    const request = { method, target: url, content: "", isComplete: false };
    record?.requests.push(request);
    record?.messages.push(message);
    message.on("data", (chunk: Buffer) => {
      request.content += chunk.toString("latin1");
    });
    message.on("error", () => {});
  }
}

function verdictOf(record: ConnectionRecord, received: string): Verdict {
  const requests = record.requests.map((request, index) => {
    const isComplete = record.messages[index]?.complete === true;
    return { ...request, isComplete, content: isComplete ? request.content : "" };
  });
  const { errorCode } = record;
  if (errorCode === "HPE_INVALID_EOF_STATE") return { requests, end: "incomplete" };
  if (errorCode !== null && !NO_BREACH.has(errorCode)) {
    return { requests, end: STATUSES[errorCode] ?? 400 };
  }
  // Node refuses some requests above its parser, by a response and without an event.
  const statuses = [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) =>
    Number(status),
  );
  const refusal = statuses.find((status) => status >= 400);
  if (refusal !== undefined) return { requests, end: refusal };
  return { requests, end: record.isDropped ? "dropped" : "done" };
}
