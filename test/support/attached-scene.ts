import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { attach } from "../../src/attach/attach.ts";
import type { AttachedServer, AttachOptions } from "../../src/attach/attach-options.ts";
import type { ClosePolicy, Ending } from "../../src/index.ts";
import { poll, within } from "./deadline.ts";
import { RawClient } from "./raw-client.ts";
import { TEST_TLS } from "./scene.ts";

// One server of node:http or node:https with attach, its clients and its endings, for the length of
// one test.

export interface AttachedScene {
  readonly attached: AttachedServer;
  readonly server: Server;
  readonly port: number;
  /** In order of arrival. */
  readonly endings: readonly Ending[];
  connect(options?: { readonly isReading?: boolean }): Promise<RawClient>;
  /** The ending of the connection that `client` made. */
  endingOf(client: RawClient): Promise<Ending>;
}

export interface AttachedSceneOptions {
  readonly policy?: Partial<ClosePolicy>;
  readonly attach?: AttachOptions;
  readonly server?: ServerOptions;
  readonly isTls?: boolean;
  /** Before `attach`. */
  readonly prepare?: (server: Server) => void;
}

export function startServer(
  handler: RequestListener,
  { server: options = {}, isTls = false }: AttachedSceneOptions = {},
): Server {
  if (!isTls) return createServer(options, handler);
  const { cert, key } = TEST_TLS;
  return createTlsServer({ ...options, cert: String(cert), key: String(key) }, handler);
}

export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : 0;
}

/** A test that plays `play` with a server of its own, and ends both. */
export const attachedScene =
  (
    handler: RequestListener,
    play: (scene: AttachedScene) => Promise<void>,
    options: AttachedSceneOptions = {},
  ) =>
  async (): Promise<void> => {
    const server = startServer(handler, options);
    options.prepare?.(server);
    const attached = attach(server, options.policy, options.attach);
    const endings: Ending[] = [];
    attached.onEnding((ending) => endings.push(ending));
    const clients: RawClient[] = [];
    await attached.ready;
    const port = await listen(server);
    const connect: AttachedScene["connect"] = async (clientOptions = {}) => {
      const { isTls = false } = options;
      const client = await RawClient.connect({ port, isTls, ...clientOptions });
      clients.push(client);
      return client;
    };
    const endingOf: AttachedScene["endingOf"] = async (client) => {
      const isOf = ({ peerPort }: Ending): boolean => peerPort === client.localPort;
      const describe = (): string => client.describe();
      await poll("the ending of the connection", () => endings.some(isOf), describe);
      const ending = endings.find(isOf);
      if (ending === undefined) throw new Error("Cannot find the ending that was there");
      return ending;
    };
    try {
      await play({ attached, server, port, endings, connect, endingOf });
    } finally {
      for (const client of clients) client.close();
      await within(attached.shutdown({ deadlineMs: 0 }), "the end of the server");
    }
  };

/** The outcome in one word, its bound, and the reason: what most tests look at. */
export function summaryOf({ outcome, reason }: Ending): readonly (string | null)[] {
  return [outcome.type, "bound" in outcome ? outcome.bound : null, reason];
}
