import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, it } from "vitest";
import { FinwaitError } from "../base/error.ts";
import { requestText } from "./fake-server.ts";
import { serve } from "./serve.ts";
import type { FinwaitServer, ReconfigurableOptions, ServeOptions } from "./serve-options.ts";

// Goal: what the public entry checks, and how a whole server comes and goes. How: real servers on
// free ports of loopback; plain sockets that wait for events.

const PEM_FOLDER = join(import.meta.dirname, "../../test/support");
const handler: ServeOptions["handler"] = (exchange) => exchange.respond(200, [], "hello");

async function withServer(
  options: ServeOptions,
  play: (server: FinwaitServer) => Promise<void>,
): Promise<void> {
  const server = await serve({ port: 0, ...options });
  try {
    await play(server);
  } finally {
    await server.shutdown({ deadlineMs: 0 });
  }
}

async function connected(server: FinwaitServer): Promise<Socket> {
  const socket = connect(server.port, server.address);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Everything up to the server's end. */
async function readToEnd(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
  });
  await once(socket, "close");
  return text;
}

describe("serve", () => {
  it("neither or both of fetch and handler: is a mistake", async () => {
    const message = "Cannot serve: expected exactly one of the options fetch and handler";
    const fetch = (): Response => new Response();
    const both = { fetch, handler } as ServeOptions;
    await assert.rejects(serve({}), new TypeError(message));
    await assert.rejects(serve(both), new TypeError(message));
  });

  it("a limit or a policy value out of range: is a mistake", async () => {
    await assert.rejects(serve({ port: 0, handler, limits: { requestLimit: -1 } }), RangeError);
    await assert.rejects(serve({ port: 0, handler, close: { discardLimitBytes: -1 } }), RangeError);
  });

  it("a port that is taken: says which, with the system's error as cause", () =>
    withServer({ handler }, async ({ port }) => {
      await assert.rejects(serve({ port, handler }), (error) => {
        assert.ok(error instanceof FinwaitError);
        assert.equal(error.code, "FINWAIT_LISTEN_FAILED");
        assert.match(error.message, new RegExp(`^Cannot listen on 127.0.0.1 port ${port}: `));
        assert.equal((error.cause as NodeJS.ErrnoException).code, "EADDRINUSE");
        return true;
      });
    }));

  it("a certificate that is none: cannot listen", async () => {
    const tls = { cert: "nonsense", key: "nonsense" };
    await assert.rejects(serve({ port: 0, handler, tls }), { code: "FINWAIT_LISTEN_FAILED" });
  });

  it("IPv6: is in brackets in the URL", () =>
    withServer({ handler, host: "::1" }, async (server) => {
      assert.equal(server.url, `http://[::1]:${server.port}/`);
      assert.equal(await (await fetch(server.url)).text(), "hello");
    }));

  it("a connection: is counted until it is gone, and leaves one ending", () =>
    withServer({ handler }, async (server) => {
      const socket = await connected(server);
      const ended = new Promise((resolve) => server.onEnding(resolve));
      socket.end(requestText());
      assert.match(await readToEnd(socket), /hello$/);
      assert.equal(await ended, server.recentEndings[0]);
      assert.equal(server.recentEndings.length, 1);
    }));
});

describe("reconfigure", () => {
  const own = {
    name: "own",
    pattern: "^Own/1",
    effect: { persistence: "off" },
    source: "test",
    found: "2026",
  } as const;
  const namesOf = ({ clientRules }: FinwaitServer): string[] => [
    ...new Set(clientRules.map(({ name }) => (name === "own" ? name : "shipped"))),
  ];

  it("a name that is none, or needs a restart: is refused, and so is a bad socketOptions", () =>
    withServer({ handler }, async (server) => {
      // Callers in JavaScript have no types.
      const change = (changes: object): void =>
        server.reconfigure(changes as ReconfigurableOptions);
      assert.throws(
        () => change({ persistance: "off" }),
        /^RangeError: Cannot reconfigure "persis/,
      );
      assert.throws(() => change({ port: 1 }), /expected one of limits, close, persistence, /);
      const options: object = { handler, port: 0, socketOptions: "on" };
      const start = serve(options as ServeOptions);
      await assert.rejects(start, /^RangeError: Cannot use socketOptions "on": /);
    }));

  it("shippedClientRules alone: one's own rules stay", async () => {
    await withServer({ handler, clientRules: [own] }, async (server) => {
      server.reconfigure({ shippedClientRules: "off" });
      assert.deepEqual(namesOf(server), ["own"]);
      server.reconfigure({ shippedClientRules: "on" });
      assert.deepEqual(namesOf(server), ["own", "shipped"]);
    });
  });

  it("clientRules alone: the shipped ones stay switched off", async () => {
    await withServer({ handler, shippedClientRules: "off" }, async (server) => {
      server.reconfigure({ clientRules: [own] });
      assert.deepEqual(namesOf(server), ["own"]);
      server.reconfigure({ clientRules: [] });
      assert.deepEqual(namesOf(server), []);
    });
  });

  it("limits that are nearly used up: pressure is measured anew at once", async () => {
    await withServer({ handler }, async (server) => {
      await (await fetch(server.url)).text();
      assert.equal(server.pressure, "none");
      server.reconfigure({ limits: { connectionLimit: 1 } });
      assert.equal(server.pressure, "no-persistence");
      server.reconfigure({ limits: { connectionLimit: 1, pressurePercent: 100 } });
      assert.equal(server.pressure, "none");
    });
  });

  it("rules that are refused: are not remembered for the next time", async () => {
    await withServer({ handler, shippedClientRules: "off" }, async (server) => {
      assert.throws(() => server.reconfigure({ clientRules: [own, own] }), RangeError);
      server.reconfigure({ shippedClientRules: "off" });
      assert.deepEqual(namesOf(server), []);
    });
  });

  it("shippedClientRules that is neither on nor off: is refused", async () => {
    // What JavaScript can pass.
    const shippedClientRules = true as unknown as "on";
    const message = 'Cannot use shippedClientRules true: expected "on" or "off"';
    await assert.rejects(serve({ port: 0, handler, shippedClientRules }), { message });
    await withServer({ handler }, async (server) => {
      assert.throws(() => server.reconfigure({ shippedClientRules }), { message });
    });
  });
});

