import { type IncomingMessage, Server, type ServerResponse } from "node:http";
import type { attach } from "../../src/attach/attach.ts";
import type { AttachedServer } from "../../src/attach/attach-options.ts";
import { type ClientRequest, get, type Seen } from "./client-plan.ts";
import { within } from "./deadline.ts";
import { PAGE_TARGET } from "./real-clients.ts";

// The server of the matrix of real clients: node:http with its defaults, and handlers as people
// write them, with or without `attach`. A client that asks for it makes the server go; another one
// has its port in the same turn, as after a deployment.

export const LARGE_BYTES = 200_000;
const UPLOAD_BYTES = 20_000_000;
/** node:http takes 16 KiB. */
const LARGE_FIELD_BYTES = 100_000;
/** As long as a handler takes that is in the middle of its work when the server goes. */
const SLOW_MS = 300;
const QUICK_MS = 30;
/** People write seconds; the busy client would be there just as well. */
const GRACE_MS = 600;
const BUSY_COUNT = 24;

const LARGE = Buffer.alloc(LARGE_BYTES, "x");

/** One row of the matrix: what a try asks for, and what is seen if everything arrives. */
export interface ClientScene {
  readonly name: string;
  readonly title: string;
  readonly pooling: "kept" | "none";
  readonly requests: readonly ClientRequest[];
  readonly isDelivered: (seen: readonly Seen[]) => boolean;
}

const upload = (target: string, coding: "length" | "chunked" = "length"): ClientRequest[] => [
  { target, uploadBytes: UPLOAD_BYTES, coding, fieldBytes: 0 },
];

const isEach =
  (status: number, bytes: number) =>
  (seen: readonly Seen[]): boolean =>
    seen.every(([first, second]) => first === status && second === bytes);

const refused = { pooling: "none", isDelivered: isEach(413, LARGE_BYTES) } as const;
const served = { pooling: "kept", isDelivered: isEach(200, LARGE_BYTES) } as const;

export const CLIENT_SCENES: readonly ClientScene[] = [
  {
    name: "early",
    title: "413 to 20 MB: res.writeHead(413).end(page)",
    requests: upload("/early"),
    ...refused,
  },
  {
    name: "early-close",
    title: "413 to 20 MB with Connection: close",
    requests: upload("/early-close"),
    ...refused,
  },
  {
    name: "destroyed",
    title: "413 to 20 MB: res.end(page); req.destroy()",
    requests: upload("/destroyed"),
    ...refused,
  },
  {
    name: "chunked",
    title: "413 to 20 MB in chunks",
    requests: upload("/early", "chunked"),
    ...refused,
  },
  {
    name: "large-head",
    title: "a field of 100 KB: 431",
    pooling: "none",
    requests: [{ ...get("/"), fieldBytes: LARGE_FIELD_BYTES }],
    isDelivered: isEach(431, 0),
  },
  {
    name: "shutdown",
    title: "shutdown during a slow response, and a request behind it",
    requests: [get("/next"), get("/ends"), get("/next")],
    ...served,
  },
  {
    name: "busy-shutdown",
    title: "shutdown with a client that goes on",
    requests: [
      get("/next"),
      get("/ends-soon"),
      ...Array.from({ length: BUSY_COUNT }, () => get("/next")),
    ],
    ...served,
  },
];

/** The first answer of a try that is not what it has to be, in one line. */
export function describeFailure(scene: ClientScene, seen: readonly Seen[]): string {
  const index = seen.findIndex((each) => !scene.isDelivered([each]));
  const [first, second] = seen[index] ?? ["nothing", ""];
  const what = typeof first === "number" ? `${first}, ${second} bytes` : `${first}: ${second}`;
  // Ports differ from try to try.
  return `${scene.requests[index]?.target}: ${what.replace(/127\.0\.0\.1:\d+/g, "…")}`.slice(
    0,
    140,
  );
}

interface Running {
  readonly server: Server;
  readonly attached: AttachedServer | null;
}

/** Hands its port on as soon as nobody listens there. */
class HandingServer extends Server {
  onClosed: (() => void) | null = null;

  override close(callback?: (error?: Error) => void): this {
    super.close(callback);
    const { onClosed } = this;
    this.onClosed = null;
    onClosed?.();
    return this;
  }
}

export class AttachSite {
  readonly #attach: typeof attach | null;
  readonly #all: Running[] = [];
  #current: HandingServer | null = null;
  #port = 0;

  /** `null`: the bare server. */
  static async open(attachTo: typeof attach | null): Promise<AttachSite> {
    const site = new AttachSite(attachTo);
    await site.#listen(await site.#make());
    return site;
  }

  private constructor(attachTo: typeof attach | null) {
    this.#attach = attachTo;
  }

  get port(): number {
    return this.#port;
  }

  async close(): Promise<void> {
    if (this.#current !== null) this.#current.onClosed = null;
    for (const { server, attached } of this.#all) {
      if (attached !== null) {
        await within(attached.shutdown({ deadlineMs: 0 }), "the end of the attached server");
        continue;
      }
      server.close();
      server.closeAllConnections();
    }
  }

  async #make(): Promise<Running & { server: HandingServer }> {
    const server: HandingServer = new HandingServer((request, response) => {
      this.#answer(request, response);
    });
    const attached = this.#attach?.(server) ?? null;
    await attached?.ready;
    const running = { server, attached };
    this.#all.push(running);
    return running;
  }

  async #listen({ server }: { server: HandingServer }): Promise<void> {
    this.#current = server;
    const listening = new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    await within(listening, "the server to listen");
    const address = server.address();
    if (address !== null && typeof address === "object") this.#port = address.port;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    switch (request.url) {
      case "/early":
        response.writeHead(413).end(LARGE);
        break;
      case "/early-close":
        response.writeHead(413, { Connection: "close" }).end(LARGE);
        break;
      case "/destroyed":
        response.statusCode = 413;
        response.end(LARGE);
        request.destroy();
        break;
      case "/ends":
        void this.#replace();
        setTimeout(() => response.end(LARGE), SLOW_MS);
        break;
      case "/ends-soon":
        void this.#replace();
        setTimeout(() => response.end(LARGE), QUICK_MS);
        break;
      case PAGE_TARGET:
        response.setHeader("Content-Type", "text/html");
        response.end("<!doctype html><title>page</title><link rel=icon href=data:,>");
        break;
      default:
        setTimeout(() => response.end(LARGE), QUICK_MS);
    }
  }

  /** The current server is shut down, and the next one has its port. */
  async #replace(): Promise<void> {
    const old = this.#all.at(-1);
    const oldServer = this.#current;
    const next = await this.#make();
    if (old === undefined || oldServer === null) return;
    oldServer.onClosed = () => void this.#listen(next);
    if (old.attached !== null) {
      await old.attached.shutdown();
      return;
    }
    oldServer.close();
    oldServer.closeIdleConnections();
    setTimeout(() => oldServer.closeAllConnections(), GRACE_MS).unref();
  }
}
