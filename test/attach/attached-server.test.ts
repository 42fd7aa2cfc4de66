import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "vitest";
import { attach } from "../../src/attach/attach.ts";
import { attachedScene } from "../support/attached-scene.ts";
import { Signal, within } from "../support/deadline.ts";
import type { RawClient } from "../support/raw-client.ts";

// Goal: what clients see of a node:http server with attach, and what its records say. How: real
// servers on free ports of loopback, and raw clients that tell FIN from RST.

const LARGE = "x".repeat(200_000);
const UPLOAD_BYTES = 20_000_000;
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const post = (bytes: number): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`;

async function uploadBlindly(client: RawClient): Promise<void> {
  await client.write(post(UPLOAD_BYTES));
  await client.write(new Uint8Array(UPLOAD_BYTES));
  client.resume();
  await client.waitForFin();
}

function assertWhole(client: RawClient, status: number): void {
  assert.deepEqual(
    client.responses.map((each) => [each.status, each.bodyBytes, each.isComplete]),
    [[status, LARGE.length, true]],
  );
  assert.equal(client.end, "fin");
}

describe("an upload that nobody reads", () => {
  it(
    "a client that sends all of it before it reads: whole response, FIN, no RST",
    attachedScene(
      (_request, response) => void response.writeHead(413).end(LARGE),
      async ({ connect }) => {
        const client = await connect({ isReading: false });
        await uploadBlindly(client);
        assertWhole(client, 413);
        assert.equal(client.last.fields.get("connection"), "close");
      },
    ),
  );

  for (const error of [undefined, null, new Error("enough")]) {
    it(
      `destroyed with ${error} behind the response: whole response, FIN, no RST`,
      attachedScene(
        (request, response) => {
          request.on("error", () => {});
          response.writeHead(413).end(LARGE);
          request.socket.destroy(error as Error | undefined);
        },
        async ({ connect }) => {
          const client = await connect({ isReading: false });
          await uploadBlindly(client);
          assertWhole(client, 413);
        },
      ),
    );
  }

  it(
    "req.destroy() behind the response: whole response, FIN, no RST",
    attachedScene(
      (request, response) => {
        response.writeHead(413).end(LARGE);
        request.destroy();
      },
      async ({ connect }) => {
        const client = await connect({ isReading: false });
        await uploadBlindly(client);
        assertWhole(client, 413);
      },
    ),
  );
});

describe("a chunked upload that nobody reads", () => {
  const chunked = (byteLength: number): string =>
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
    `${byteLength.toString(16)}\r\n${"x".repeat(byteLength)}\r\n0\r\n\r\n`;
  const answer: RequestListener = (_request, response) => void response.end(LARGE);

  it(
    "within the limit of discarding: the connection persists, the next request is answered",
    attachedScene(answer, async ({ connect }) => {
      const client = await connect();
      await client.write(chunked(100_000));
      await client.write(GET);
      await client.waitForResponses(2);
      assert.deepEqual([client.statuses, client.end], [[200, 200], "open"]);
    }),
  );

  it(
    "beyond it: whole response, FIN, no RST, and a record that says so",
    attachedScene(
      answer,
      async ({ attached, connect }) => {
        const ended = new Signal();
        attached.onEnding(() => ended.fire());
        const client = await connect();
        await client.write(chunked(UPLOAD_BYTES));
        await client.waitForFin();
        assertWhole(client, 200);
        client.close();
        await within(ended.promise, "the ending");
        assert.equal(attached.recentEndings[0]?.reason, "discard-exhausted");
      },
      // Far behind the deadline of a test, so that only the bytes can be what ended it.
      { policy: { discardTimeoutMs: 30_000 } },
    ),
  );
});

describe("destroy before any response", () => {
  for (const error of [undefined, null]) {
    it(
      `with ${error}: no response, and a record that says so`,
      attachedScene(
        (request) => request.socket.destroy(error as Error | undefined),
        async ({ attached, connect }) => {
          const ended = new Signal();
          attached.onEnding(() => ended.fire());
          const client = await connect();
          await client.write(GET);
          await client.waitForEnd();
          await within(ended.promise, "the ending");
          assert.equal(client.responses.length, 0);
          const [ending] = attached.recentEndings;
          assert.deepEqual(ending?.outcome, { type: "abandoned", bound: "socket-destroyed" });
        },
      ),
    );
  }
});

describe("the error of another connection, passed on by a proxy", () => {
  for (const isTls of [false, true]) {
    for (const code of ["ECONNRESET", "ETIMEDOUT"]) {
      it(
        `${code}, ${isTls ? "TLS" : "plain"}: the record does not blame the client`,
        attachedScene(
          (_request, response) => {
            const error = Object.assign(new Error(`read ${code}`), { code, syscall: "read" });
            response.destroy(error);
          },
          async ({ attached, connect, endingOf }) => {
            const client = await connect();
            await client.write(GET);
            await client.waitForEnd();
            const { outcome, reason } = await endingOf(client);
            if ("absentBecause" in attached.socketOptions) assert.notEqual(outcome.type, "clean");
            else assert.deepEqual(outcome, { type: "abandoned", bound: "socket-destroyed" });
            if ("provider" in attached.socketOptions) assert.equal(reason, "handler-asked");
          },
          { isTls },
        ),
      );
    }
  }
});

describe("the error of another connection behind the response", () => {
  it(
    "the response arrives whole all the same",
    attachedScene(
      (request, response) => {
        request.on("error", () => {});
        response.writeHead(413).end(LARGE);
        const code = "ECONNRESET";
        response.destroy(Object.assign(new Error("read ECONNRESET"), { code, syscall: "read" }));
      },
      async ({ attached, connect }) => {
        const client = await connect({ isReading: false });
        await uploadBlindly(client);
        if ("provider" in attached.socketOptions) assertWhole(client, 413);
      },
    ),
  );
});

describe("a client that half-closes behind its request", () => {
  const released = new Signal();
  it(
    "gets its answer, then FIN",
    attachedScene(
      (request, response) => {
        request.socket.once("end", () => released.fire());
        void released.promise.then(() => response.end(LARGE));
      },
      async ({ connect }) => {
        const client = await connect();
        await client.write(GET);
        client.halfClose();
        await client.waitForFin();
        assertWhole(client, 200);
      },
    ),
  );
});

describe("detach", () => {
  it("the server has its own methods again, and a socket is Node's alone", async () => {
    const server = createServer((request, response) => {
      response.setHeader("covered", String(Object.hasOwn(request.socket, "destroySoon")));
      response.end();
    });
    const own = Object.keys(server);
    attach(server).detach();
    assert.deepEqual(Object.keys(server), own);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(answer.headers.get("covered"), "false");
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  });
});
