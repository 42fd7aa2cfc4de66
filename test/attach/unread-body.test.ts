import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { type AttachedScene, attachedScene, summaryOf } from "../support/attached-scene.ts";
import { poll } from "../support/deadline.ts";
import type { RawClient } from "../support/raw-client.ts";
import { request } from "../support/scene.ts";

// Goal: a persistent connection whose request body nobody reads is kept within the bounds of the
// policy, and ends in order beyond them. How: raw clients that send the body with and without end.

const GET = request();
const CHUNK = `2000\r\n${"x".repeat(0x2000)}\r\n`;
const post = (bytes: number): string => request("POST /", [`Content-Length: ${bytes}`]);
const postChunked = request("POST /", ["Transfer-Encoding: chunked"]);
const LIMIT_BYTES = 50_000;

/** Sends `piece` again and again until there is a record of the connection. */
async function sendUntilEnded(
  client: RawClient,
  { endings }: AttachedScene,
  piece: string,
): Promise<void> {
  const isEnded = (): boolean => endings.some(({ peerPort }) => peerPort === client.localPort);
  while (!isEnded() && client.error === null && !client.isClosed) {
    await client.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("beyond the bound of bytes", () => {
  for (const how of ["end", "flushHeaders"]) {
    it(
      `a length that is announced, the head goes out with ${how}: it says close`,
      attachedScene(
        (_message, response) => {
          if (how === "flushHeaders") response.flushHeaders();
          response.end("early");
        },
        async ({ connect, endingOf }) => {
          const client = await connect();
          await client.write(post(10 * LIMIT_BYTES));
          await client.waitForFin();
          await client.write("x".repeat(10 * LIMIT_BYTES));
          client.halfClose();
          const ending = await endingOf(client);
          assert.deepEqual(summaryOf(ending), ["clean", null, "body-unread"]);
          assert.equal(ending.discardedBytes, 10 * LIMIT_BYTES);
          assert.equal(client.last.fields.get("connection"), "close");
          assert.deepEqual([client.completeCount, client.end], [1, "fin"]);
        },
        { policy: { discardLimitBytes: LIMIT_BYTES } },
      ),
    );
  }

  it(
    "chunks without end: FIN behind the response, and the client that goes on is cut by a bound",
    attachedScene(
      (_message, response) => void response.end("early"),
      async (scene) => {
        const client = await scene.connect();
        await client.write(postChunked);
        await client.waitForResponses(1);
        await sendUntilEnded(client, scene, CHUNK);
        const ending = await scene.endingOf(client);
        assert.deepEqual(summaryOf(ending), ["abandoned", "linger-bytes", "discard-exhausted"]);
        assert.ok(ending.discardedBytes > 4 * LIMIT_BYTES, `${ending.discardedBytes} discarded`);
        assert.deepEqual([client.statuses, client.completeCount], [[200], 1]);
      },
      { policy: { discardLimitBytes: LIMIT_BYTES, lingerLimitBytes: 4 * LIMIT_BYTES } },
    ),
  );

  it(
    "chunks that end after it: FIN, no RST, and the record counts them",
    attachedScene(
      (_message, response) => void response.end("early"),
      async ({ connect, endingOf }) => {
        const client = await connect();
        await client.write(postChunked);
        await client.waitForResponses(1);
        for (let count = 0; count < 20; count++) await client.write(CHUNK);
        await client.waitForFin();
        for (let count = 0; count < 20; count++) await client.write(CHUNK);
        client.halfClose();
        const ending = await endingOf(client);
        assert.deepEqual(summaryOf(ending), ["clean", null, "discard-exhausted"]);
        assert.equal(ending.discardedBytes, 40 * CHUNK.length);
        assert.deepEqual([client.completeCount, client.end], [1, "fin"]);
      },
      { policy: { discardLimitBytes: LIMIT_BYTES } },
    ),
  );
});

describe("beyond the bound of time", () => {
  for (const [what, head, piece] of [
    ["a length, byte by byte", post(1_000), "x"],
    ["chunks, one by one", postChunked, "1\r\nx\r\n"],
  ] as const) {
    it(
      `${what}: FIN behind the response`,
      attachedScene(
        (_message, response) => void response.end("early"),
        async ({ connect, endingOf }) => {
          const client = await connect();
          await client.write(head);
          await client.waitForResponses(1);
          for (let count = 0; count < 5; count++) await client.write(piece);
          await client.waitForFin();
          await client.write(piece);
          client.halfClose();
          const ending = await endingOf(client);
          assert.deepEqual(summaryOf(ending), ["clean", null, "discard-exhausted"]);
          assert.deepEqual([client.statuses, client.end], [[200], "fin"]);
        },
        { policy: { discardTimeoutMs: 100 } },
      ),
    );
  }
});

describe("within the bounds", () => {
  for (const isTls of [false, true]) {
    for (const [what, head, rest] of [
      ["a length", post(1_000), "x".repeat(1_000)],
      ["chunks", postChunked, `${CHUNK}0\r\n\r\n`],
    ] as const) {
      it(
        `${what}, ${isTls ? "TLS" : "plain"}: the connection is used again, three times`,
        attachedScene(
          ({ url }, response) => void response.end(url),
          async ({ connect, endingOf }) => {
            const client = await connect();
            for (let count = 1; count <= 3; count++) {
              await client.write(head);
              await client.waitForResponses(count);
              await client.write(rest);
            }
            await client.write(GET);
            await client.waitForResponses(4);
            client.halfClose();
            await client.waitForFin();
            const ending = await endingOf(client);
            assert.deepEqual(summaryOf(ending), ["clean", null, "peer-ended"]);
            assert.equal(ending.requestCount, 4);
            assert.deepEqual(client.statuses, [200, 200, 200, 200]);
          },
          { isTls },
        ),
      );
    }
  }

  it(
    "the next request in the same packet as the rest: is answered",
    attachedScene(
      ({ url }, response) => void response.end(url),
      async ({ connect }) => {
        const client = await connect();
        await client.write(`${postChunked}5\r\n`);
        await client.waitForResponses(1);
        await client.write(`hello\r\n0\r\n\r\n${request("GET /next")}${request("GET /last")}`);
        await client.waitForResponses(3);
        assert.deepEqual(
          client.responses.map(({ text }) => text),
          ["/", "/next", "/last"],
        );
      },
    ),
  );

  it(
    "a body that the handler goes on to read behind its response: arrives whole, and is no discard",
    attachedScene(
      (message, response) => {
        let bytes = 0;
        message.on("data", (piece: Buffer) => {
          bytes += piece.length;
        });
        message.on("end", () => message.socket.emit("counted", bytes));
        response.end("early");
      },
      async ({ server, connect }) => {
        const counted = new Promise((resolve) =>
          server.once("connection", (socket) => socket.once("counted", resolve)),
        );
        const client = await connect();
        await client.write(post(20 * LIMIT_BYTES));
        await client.waitForResponses(1);
        await client.write("x".repeat(20 * LIMIT_BYTES));
        assert.equal(await counted, 20 * LIMIT_BYTES);
        await client.write(GET);
        await client.waitForResponses(2);
      },
      { policy: { discardLimitBytes: LIMIT_BYTES } },
    ),
  );
});

describe("a body that somebody has begun to read", () => {
  const PAUSE_MS = 100;

  for (const [what, head, piece] of [
    ["a length", post(1_000_000), "x".repeat(500_000)],
    ["chunks", postChunked, CHUNK.repeat(50)],
  ] as const) {
    it(
      `${what}, given up behind the response: FIN, and no RST for what still comes`,
      attachedScene(
        (message, response) => {
          message.on("data", () => message.pause());
          response.end("enough");
        },
        async ({ connect, endingOf }) => {
          const client = await connect();
          await client.write(head);
          await client.write(piece);
          await client.waitForFin();
          await client.write(piece);
          client.halfClose();
          const ending = await endingOf(client);
          assert.deepEqual(summaryOf(ending), ["clean", null, "body-unread"]);
          assert.deepEqual([client.statuses, client.end], [[200], "fin"]);
        },
        { policy: { discardTimeoutMs: PAUSE_MS } },
      ),
    );
  }

  const read = { bytes: 0 };
  it(
    "by somebody who goes on, from a client that takes its time: all of it, and one more request",
    attachedScene(
      (message, response) => {
        message.on("data", (bytes: Uint8Array) => {
          read.bytes += bytes.byteLength;
        });
        response.end("go on");
      },
      async ({ connect }) => {
        const client = await connect();
        await client.write(post(30));
        await client.waitForResponses(1);
        for (let count = 1; count <= 3; count++) {
          // Longer than an unread body would be waited for.
          await new Promise((resolve) => setTimeout(resolve, 3 * PAUSE_MS));
          await client.write("x".repeat(10));
          await poll("the bytes at the handler", () => read.bytes === count * 10);
        }
        await client.write(GET);
        await client.waitForResponses(2);
        assert.deepEqual([client.statuses, client.end], [[200, 200], "open"]);
      },
      { policy: { discardTimeoutMs: PAUSE_MS } },
    ),
  );
});
