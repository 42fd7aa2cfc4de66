import assert from "node:assert/strict";
import type { RequestListener, ServerOptions } from "node:http";
import type { Socket } from "node:net";
import { describe, it } from "vitest";
import { attachedScene, summaryOf } from "../support/attached-scene.ts";
import { poll, Signal } from "../support/deadline.ts";
import type { RawClient } from "../support/raw-client.ts";
import { request } from "../support/scene.ts";

// Goal: requests that cannot be parsed, or are too slow, are answered once and end in order, with
// and without a listener of the application. How: raw clients, and short bounds of lingering.

const NONSENSE = "nonsense\r\n\r\n";
const ANSWER = "HTTP/1.1 400 Bad Request\r\n\r\n";
const LATER_BYTES = 100_000;
const SHORT = { lingerIdleTimeoutMs: 100, lingerTotalTimeoutMs: 1_000 };
const SLOW: ServerOptions = {
  headersTimeout: 80,
  requestTimeout: 80,
  connectionsCheckingInterval: 20,
};

const readThenAnswer: RequestListener = (message, response) => {
  message.on("error", () => {});
  message.resume().on("end", () => response.end("ok"));
};

const chunked = request("POST /", ["Transfer-Encoding: chunked"]);

const CASES: readonly (readonly [number, string, string, ServerOptions])[] = [
  [400, "nonsense", NONSENSE, {}],
  [400, "a chunk size that is none", `${chunked}x\r\n`, {}],
  [408, "half a header section", "GET / HTTP/1.1\r\nHost:", SLOW],
  [408, "half a body", `${request("POST /", ["Content-Length: 9"])}half`, SLOW],
  [413, "endless chunk extensions", `${chunked}1;${"x".repeat(20_000)}`, {}],
  [431, "a long header section", request("GET /", [`A: ${"x".repeat(20_000)}`]), {}],
];

function assertRefused(client: RawClient, status: number): void {
  assert.deepEqual(
    client.responses.map((each) => [each.status, each.isComplete, each.fields.get("connection")]),
    [[status, true, "close"]],
  );
  assert.equal(client.end, "fin");
}

describe("a connection on which nothing was asked", () => {
  it(
    "is too slow: FIN alone, because a 408 would be the answer to a request that comes late",
    attachedScene(
      readThenAnswer,
      async ({ connect, endingOf }) => {
        const client = await connect();
        await client.waitForFin();
        client.halfClose();
        assert.deepEqual(summaryOf(await endingOf(client)), ["clean", null, "request-timeout"]);
        assert.equal(client.receivedBytes, 0);
      },
      { server: SLOW },
    ),
  );
});

for (const isTls of [false, true]) {
  describe(`without a listener, ${isTls ? "TLS" : "plain"}`, () => {
    for (const [status, what, text, server] of CASES) {
      it(
        `${what}: ${status} and FIN, and what the client goes on to send is absorbed`,
        attachedScene(
          readThenAnswer,
          async ({ connect, endingOf }) => {
            const client = await connect();
            await client.write(text);
            await client.waitForFin();
            for (let count = 0; count < 3; count++) await client.write(new Uint8Array(LATER_BYTES));
            client.halfClose();
            const ending = await endingOf(client);
            const reason = status === 408 ? "request-timeout" : "peer-protocol-error";
            assert.deepEqual(summaryOf(ending), ["clean", null, reason]);
            assert.ok(ending.discardedBytes >= 3 * LATER_BYTES);
            assertRefused(client, status);
          },
          { server, isTls },
        ),
      );

      it(
        `${what}, and a client that never ends: released by a bound, which is recorded`,
        attachedScene(
          readThenAnswer,
          async ({ attached, connect, endingOf }) => {
            const client = await connect();
            await client.write(text);
            await client.waitForFin();
            const [type, bound] = summaryOf(await endingOf(client));
            assert.deepEqual([type, bound], ["abandoned", "linger-idle-time"]);
            assertRefused(client, status);
            await poll("no connection", () => attached.connectionCount === 0);
          },
          { server, isTls, policy: SHORT },
        ),
      );
    }
  });
}

