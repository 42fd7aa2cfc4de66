import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Ending,
  type Exchange,
  type FinwaitServer,
  type ServeOptions,
  serve,
  type TlsSettings,
} from "../../src/index.ts";
import { within } from "./deadline.ts";
import { RawClient, type RawClientOptions } from "./raw-client.ts";

// One server, its clients and its endings, for the length of one test.

export interface Scene {
  readonly server: FinwaitServer;
  readonly port: number;
  /** In order of arrival. */
  readonly endings: readonly Ending[];
  connect(options?: Omit<RawClientOptions, "port">): Promise<RawClient>;
  /** The ending of the connection that `client` made. */
  endingOf(client: RawClient, deadlineMs?: number): Promise<Ending>;
}

/** Test-only certificate for localhost, valid for 100 years. */
export const TEST_TLS: TlsSettings = {
  cert: readFileSync(join(import.meta.dirname, "tls-cert.pem")),
  key: readFileSync(join(import.meta.dirname, "tls-key.pem")),
};

/**
 * Runs `play` with a server on a free port, and ends both.
 *
 * @throws {AggregateError} A handler failed, and `options` have no `onError`.
 */
export async function withServer(
  options: ServeOptions,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const onError = (error: unknown): void => void failures.push(error);
  const server = await serve({ port: 0, onError, ...options });
  const scene = new RunningScene(server);
  try {
    await play(scene);
  } finally {
    for (const client of scene.clients) client.close();
    await within(server.shutdown({ deadlineMs: 0 }), "the end of the shutdown");
  }
  if (failures.length > 0) throw new AggregateError(failures, "A handler failed");
}

class RunningScene implements Scene {
  readonly server: FinwaitServer;
  readonly endings: Ending[] = [];
  readonly clients: RawClient[] = [];

  constructor(server: FinwaitServer) {
    this.server = server;
    server.onEnding((ending) => this.endings.push(ending));
  }

  get port(): number {
    return this.server.port;
  }

  async connect(options: Omit<RawClientOptions, "port"> = {}): Promise<RawClient> {
    const client = await RawClient.connect({ ...options, port: this.port });
    this.clients.push(client);
    return client;
  }

  endingOf(client: RawClient, deadlineMs?: number): Promise<Ending> {
    const found = this.endings.find(({ peerPort }) => peerPort === client.localPort);
    if (found !== undefined) return Promise.resolve(found);
    const ending = new Promise<Ending>((resolve) => {
      const stop = this.server.onEnding((candidate) => {
        if (candidate.peerPort !== client.localPort) return;
        stop();
        resolve(candidate);
      });
    });
    const what = "the ending of the connection";
    return within(ending, what, () => client.describe(), deadlineMs);
  }
}

/** The head of a request to this host, and its end. `fields` are whole lines. */
export function request(
  methodAndTarget = "GET /",
  fields: readonly string[] = [],
  version = "1.1",
): string {
  return [`${methodAndTarget} HTTP/${version}`, "Host: localhost", ...fields, "", ""].join("\r\n");
}

/** A handler that answers 200 with the target as content. */
export function echoTarget(exchange: Exchange): void {
  exchange.respond(200, [["Content-Type", "text/plain"]], exchange.target);
}

/** Reads the whole content of a request. */
export async function readAll(exchange: Exchange): Promise<number> {
  let bytes = 0;
  for (;;) {
    const piece = await exchange.body.read();
    if (piece === null) return bytes;
    bytes += piece.byteLength;
  }
}

/** A figure for the log that is not asserted. */
export function note(text: string): void {
  process.stdout.write(`note: ${text}\n`);
}
