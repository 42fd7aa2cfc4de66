import assert from "node:assert/strict";
import { request } from "node:http";
import type { Duplex } from "node:stream";
import { describe, it } from "vitest";
import { type Ending, type Handler, type ServeOptions, serve } from "../../src/index.ts";

// Goal: Upgrade is ignored unless a handler takes it, and then the connection speaks its protocol.
// How: node:http's client asks for an upgrade over a real socket; the handler echoes, or does not.

const echo: Handler = async (exchange) => {
  if (!exchange.hasUpgrade) return exchange.respond(200, [], "plain");
  exchange.upgrade([["Upgrade", "echo"]]);
  for (;;) {
    const bytes = await exchange.body.read();
    if (bytes === null) break;
    if (!exchange.write(bytes)) await exchange.whenWritable();
  }
  exchange.write(Buffer.from("bye"));
  exchange.endResponse();
};

interface Answer {
  readonly status: number;
  readonly socket: Duplex | null;
  readonly head: Buffer;
}

/** Asks for the protocol "echo", and resolves with a 101 and its socket, or with the response. */
function ask(url: string): Promise<Answer> {
  const client = request(url, { headers: { connection: "Upgrade", upgrade: "echo" } });
  client.end();
  return new Promise((resolve, reject) => {
    client.on("error", reject);
    client.on("upgrade", (response, socket, head) => {
      resolve({ status: response.statusCode ?? 0, socket, head });
    });
    client.on("response", (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, socket: null, head: Buffer.alloc(0) });
    });
  });
}

async function readAll(socket: Duplex): Promise<string> {
  let text = "";
  for await (const bytes of socket) text += bytes;
  return text;
}

async function withServer(
  options: ServeOptions,
  run: (url: string, ending: Promise<Ending>) => Promise<void>,
): Promise<void> {
  const server = await serve({ port: 0, ...options });
  const ending = new Promise<Ending>((resolve) => server.onEnding(resolve));
  try {
    await run(server.url, ending);
  } finally {
    await server.shutdown({ deadlineMs: 500 });
  }
}

describe("Upgrade", () => {
  it("taken by the handler: 101, bytes both ways, FIN of each side, a clean ending", () =>
    withServer({ handler: echo }, async (url, ending) => {
      const { status, socket } = await ask(url);
      assert.equal(status, 101);
      assert.ok(socket);
      socket.write("hello ");
      socket.end("x".repeat(300_000));
      assert.equal(await readAll(socket), `hello ${"x".repeat(300_000)}bye`);
      const { outcome, firstEnder } = await ending;
      assert.deepEqual({ outcome, firstEnder }, { outcome: { type: "clean" }, firstEnder: "peer" });
    }));

  it("ignored by the handler: an ordinary response", () =>
    withServer({ fetch: () => new Response("plain") }, async (url) => {
      const { status, socket } = await ask(url);
      assert.deepEqual({ status, socket }, { status: 200, socket: null });
    }));

  it("taken without being asked for: refused with FINWAIT_UPGRADE_UNASKED, and 500", async () => {
    const errors: unknown[] = [];
    const handler: Handler = (exchange) => exchange.upgrade([["Upgrade", "echo"]]);
    const onError = (error: unknown) => errors.push(error);
    await withServer({ handler, onError }, async (url) => {
      const response = await fetch(url);
      assert.equal(response.status, 500);
      assert.ok(errors[0] instanceof Error && "code" in errors[0]);
      assert.equal(errors[0].code, "FINWAIT_UPGRADE_UNASKED");
    });
  });

  it("a client that resets: the read rejects, and the server goes on", () => {
    const reads: Promise<unknown>[] = [];
    const handler: Handler = (exchange) => {
      if (!exchange.hasUpgrade) return exchange.respond(200, [], "plain");
      exchange.upgrade([["Upgrade", "echo"]]);
      reads.push(exchange.body.read());
    };
    return withServer({ handler }, async (url, ending) => {
      const { socket } = await ask(url);
      assert.ok(socket && "resetAndDestroy" in socket);
      (socket as Duplex & { resetAndDestroy(): void }).resetAndDestroy();
      assert.equal((await ending).outcome.type, "reset-by-peer");
      await assert.rejects(Promise.all(reads), { code: "FINWAIT_BODY_BROKEN_OFF" });
      assert.equal(await (await fetch(url)).text(), "plain");
    });
  });
});
