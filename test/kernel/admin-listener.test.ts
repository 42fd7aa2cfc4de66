import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, it } from "vitest";
import {
  ENDING_CHANNEL,
  type EndingMessage,
  type Exchange,
  type ServeOptions,
  serveAdmin,
} from "../../src/index.ts";
import { ask, statusOf, withAdmin } from "../support/admin-client.ts";
import { within } from "../support/deadline.ts";
import { RawClient } from "../support/raw-client.ts";
import { request, withServer } from "../support/scene.ts";

// Goal: the admin listener tells nobody who must not know, changes nothing, and leaves with its
// server. How: a server with an admin listener, and requests to it with whatever fields.

const CLOSING: ServeOptions = {
  handler: (exchange: Exchange) => exchange.respond(200, [["Connection", "close"]], "bye"),
};

/** How a connection is refused, or `"connected"`. */
function refusalOf(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (result: string): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => settle("connected"));
    socket.once("error", (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
  });
}

describe("what it answers", () => {
  it.each([
    ["/", "text/html; charset=utf-8"],
    ["/?json", "application/json"],
    ["/?auto", "text/plain; charset=utf-8"],
    ["/metrics", "text/plain; version=0.0.4; charset=utf-8"],
    ["/status.js", "text/javascript; charset=utf-8"],
    ["/status.css", "text/css; charset=utf-8"],
    ["/uplot.js", "text/javascript; charset=utf-8"],
    ["/uplot.css", "text/css; charset=utf-8"],
    ["/icon.svg", "image/svg+xml"],
  ])("%s: is typed %s, and guarded", async (path, type) => {
    await withAdmin(CLOSING, async (_, admin) => {
      const { status, headers, text } = await ask(admin, path);
      assert.equal(status, 200);
      assert.equal(headers["content-type"], type);
      assert.ok(text.length > 100, text);
      const policy = headers["content-security-policy"] ?? "";
      assert.match(String(policy), /^default-src 'none'; script-src 'self'; /);
      assert.ok(!String(policy).includes("unsafe"), String(policy));
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.equal(headers["referrer-policy"], "no-referrer");
      assert.equal(headers["cache-control"], "no-store");
      const open = Object.keys(headers).filter((name) => name.startsWith("access-control"));
      assert.deepEqual(open, []);
    });
  });
});

describe("what it refuses", () => {
  it("a foreign Host, Origin or site, a path of the disk: is told nothing", async () => {
    await withAdmin(CLOSING, async (_, admin) => {
      const own = `http://127.0.0.1:${admin.port}`;
      const status = async (path: string, headers: Record<string, string> = {}) =>
        (await ask(admin, path, { headers })).status;
      const observed = {
        host: await status("/metrics", { host: "evil.example" }),
        origin: await status("/?json", { origin: "http://evil.example" }),
        nullOrigin: await status("/?json", { origin: "null" }),
        ownOrigin: await status("/?json", { origin: own }),
        site: await status("/", { "sec-fetch-site": "cross-site" }),
        path: await status("/../package.json"),
        asset: await status("/status.js/../../package.json"),
        absolute: await status(`${own}/metrics`),
      };
      const expected = {
        host: 421,
        origin: 403,
        nullOrigin: 403,
        ownOrigin: 200,
        site: 403,
        path: 404,
        asset: 404,
        absolute: 404,
      };
      assert.deepEqual(observed, expected);
      const refused = await ask(admin, "/", { headers: { host: "evil.example" } });
      assert.ok(refused.headers["content-security-policy"] !== undefined);
      assert.ok(refused.text.length < 100, refused.text);
    });
  });

  it("a name that is allowed: is answered", async () => {
    const options = { allowedHosts: ["status.example"] };
    const play = async (_: unknown, admin: Parameters<typeof ask>[0]) => {
      const { status } = await ask(admin, "/", { headers: { host: "status.example:9090" } });
      assert.equal(status, 200);
    };
    await withAdmin(CLOSING, play, options);
  });

  it("other methods: 405, and the server goes on as before", async () => {
    await withAdmin(CLOSING, async ({ server }, admin) => {
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
        const { status, headers } = await ask(admin, "/", { method });
        assert.equal(status, 405, method);
        assert.equal(headers.allow, "GET, HEAD");
      }
      const { status, text } = await ask(admin, "/metrics", { method: "HEAD" });
      assert.deepEqual([status, text], [200, ""]);
      assert.equal(server.phase, "serving");
    });
  });

  it("a body: is too large, whatever its size", async () => {
    await withAdmin(CLOSING, async (_, admin) => {
      const client = await RawClient.connect({ port: admin.port });
      await client.write(`GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n12345`);
      await client.waitForResponses(1);
      assert.equal(client.last.status, 413);
      client.close();
    });
  });

  it("default address: answers at 127.0.0.1, and at no other address of the machine", async () => {
    await withAdmin(CLOSING, async (_, admin) => {
      assert.equal(admin.address, "127.0.0.1");
      const others = Object.values(networkInterfaces())
        .flatMap((list) => list ?? [])
        .map(({ address }) => address)
        .filter((address) => address !== "127.0.0.1" && !address.startsWith("fe80:"));
      for (const host of ["127.0.0.2", ...others]) {
        assert.equal(await refusalOf(host, admin.port), "ECONNREFUSED", host);
      }
    });
  });

  it("a name with a port, in allowedHosts: is a RangeError, and nothing listens", async () => {
    await withServer(CLOSING, async ({ server }) => {
      await assert.rejects(serveAdmin(server, { allowedHosts: ["a.example:80"] }), RangeError);
      await assert.rejects(serveAdmin(server, { port: server.port }), {
        code: "FINWAIT_LISTEN_FAILED",
      });
    });
  });
});

