import type { AddressInfo, Socket } from "node:net";
import { createServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { NodeTransport } from "../../src/transport/node-transport.ts";
import { loadSocketOptions, type SocketOptions } from "../../src/transport/socket-options.ts";
import type { TransportHandler } from "../../src/transport/transport.ts";
import { within } from "./deadline.ts";
import { RawClient } from "./raw-client.ts";
import { TEST_TLS } from "./scene.ts";

// A NodeTransport with socket options, and the client at its other end, for the length of a test.

const loaded = await loadSocketOptions("auto");

/** `null`: this system has none, and SOCKET_OPTIONS_NOTE says why. */
export const socketOptions: SocketOptions | null =
  loaded.type === "available" ? loaded.options : null;

/** Why tests that set socket options cannot run here, or `null`. */
export const SOCKET_OPTIONS_NOTE: string | null =
  loaded.type === "absent" ? `needs socket options: ${loaded.reason}` : null;

export interface TransportPair {
  readonly transport: NodeTransport;
  /** The socket under the transport. */
  readonly socket: Socket;
  readonly client: RawClient;
  readonly serverPort: number;
  /** What the transport reported, in order: `"peer-end"`, `"network-failure ETIMEDOUT"`. */
  readonly seen: readonly string[];
}

export interface TransportPairOptions {
  readonly isTls?: boolean;
  /** False: the client reads nothing before `resume`. */
  readonly isReading?: boolean;
}

/** Runs `play` with a connected pair, and ends both. */
export async function withTransportPair(
  { isTls = false, isReading = true }: TransportPairOptions,
  play: (pair: TransportPair) => Promise<void>,
): Promise<void> {
  const { server, accepted } = listen(isTls);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: serverPort } = server.address() as AddressInfo;
  const client = await RawClient.connect({ port: serverPort, isTls, isReading });
  const { transport, socket } = await within(accepted, "the connection");
  const handler = new RecordingHandler();
  transport.start(handler);
  try {
    await play({ transport, socket, client, serverPort, seen: handler.seen });
  } finally {
    client.close();
    if (!socket.destroyed) transport.reset();
    server.close();
  }
}

interface Accepted {
  readonly transport: NodeTransport;
  readonly socket: Socket;
}

function listen(isTls: boolean): { server: Server; accepted: Promise<Accepted> } {
  let accept: (accepted: Accepted) => void = () => {};
  const accepted = new Promise<Accepted>((resolve) => {
    accept = resolve;
  });
  const options = { allowHalfOpen: true, noDelay: true };
  if (!isTls) {
    const server = createServer(options, (socket) => {
      accept({ socket, transport: new NodeTransport(socket, null, socket, socketOptions) });
    });
    return { server, accepted };
  }
  const { cert, key } = TEST_TLS;
  let tcp: Socket | null = null;
  const secure = { ...options, cert: Buffer.from(cert), key: Buffer.from(key) };
  const server = createTlsServer(secure, (socket) => {
    if (tcp === null) throw new Error("Cannot find the TCP socket below TLS");
    accept({ socket: tcp, transport: new NodeTransport(socket, socket, tcp, socketOptions) });
  });
  server.on("connection", (socket: Socket) => {
    tcp = socket;
  });
  return { server, accepted };
}

class RecordingHandler implements TransportHandler {
  readonly seen: string[] = [];
  handleData(): void {}
  handlePeerEnd(): void {
    this.seen.push("peer-end");
  }
  handlePeerReset(): void {
    this.seen.push("peer-reset");
  }
  handleNetworkFailure(code: string): void {
    this.seen.push(`network-failure ${code}`);
  }
  handleWritable(): void {
    this.seen.push("writable");
  }
  handleFlushed(): void {
    this.seen.push("flushed");
  }
  handleReleased(): void {
    this.seen.push("released");
  }
}