describe("callbacks of the application", () => {
  it("all three throw: the errors become uncaught, and the server serves on", async () => {
    const code = `
      const { serve } = await import(${JSON.stringify(join(import.meta.dirname, "serve.ts"))});
      const uncaught = [];
      process.on("uncaughtException", ({ message }) => uncaught.push(message));
      const fail = (what) => () => { throw new Error(what); };
      const server = await serve({
        port: 0,
        handler: (exchange) => {
          if (exchange.target === "/fail") throw new Error("handler");
          exchange.respond(200, [["Connection", "close"]], "hello");
        },
        onExchange: fail("onExchange"),
        onError: fail("onError"),
      });
      server.onEnding(fail("onEnding"));
      const statuses = [];
      for (const path of ["fail", "a", "b"]) {
        statuses.push((await fetch(server.url + path)).status);
      }
      await server.shutdown({ deadlineMs: 1_000 });
      console.log(statuses.join(), [...new Set(uncaught)].sort().join());`;
    const args = ["--import", "tsx", "--input-type=module", "--eval", code];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    assert.equal(stdout, "500,200,200 onEnding,onError,onExchange\n");
  });
});

describe("shutdown", () => {
  it("a deadline out of range: is refused, and a later call with a good one works", () =>
    withServer({ handler }, async (server) => {
      for (const deadlineMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, 86_400_001]) {
        const message = `Cannot use deadlineMs ${deadlineMs}: expected 0 to 86400000 milliseconds`;
        await assert.rejects(server.shutdown({ deadlineMs }), new RangeError(message));
      }
      assert.equal(await (await fetch(server.url)).text(), "hello");
      await server.shutdown({ deadlineMs: 1_000 });
    }));

  it("nothing open: resolves, and further calls are the same", async () => {
    const server = await serve({ port: 0, handler });
    const first = server.shutdown();
    assert.equal(server.shutdown({ deadlineMs: 5 }), first);
    await first;
    await assert.rejects(fetch(server.url));
    await server[Symbol.asyncDispose]();
  });

  it("a silent client: is gone with the deadline, and the count is 0", async () => {
    const server = await serve({ port: 0, handler });
    const socket = await connected(server);
    socket.write("GET / HTTP/1.1\r\n");
    const end = readToEnd(socket);
    await server.shutdown({ deadlineMs: 50 });
    await end;
    assert.equal(server.connectionCount, 0);
    assert.equal(server.recentEndings[0]?.reason, "server-shutdown");
  });

  it("a TLS handshake that never goes on: is gone with the deadline", async () => {
    const tls = {
      cert: readFileSync(join(PEM_FOLDER, "tls-cert.pem")),
      key: readFileSync(join(PEM_FOLDER, "tls-key.pem")),
    };
    const server = await serve({ port: 0, handler, tls });
    assert.match(server.url, /^https:/);
    const socket = await connected(server);
    const end = readToEnd(socket);
    await server.shutdown({ deadlineMs: 50 });
    await end;
    assert.deepEqual([server.connectionCount, server.recentEndings.length], [0, 0]);
  });
});

describe("connectionLimit", () => {
  it("as many as it: are served; one more: gets 503; afterwards there is room again", () =>
    withServer(
      { handler, limits: { connectionLimit: 1, pressurePercent: 100 } },
      async (server) => {
        const first = await connected(server);
        first.write(requestText());
        await once(first, "data");
        const second = await connected(server);
        second.write(requestText());
        assert.match(await readToEnd(second), /^HTTP\/1\.1 503 /);
        const gone = new Promise<void>((resolve) => {
          server.onEnding(({ reason }) => reason === "peer-ended" && resolve());
        });
        first.end();
        await gone;
      },
    ));
});
