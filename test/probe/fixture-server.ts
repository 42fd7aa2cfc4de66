import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { FIXTURE_DEFAULTS, FixtureConnection, type FixtureOptions } from "./fixture-connection.ts";

// A small server for the tests of the probe: right by default, and broken by a subclass of its
// connection. It shares no code with finwait's server.

export type ConnectionClass = new (
  socket: Socket,
  options: FixtureOptions,
  tcp: Socket,
) => FixtureConnection;

export interface FixtureServerOptions extends Partial<FixtureOptions> {
  readonly Connection?: ConnectionClass;
  readonly isTls?: boolean;
}

export class FixtureServer implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(server: Server, sockets: ReadonlySet<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(options: FixtureServerOptions = {}): Promise<FixtureServer> {
    const { Connection = FixtureConnection, isTls = false, ...overrides } = options;
    const sockets = new Set<Socket>();
    const accept = (socket: Socket): void => {
      // The runtime does not tell which TCP connection is below TLS; the client's port does.
      const tcp = [...sockets].find(({ remotePort }) => remotePort === socket.remotePort);
      new Connection(socket, { ...FIXTURE_DEFAULTS, ...overrides }, tcp ?? socket);
    };
    const server = isTls
      ? createTlsServer({ ...tlsFiles(), allowHalfOpen: true, noDelay: true }, accept)
      : createServer({ allowHalfOpen: true, noDelay: true }, accept);
    server.prependListener("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    // A handshake that fails is the client's to see.
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    return new FixtureServer(server, sockets);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

function tlsFiles(): { readonly cert: Buffer; readonly key: Buffer } {
  const read = (name: string): Buffer =>
    readFileSync(new URL(`../support/${name}`, import.meta.url));
  return { cert: read("tls-cert.pem"), key: read("tls-key.pem") };
}
