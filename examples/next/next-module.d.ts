// What the example needs of the package "next", which is not a dependency of this repository
// (341 MB). It also says what `import` gives under Node's own rules for modules, which the types of
// Next do not.

declare module "next" {
  import type { IncomingMessage, ServerResponse } from "node:http";
  import type { Duplex } from "node:stream";

  interface NextServer {
    prepare(): Promise<void>;
    getRequestHandler(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    getUpgradeHandler(): (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;
    close(): Promise<void>;
  }

  // biome-ignore lint/style/noDefaultExport: it is how Next exports it.
  export default function next(options: {
    readonly dev?: boolean;
    readonly dir?: string;
    readonly hostname?: string;
    readonly port?: number;
    readonly httpServer?: import("node:http").Server;
  }): NextServer;
}
