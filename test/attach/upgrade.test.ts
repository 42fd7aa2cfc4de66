import assert from "node:assert/strict";
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { describe, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { attachedScene, summaryOf } from "../support/attached-scene.ts";
import { poll, within } from "../support/deadline.ts";
import { request } from "../support/scene.ts";

// Goal: a connection that is upgraded, or becomes a tunnel, is the application's as without attach,
// and still leaves a record. How: ws on both sides, a tunnel to an echo, and raw upgrades.

const answer: RequestListener = (_message, response) => void response.end("ok");
const UPGRADE = request("GET /", ["Connection: Upgrade", "Upgrade: raw"]);
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n";

for (const isTls of [false, true]) {
  describe(`WebSocket by ws, ${isTls ? "TLS" : "plain"}`, () => {
    for (const closer of ["client", "server"]) {
      it(
        `closed by the ${closer}: echoes both ways, both see the close code, one record`,
        attachedScene(
          answer,
          async ({ server, port, endings }) => {
            const sockets = new WebSocketServer({ server });
            sockets.on("connection", (socket) => {
              socket.on("message", (data, isBinary) => {
                if (String(data) === "close") socket.close(4_001, "asked");
                else socket.send(data, { binary: isBinary });
              });
            });
            const url = `${isTls ? "wss" : "ws"}://127.0.0.1:${port}/`;
            const client = new WebSocket(url, { rejectUnauthorized: false });
            await within(once(client, "open"), "the handshake");
            for (const message of ["text", "x".repeat(200_000)]) {
              client.send(message);
              const [data] = await within(once(client, "message"), "the echo");
              assert.equal(String(data), message);
            }
            const closed = once(client, "close");
            if (closer === "client") client.close(4_000, "done");
            else client.send("close");
            const [code] = await within(closed, "the close handshake");
            assert.equal(code, closer === "client" ? 4_000 : 4_001);
            await poll("a record", () => endings.length > 0);
            const summaries = endings.map(summaryOf);
            assert.deepEqual(summaries, [["clean", null, "handler-asked"]]);
            sockets.close();
          },
          { isTls },
        ),
      );
    }
  });
}

/** A TCP server that answers in upper case, and ends behind its peer. */
async function startShouter(): Promise<{ readonly port: number; stop(): void }> {
  const shouter = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("data", (bytes) => socket.write(String(bytes).toUpperCase()));
    socket.on("end", () => socket.end("!"));
  });
  await new Promise<void>((resolve) => shouter.listen(0, "127.0.0.1", resolve));
  return { port: (shouter.address() as AddressInfo).port, stop: () => shouter.close() };
}

describe("CONNECT", () => {
  it(
    "a tunnel: bytes both ways, half-close, and a clean record",
    attachedScene(answer, async ({ server, connect, endingOf }) => {
      const shouter = await startShouter();
      server.on("connect", (_message, socket) => {
        const target = connectTcp({ port: shouter.port, allowHalfOpen: true });
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(target);
        target.pipe(socket);
      });
      const client = await connect();
      await client.write("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
      await client.waitFor("the head", () => client.responses.length === 1);
      await client.write("hello");
      await client.waitFor("the echo", () => client.last.text === "HELLO");
      client.halfClose();
      await client.waitForFin();
      assert.equal(client.last.text, "HELLO!");
      assert.deepEqual(summaryOf(await endingOf(client)), ["clean", null, "handler-asked"]);
      shouter.stop();
    }),
  );
});

describe("a raw upgrade", () => {
  const echo = (socket: Socket): void => {
    socket.write(SWITCHING);
    socket.on("data", (bytes) => socket.write(bytes));
    socket.on("end", () => socket.end("bye"));
  };

  for (const isTls of [false, true]) {
    it(
      `behind ordinary requests, ${isTls ? "TLS" : "plain"}: the socket is the application's`,
      attachedScene(
        answer,
        async ({ server, connect, endingOf }) => {
          server.on("upgrade", (_message, socket) => echo(socket as Socket));
          const client = await connect();
          await client.write(request());
          await client.waitForResponses(1);
          await client.write(UPGRADE);
          await client.waitFor("101", () => client.interimStatuses.includes(101));
          const before = client.receivedBytes;
          await client.write("x".repeat(1_000));
          await client.waitFor("the echo", () => client.receivedBytes === before + 1_000);
          client.halfClose();
          await client.waitForFin();
          assert.equal(client.receivedBytes, before + 1_000 + "bye".length);
          const ending = await endingOf(client);
          assert.deepEqual(summaryOf(ending), ["clean", null, "handler-asked"]);
          assert.deepEqual([ending.requestCount, ending.firstEnder], [2, "peer"]);
        },
        { isTls },
      ),
    );
  }

  it(
    "with a body: the application gets what follows it, and the record is clean",
    attachedScene(answer, async ({ server, connect, endingOf }) => {
      const received: string[] = [];
      server.on("upgrade", (_message, socket, head) => {
        socket.write(SWITCHING);
        received.push(String(head));
        socket.on("data", (bytes) => {
          received.push(String(bytes));
          socket.write("x");
        });
        socket.on("end", () => socket.end("bye"));
      });
      const client = await connect();
      const fields = ["Connection: Upgrade", "Upgrade: raw", "Content-Length: 4"];
      await client.write(request("POST /", fields));
      await client.waitFor("101", () => client.interimStatuses.includes(101));
      const before = client.receivedBytes;
      // Node 26 reads the body apart, others hand everything on.
      await client.write("bodyafter");
      await client.waitFor("an echo", () => client.receivedBytes > before);
      client.halfClose();
      await client.waitForFin();
      assert.ok(received.join("").endsWith("after"), received.join("|"));
      assert.equal((await endingOf(client)).outcome.type, "clean");
    }),
  );

  it(
    "that the application destroys: the record says so",
    attachedScene(answer, async ({ server, connect, endingOf }) => {
      server.on("upgrade", (_message, socket) => socket.destroy());
      const client = await connect();
      await client.write(UPGRADE);
      await client.waitForEnd();
      const expected = ["abandoned", "socket-destroyed", "handler-asked"];
      assert.deepEqual(summaryOf(await endingOf(client)), expected);
    }),
  );

  it(
    "a client that resets it: the record says so",
    attachedScene(answer, async ({ server, connect, endingOf }) => {
      server.on("upgrade", (_message, socket) => {
        socket.on("error", () => {});
        echo(socket as Socket);
      });
      const client = await connect();
      await client.write(UPGRADE);
      await client.waitFor("101", () => client.interimStatuses.includes(101));
      client.reset();
      assert.equal((await endingOf(client)).outcome.type, "reset-by-peer");
    }),
  );

  it(
    "a shutdown: is waited for until the deadline, then ended",
    attachedScene(answer, async ({ attached, server, connect, endingOf }) => {
      server.on("upgrade", (_message, socket) => echo(socket as Socket));
      const client = await connect();
      await client.write(UPGRADE);
      await client.waitFor("101", () => client.interimStatuses.includes(101));
      const report = await attached.shutdown({ announceMs: 0, deadlineMs: 150 });
      assert.equal(report.isCutShort, true);
      await client.waitForEnd();
      const { outcome } = await endingOf(client);
      assert.deepEqual(outcome, { type: "abandoned", bound: "shutdown-deadline" });
    }),
  );

  it(
    "without a listener: is an ordinary request",
    attachedScene(answer, async ({ connect }) => {
      const client = await connect();
      await client.write(UPGRADE);
      await client.waitForResponses(1);
      assert.deepEqual(client.statuses, [200]);
    }),
  );
});
