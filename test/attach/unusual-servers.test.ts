import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, get, type RequestListener, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, it } from "vitest";
import type { AttachedServer, AttachOptions } from "../../src/attach/attach-options.ts";
import { attach, attachedTo, attachUnlessAttached } from "../../src/attach/attachment.ts";
import type { ClosePolicy, Ending } from "../../src/index.ts";
import { listen, startServer, summaryOf } from "../support/attached-scene.ts";
import { poll, within } from "../support/deadline.ts";
import { RawClient } from "../support/raw-client.ts";
import { request } from "../support/scene.ts";
import { KERNEL_NOTE, socketOf } from "../support/socket-table.ts";

// Goal: attach holds where a server is not the usual one: a Unix socket where RST is due, streams
// and requests that have no socket, a server that listens late or again. How: one server each.

const CLOSE = request("GET /", ["Connection: close"]);

interface UnixScene {
  readonly attached: AttachedServer;
  readonly server: Server;
  readonly client: Socket;
  ended(): Promise<Ending>;
}

interface UnixOptions {
  readonly policy?: Partial<ClosePolicy>;
  readonly options?: AttachOptions;
}

/** One client, which never closes, on a Unix socket. */
const unixScene =
  (
    handler: RequestListener,
    play: (scene: UnixScene) => Promise<void>,
    { policy, options }: UnixOptions = {},
  ) =>
  async (): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), "finwait-unix-"));
    const server = startServer(handler);
    const attached = attach(server, policy, options);
    await attached.ready;
    const path = join(folder, "socket");
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const client = connect({ path, allowHalfOpen: true }).resume();
    const ended = async (): Promise<Ending> => {
      await poll("the ending", () => attached.recentEndings.length > 0);
      return attached.recentEndings[0] as Ending;
    };
    try {
      await play({ attached, server, client, ended });
      await poll("the end of the connection", () => attached.connectionCount === 0);
    } finally {
      client.destroy();
      await within(attached.shutdown({ deadlineMs: 0 }), "the end of the server");
      await rm(folder, { recursive: true });
    }
  };

describe("a connection on a Unix socket that is to be reset", () => {
  it(
    "a response that only its end delimits, destroyed: the connection ends, with a record",
    unixScene(
      (_message, response) => {
        response.write("some", () => response.destroy());
      },
      async ({ client, ended }) => {
        client.write("GET / HTTP/1.0\r\n\r\n");
        assert.deepEqual(summaryOf(await ended()), ["reset-by-local", null, "response-incomplete"]);
      },
    ),
  );

  it(
    "a client that never ends, onLingerExhausted reset: released by the bound",
    unixScene(
      (_message, response) => void response.end("ok"),
      async ({ client, ended }) => {
        client.write(CLOSE);
        const [outcome, bound] = summaryOf(await ended());
        assert.deepEqual([outcome, bound], ["reset-by-local", "linger-idle-time"]);
      },
      { policy: { lingerIdleTimeoutMs: 50, onLingerExhausted: "reset" } },
    ),
  );

  it(
    "a client that never ends, without socket options: released by the bound",
    unixScene(
      (_message, response) => void response.end("ok"),
      async ({ client, ended }) => {
        client.write(CLOSE);
        assert.equal(summaryOf(await ended())[0], "reset-by-local");
      },
      {
        policy: { lingerIdleTimeoutMs: 50, finWait2TimeoutMs: 200 },
        options: { socketOptions: "off" },
      },
    ),
  );
});

describe("two copies of finwait", () => {
  const otherCopy = async (): Promise<typeof attach> => {
    const copy: string = "../../dist/attach/attach.js";
    return ((await import(copy)) as { readonly attach: typeof attach }).attach;
  };

  it("a server that the other has attached to: RangeError, until it is detached", async () => {
    const attachOther = await otherCopy();
    const server = createServer();
    const attached = attachOther(server);
    assert.throws(() => attach(server), RangeError);
    attached.detach();
    attach(server);
    assert.throws(() => attachOther(server), RangeError);
  });

  it("the other attaches where this one has for the time being: takes its place", async () => {
    const attachOther = await otherCopy();
    const server = createServer();
    attachUnlessAttached(server, {}, {});
    const first = attachedTo(server);
    const second = attachOther(server);
    assert.notEqual(first, second);
    assert.equal(attachedTo(server), second);
    attachUnlessAttached(server, {}, {});
    assert.equal(attachedTo(server), second);
  });
});

describe("a request without a connection of its own", () => {
  it("made by hand, as adapters for functions do: reaches the application", () => {
    const seen: unknown[] = [];
    const server = createServer((message) => seen.push(message.url));
    attach(server);
    // A server's "request" takes whatever an adapter makes.
    server.emit("request", { url: "/by-hand" }, {});
    assert.deepEqual(seen, ["/by-hand"]);
  });

  it(
    "on a stream beside a Unix socket: is answered, and the attachment stays",
    unixScene(
      (_message, response) => void response.end("ok"),
      async ({ attached, server, client }) => {
        await poll("the connection", () => attached.connectionCount === 1);
        const stream = new PassThrough();
        const written: string[] = [];
        stream.write = (chunk: unknown) => written.push(String(chunk)) > 0;
        server.emit("connection", stream);
        stream.push(CLOSE);
        await poll("the response", () => written.join("").includes("200 OK"));
        assert.equal(attached.connectionCount, 1);
        client.end(CLOSE);
        await poll("the record", () => attached.recentEndings.length === 1);
      },
    ),
  );
});

describe("a server that listens once socket options are there", () => {
  it("sockets that the application destroys: leave FIN-WAIT-2 by the deadline", async (test) => {
    if (KERNEL_NOTE !== null) test.skip(KERNEL_NOTE);
    const server = startServer((_message, response) => {
      response.write("some", () => response.destroy());
    });
    const attached = attach(server, { finWait2TimeoutMs: 1_500 });
    await attached.ready;
    if ("absentBecause" in attached.socketOptions) test.skip(attached.socketOptions.absentBecause);
    const port = await listen(server);
    const client = await RawClient.connect({ port });
    try {
      await client.write(request());
      await client.waitForFin();
      const describe = (): string => JSON.stringify(socketOf(port, client.localPort));
      await poll(
        "the end of FIN-WAIT-2",
        () => socketOf(port, client.localPort) === null,
        describe,
      );
    } finally {
      client.close();
      await within(attached.shutdown({ deadlineMs: 0 }), "the end of the server");
    }
  });
});

describe("a server that listens again after its shutdown", () => {
  it("is Node's: connections persist, and it can be attached to", async () => {
    const server = startServer((_message, response) => void response.end("ok"));
    const first = attach(server);
    await listen(server);
    await within(first.shutdown({ announceMs: 0 }), "the end of the shutdown");
    const second = attach(server);
    const port = await listen(server);
    const kept = await new Promise((resolve, reject) => {
      const asked = get({ port, agent: false, headers: { connection: "keep-alive" } }, (answer) => {
        answer.resume();
        resolve(answer.headers.connection);
      });
      asked.on("error", reject);
    });
    assert.equal(kept, "keep-alive");
    assert.deepEqual([first.phase, second.phase], ["closed", "serving"]);
    await within(second.shutdown({ deadlineMs: 0 }), "the end of the server");
    assert.equal(second.recentEndings.length, 1);
  });
});
