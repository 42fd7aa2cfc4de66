import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { afterEach, describe, it } from "vitest";
import { NodeTransport } from "./node-transport.ts";
import type { TransportHandler } from "./transport.ts";

// Goal: the port's promises over real sockets, in clear and over TLS. How: a transport and a plain
// client on loopback; both write down what happens to them, and tests wait for lines of that.

const PEM_FOLDER = join(import.meta.dirname, "../../test/support");
const DEADLINE_MS = 8_000;
const MEBIBYTE = 1_048_576;

/** What happened, in order, with counts that may be waited for. */
class Log {
  readonly lines: string[] = [];
  receivedBytes = 0;
  #listeners: (() => void)[] = [];

  add(line: string): void {
    this.lines.push(line);
    this.notify();
  }

  notify(): void {
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  /** Resolves when `isReached`. Looks again whenever something happens. */
  async until(what: string, isReached: () => boolean): Promise<void> {
    while (!isReached()) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error(`Waited for ${what}, and saw ${JSON.stringify(this)}`));
        }, DEADLINE_MS);
        this.#listeners.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  untilLine(line: string): Promise<void> {
    return this.until(line, () => this.lines.includes(line));
  }
}

class LoggingHandler extends Log implements TransportHandler {
  handleData(bytes: Uint8Array): void {
    this.receivedBytes += bytes.byteLength;
    this.notify();
  }
  handlePeerEnd(): void {
    this.add("peer-end");
  }
  handlePeerReset(): void {
    this.add("peer-reset");
  }
  handleNetworkFailure(code: string): void {
    this.add(`network-failure ${code}`);
  }
  handleWritable(): void {
    this.add("writable");
  }
  handleFlushed(): void {
    this.add("flushed");
  }
  handleReleased(): void {
    this.add("released");
  }
}

/** A client that does nothing by itself. */
class Client extends Log {
  readonly socket: Socket;
  /** The TCP socket: below TLS, if there is any, and else the same. */
  readonly tcp: Socket;

  constructor(socket: Socket, tcp: Socket) {
    super();
    this.socket = socket;
    this.tcp = tcp;
    tcp.on("error", () => {});
    socket.on("end", () => this.add("end"));
    socket.on("close", () => this.add("close"));
    socket.on("error", (error: NodeJS.ErrnoException) => this.add(`error ${error.code}`));
  }

  read(): void {
    this.socket.on("data", (bytes) => {
      this.receivedBytes += bytes.byteLength;
      this.notify();
    });
  }
}

interface Pair {
  readonly transport: NodeTransport;
  readonly handler: LoggingHandler;
  readonly client: Client;
}

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

function openServer(isTls: boolean, onTransport: (transport: NodeTransport) => void): Server {
  const options = { allowHalfOpen: true, noDelay: true };
  // One client per server, so the TCP socket below TLS is the last one that was accepted.
  let tcp = new Socket();
  const server = isTls
    ? createTlsServer(
        {
          ...options,
          cert: readFileSync(join(PEM_FOLDER, "tls-cert.pem")),
          key: readFileSync(join(PEM_FOLDER, "tls-key.pem")),
        },
        (socket) => onTransport(new NodeTransport(socket, socket, tcp)),
      )
    : createServer(options, (socket) => onTransport(new NodeTransport(socket, null, socket)));
  server.on("connection", (socket: Socket) => {
    tcp = socket;
  });
  cleanUps.push(() => server.close());
  return server;
}