describe("with a listener", () => {
  /** What the listener does, and the socket that it was given. */
  const listening = (
    listener: (socket: Socket) => void,
    play: (client: RawClient, scene: Parameters<Parameters<typeof attachedScene>[1]>[0]) => unknown,
  ): (() => Promise<void>) => {
    const sockets: Socket[] = [];
    return attachedScene(
      (_message, response) => void response.end("ok"),
      async (scene) => {
        const client = await scene.connect();
        await client.write(NONSENSE);
        await play(client, scene);
        await poll("a socket that is gone", () => sockets[0]?.destroyed === true);
        assert.equal(sockets.length, 1);
      },
      {
        policy: SHORT,
        prepare: (server) =>
          server.on("clientError", (_error, socket) => {
            sockets.push(socket as Socket);
            listener(socket as Socket);
          }),
      },
    );
  };

  it(
    "that ends with an answer, as documented: it arrives, and the bound releases the socket",
    listening(
      (socket) => socket.end(ANSWER),
      async (client, { endingOf }) => {
        await client.waitForFin();
        assert.deepEqual(client.statuses, [400]);
        assert.equal(client.completeCount, 1);
        const ending = await endingOf(client);
        const expected = ["abandoned", "linger-idle-time", "peer-protocol-error"];
        assert.deepEqual(summaryOf(ending), expected);
      },
    ),
  );

  it(
    "that writes an answer and destroys: it arrives, then FIN",
    listening(
      (socket) => {
        socket.write(ANSWER);
        socket.destroy();
      },
      async (client, { endingOf }) => {
        await client.waitForFin();
        await client.write(new Uint8Array(LATER_BYTES));
        client.halfClose();
        assert.deepEqual(summaryOf(await endingOf(client)), ["clean", null, "peer-protocol-error"]);
        assert.deepEqual([client.statuses, client.end], [[400], "fin"]);
      },
    ),
  );

  it(
    "that destroys: no response, and a record that says so",
    listening(
      (socket) => socket.destroy(),
      async (client, { endingOf }) => {
        await client.waitForEnd();
        assert.deepEqual(client.statuses, []);
        const expected = ["abandoned", "socket-destroyed", "handler-asked"];
        assert.deepEqual(summaryOf(await endingOf(client)), expected);
      },
    ),
  );

  it(
    "that does nothing: nothing is said, and the client's FIN ends it",
    listening(
      () => {},
      async (client, { endingOf }) => {
        client.halfClose();
        await client.waitForFin();
        assert.deepEqual([client.statuses, client.end], [[], "fin"]);
        assert.equal((await endingOf(client)).outcome.type, "clean");
      },
    ),
  );

  const asked = new Signal<Socket>();
  it(
    "that answers later: the answer arrives, and the bound releases the socket",
    listening(
      (socket) => asked.fire(socket),
      async (client, { endingOf }) => {
        const socket = await asked.promise;
        assert.equal(client.receivedBytes, 0);
        socket.end(ANSWER);
        await client.waitForFin();
        assert.deepEqual(client.statuses, [400]);
        const expected = ["abandoned", "linger-idle-time", "peer-protocol-error"];
        assert.deepEqual(summaryOf(await endingOf(client)), expected);
      },
    ),
  );
});

describe("behind good requests that are not answered yet", () => {
  for (const isHeard of [false, true]) {
    const released = new Signal();
    const toldAfter: number[] = [];
    it(
      `${isHeard ? "with" : "without"} a listener: they are answered, then one error, in order`,
      attachedScene(
        ({ url }, response) => void released.promise.then(() => response.end(url)),
        async ({ connect, endingOf }) => {
          const client = await connect();
          await client.write(`${request("GET /a")}${request("GET /b")}${NONSENSE}`);
          await client.write(NONSENSE);
          released.fire();
          await client.waitForFin();
          client.halfClose();
          const ending = await endingOf(client);
          assert.deepEqual(summaryOf(ending), ["clean", null, "peer-protocol-error"]);
          assert.deepEqual(client.statuses, [200, 200, 400]);
          assert.deepEqual(
            client.responses.slice(0, 2).map(({ text }) => text),
            ["/a", "/b"],
          );
          assert.equal(toldAfter.length, isHeard ? 1 : 0);
        },
        {
          prepare: (server) => {
            if (!isHeard) return;
            server.on("clientError", (_error, socket) => {
              toldAfter.push((socket as Socket).bytesWritten);
              socket.end(ANSWER);
            });
          },
        },
      ),
    );
  }
});