describe("what it tells", () => {
  it("requests with secrets: none is in any form", async () => {
    await withAdmin(CLOSING, async (scene, admin) => {
      const lines = [
        "User-Agent: curl/8.5.0 (agent-secret)",
        "Authorization: Bearer bearer-secret",
        "Cookie: id=cookie-secret",
        "Referer: http://localhost/referer-secret",
      ];
      // One that lingers, and one that has ended.
      for (const isEnding of [false, true]) {
        const client = await scene.connect();
        await client.write(request("GET /path-secret?token=query-secret", lines));
        await client.waitForFin();
        if (!isEnding) continue;
        client.close();
        await scene.endingOf(client);
      }
      for (const path of ["/", "/?json", "/?auto", "/metrics", "/?reflected-secret"]) {
        const { text } = await ask(admin, path);
        assert.ok(!text.includes("secret"), path);
      }
      assert.match((await ask(admin, "/")).text, /curl\/8\.5\.0/);
    });
  });

  it("its own connections: are no connections, endings or messages of the server", async () => {
    const published: EndingMessage[] = [];
    // What is published on this channel is of this type.
    const listener = (message: unknown): void => void published.push(message as EndingMessage);
    subscribe(ENDING_CHANNEL, listener);
    try {
      await withAdmin(CLOSING, async (scene, admin) => {
        await ask(admin, "/metrics");
        const { connections, endings } = await statusOf(admin);
        assert.deepEqual([connections.total, endings.total], [0, 0]);
        const client = await scene.connect();
        client.close();
        const ending = await scene.endingOf(client);
        assert.deepEqual(published, [
          { ending, server: { address: "127.0.0.1", port: scene.port } },
        ]);
      });
    } finally {
      unsubscribe(ENDING_CHANNEL, listener);
    }
  });
});

describe("when it ends", () => {
  it("a shutdown: its phases are shown until the end, then the listener goes too", async () => {
    await withServer(CLOSING, async (scene) => {
      const admin = await serveAdmin(scene.server);
      const scraper = await RawClient.connect({ port: admin.port });
      const cut = new AbortController();
      const gone = scene.server.shutdown({ announceMs: 10_000, signal: cut.signal });
      const { text } = await ask(admin, "/metrics");
      assert.match(text, /^finwait_phase\{phase="announcing"\} 1$/m);
      cut.abort();
      await gone;
      // A connection that somebody keeps open does not keep the listener.
      await within(scraper.waitForFin(), "the end of the admin listener");
      assert.equal(await refusalOf("127.0.0.1", admin.port), "ECONNREFUSED");
      scraper.close();
    });
  });

  it("closed by itself, twice: the server goes on", async () => {
    await withServer(CLOSING, async (scene) => {
      const admin = await serveAdmin(scene.server);
      await Promise.all([admin.close(), admin.close()]);
      assert.equal(await refusalOf("127.0.0.1", admin.port), "ECONNREFUSED");
      const client = await scene.connect();
      await client.write(request());
      await client.waitForResponses(1);
      assert.equal(client.last.status, 200);
    });
  });
});