/** A connected pair. The client reads nothing before it is told to. */
async function pair(isTls = false): Promise<Pair> {
  const handler = new LoggingHandler();
  let resolveAccepted: (transport: NodeTransport) => void = () => {};
  const accepted = new Promise<NodeTransport>((resolve) => {
    resolveAccepted = resolve;
  });
  const server = openServer(isTls, (transport) => {
    transport.start(handler);
    cleanUps.push(() => transport.close());
    resolveAccepted(transport);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const tcp = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  cleanUps.push(() => tcp.destroy());
  await new Promise<void>((resolve) => tcp.once("connect", resolve));
  const tlsOptions = { allowHalfOpen: true, rejectUnauthorized: false, servername: "localhost" };
  const client = new Client(isTls ? connectTls({ ...tlsOptions, socket: tcp }) : tcp, tcp);
  return { transport: await accepted, handler, client };
}

for (const isTls of [false, true]) {
  describe(isTls ? "over TLS" : "in clear", () => {
    it("both ends: are named, and stay so after the end", async () => {
      const { transport, handler, client } = await pair(isTls);
      const { peer, local } = transport;
      assert.deepEqual(peer, { address: "127.0.0.1", port: client.tcp.localPort });
      assert.deepEqual(local, { address: "127.0.0.1", port: client.tcp.remotePort });
      transport.close();
      await handler.untilLine("released");
      assert.deepEqual([transport.peer, transport.local], [peer, local]);
    });

    it("data: arrives, and the peer's FIN behind it, while we can still write", async () => {
      const { transport, handler, client } = await pair(isTls);
      client.read();
      client.socket.end("hello");
      await handler.untilLine("peer-end");
      assert.equal(handler.receivedBytes, 5);
      transport.write(Buffer.from("answer"));
      transport.shutdownWrite();
      await client.untilLine("end");
      assert.equal(client.receivedBytes, 6);
      assert.deepEqual(handler.lines.slice(0, 2), ["peer-end", "flushed"]);
    });

    it("shutdownWrite: FIN comes behind everything written, and reading goes on", async () => {
      const { transport, handler, client } = await pair(isTls);
      const content = Buffer.alloc(3 * MEBIBYTE);
      transport.write(content);
      transport.shutdownWrite();
      client.read();
      await client.untilLine("end");
      assert.equal(client.receivedBytes, content.byteLength);
      await handler.untilLine("flushed");
      assert.equal(transport.unsentBytes, 0);
      client.socket.end("more");
      await handler.untilLine("peer-end");
      assert.equal(handler.receivedBytes, 4);
      assert.equal(handler.lines.includes("writable"), false);
    });

    it("a large write to a peer that does not read: waits, then says writable, once", async () => {
      const { transport, handler, client } = await pair(isTls);
      const content = Buffer.alloc(16 * MEBIBYTE);
      assert.equal(transport.write(content), false);
      assert.ok(transport.unsentBytes > 0);
      assert.ok(transport.unsentBytes <= content.byteLength);
      client.read();
      await handler.untilLine("writable");
      assert.equal(transport.unsentBytes, 0);
      assert.ok(transport.progressCount > 16, `${transport.progressCount} steps of progress`);
      await client.until("all", () => client.receivedBytes === content.byteLength);
      assert.deepEqual(handler.lines, ["writable"]);
    });

    it("many writes while it waits: arrive in order", async () => {
      const { transport, client } = await pair(isTls);
      const chunks: Buffer[] = [];
      client.socket.on("data", (bytes) => chunks.push(bytes));
      const expected: Buffer[] = [];
      for (let index = 0; index < 300; index++) {
        const bytes = Buffer.alloc(index % 3 === 0 ? 100_000 : 500, index);
        expected.push(bytes);
        transport.write(bytes);
      }
      transport.shutdownWrite();
      await client.untilLine("end");
      assert.ok(Buffer.concat(chunks).equals(Buffer.concat(expected)));
    });

    it("pause: stops delivery; resume: goes on, and nothing is lost", async () => {
      const { transport, handler, client } = await pair(isTls);
      client.socket.write("first");
      await handler.until("data", () => handler.receivedBytes === 5);
      transport.pause();
      const sentBytes = 32 * MEBIBYTE;
      client.socket.end(Buffer.alloc(sentBytes));
      // The kernels' buffers are far smaller: the client cannot be done while we do not read.
      await new Promise((resolve) => setImmediate(resolve));
      const pausedAtBytes = handler.receivedBytes;
      assert.ok(pausedAtBytes < sentBytes);
      assert.ok(client.socket.writableLength > 0);
      transport.resume();
      await handler.untilLine("peer-end");
      assert.equal(handler.receivedBytes, 5 + sentBytes);
    });

    it("close: releases once, and the client sees the end", async () => {
      const { transport, handler, client } = await pair(isTls);
      client.read();
      transport.close();
      transport.close();
      await handler.untilLine("released");
      await client.untilLine("end");
      assert.deepEqual(handler.lines, ["released"]);
    });

    it("reset in the turn of our FIN: releases, and keeps nothing", async () => {
      const { transport, handler, client } = await pair(isTls);
      client.read();
      transport.shutdownWrite();
      transport.reset();
      await handler.untilLine("released");
      await client.until("the end", () => client.lines.length > 0);
      assert.deepEqual(handler.lines, ["released"]);
    });

    it("the peer's RST: is told as such, and releases", async () => {
      const { handler, client } = await pair(isTls);
      client.socket.write("x");
      await handler.until("data", () => handler.receivedBytes === 1);
      client.tcp.resetAndDestroy();
      await handler.untilLine("released");
      assert.deepEqual(handler.lines, ["peer-reset", "released"]);
    });

    it("nothing is heard after close, whatever the peer still does", async () => {
      const { transport, handler, client } = await pair(isTls);
      transport.close();
      client.socket.write("late");
      client.socket.end();
      await handler.untilLine("released");
      assert.deepEqual([handler.lines, handler.receivedBytes], [["released"], 0]);
    });
  });
}

describe("in clear", () => {
  // Node's client must have read before RST comes: it takes data and RST in one poll for FIN.
  it("reset: the client sees RST, and no FIN", async () => {
    const { transport, handler, client } = await pair();
    client.read();
    transport.write(Buffer.from("half"));
    await client.until("data", () => client.receivedBytes === 4);
    transport.reset();
    await client.untilLine("error ECONNRESET");
    assert.equal(client.lines.includes("end"), false);
    await handler.untilLine("released");
    assert.deepEqual(handler.lines, ["released"]);
  });

  it("reset while a large write waits: releases at once, and drops what waits", async () => {
    const { transport, handler, client } = await pair();
    transport.write(Buffer.alloc(16 * MEBIBYTE));
    transport.reset();
    await handler.untilLine("released");
    client.read();
    await client.until("the end", () => client.lines.length > 0);
    assert.ok(client.receivedBytes < 16 * MEBIBYTE);
  });

  it("close with unread input: the client sees RST, which is why we linger", async () => {
    const { transport, client } = await pair();
    client.read();
    transport.pause();
    client.socket.write(Buffer.alloc(MEBIBYTE));
    await client.until("arrival", () => client.socket.bytesWritten > 0);
    await new Promise((resolve) => setImmediate(resolve));
    transport.close();
    await client.until("RST", () => client.lines.some((line) => line.startsWith("error ")));
  });

  it("close with bytes that the kernel has: they are sent all the same", async () => {
    const { transport, client } = await pair();
    assert.equal(transport.write(Buffer.alloc(10_000)), true);
    transport.close();
    client.read();
    await client.untilLine("end");
    assert.equal(client.receivedBytes, 10_000);
    assert.equal(client.lines.includes("error ECONNRESET"), false);
  });

  it("a small write that fits: is with the kernel at once", async () => {
    const { transport, handler, client } = await pair();
    assert.equal(transport.write(Buffer.from("small")), true);
    assert.equal(transport.unsentBytes, 0);
    client.read();
    await client.until("data", () => client.receivedBytes === 5);
    assert.deepEqual(handler.lines, []);
  });

  it("writes until it is full, then one slice: unsent bytes are told exactly", async () => {
    const { transport, client } = await pair();
    const piece = Buffer.alloc(32_768);
    let writtenBytes = piece.byteLength;
    while (transport.write(piece)) writtenBytes += piece.byteLength;
    const unsentBytes = transport.unsentBytes;
    assert.ok(unsentBytes > 0 && unsentBytes <= piece.byteLength);
    transport.write(piece);
    assert.equal(transport.unsentBytes, unsentBytes + piece.byteLength);
    client.read();
    await client.until("all", () => client.receivedBytes === writtenBytes + piece.byteLength);
  });

  it("RST while a large write waits: is told once, and what waits is dropped", async () => {
    const { transport, handler, client } = await pair();
    transport.write(Buffer.alloc(16 * MEBIBYTE));
    client.socket.resetAndDestroy();
    await handler.untilLine("released");
    assert.deepEqual(handler.lines, ["peer-reset", "released"]);
    assert.equal(transport.tls, null);
  });

  it("shutdownWrite when the peer has ended: flushed, then released without a close", async () => {
    const { transport, handler, client } = await pair();
    client.read();
    client.socket.end();
    await handler.untilLine("peer-end");
    transport.shutdownWrite();
    await handler.untilLine("released");
    assert.deepEqual(handler.lines, ["peer-end", "flushed", "released"]);
  });
});

describe("over TLS", () => {
  it("tls: names protocol, cipher and the server name that the client asked for", async () => {
    const { transport } = await pair(true);
    assert.equal(transport.tls?.protocol, "TLSv1.3");
    assert.match(transport.tls?.cipher ?? "", /^TLS_/);
    assert.equal(transport.tls?.serverName, "localhost");
  });

  it("reset: the client sees RST, not a FIN that would complete the content", async () => {
    const { transport, handler, client } = await pair(true);
    client.read();
    transport.reset();
    await handler.untilLine("released");
    await client.untilLine("error ECONNRESET");
    assert.deepEqual(handler.lines, ["released"]);
  });

  it("bytes that are no TLS record: are a network failure with the runtime's code", async () => {
    const { transport, handler, client } = await pair(true);
    client.tcp.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await handler.until("a failure", () => handler.lines.length > 0);
    assert.match(handler.lines[0] ?? "", /^network-failure ERR_SSL_/);
    transport.close();
    await handler.untilLine("released");
    assert.equal(handler.lines.length, 2);
  });

  it("FIN without close_notify: is an end like others", async () => {
    const { handler, client } = await pair(true);
    client.tcp.end();
    await handler.untilLine("peer-end");
  });
});

describe("without socket options", () => {
  it("everything that needs them: says so, and does nothing", async () => {
    const { transport, handler } = await pair();
    assert.equal(transport.canSetDeadlines, false);
    assert.equal(transport.tcpFacts(), null);
    assert.equal(transport.setUnacknowledgedTimeout(1_000), false);
    assert.equal(transport.closeWithSoLinger(1_000, 60_000), false);
    assert.equal(transport.hasPendingReset(), false);
    assert.deepEqual(handler.lines, []);
  });

  it("closeWithin: is close()", async () => {
    const { transport, handler, client } = await pair();
    client.read();
    transport.closeWithin(0);
    await handler.untilLine("released");
    await client.untilLine("end");
  });
});
