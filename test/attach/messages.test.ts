import assert from "node:assert/strict";
import { Agent, request as ask, type IncomingMessage, type RequestOptions } from "node:http";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { describe, it } from "vitest";
import { attachedScene, summaryOf } from "../support/attached-scene.ts";
import { within } from "../support/deadline.ts";
import { request } from "../support/scene.ts";

// Goal: what HTTP has besides requests and responses goes through a server with attach unchanged.
// How: node:http's own client where it shows more, raw clients where it hides too much.

interface Answered {
  readonly message: IncomingMessage;
  readonly text: string;
  readonly isReused: boolean;
}

function exchange(
  options: RequestOptions,
  send: (asked: ReturnType<typeof ask>) => void,
): Promise<Answered> {
  const answered = new Promise<Answered>((resolve, reject) => {
    const asked = ask({ host: "127.0.0.1", ...options }, (message) => {
      let text = "";
      message.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      message.on("end", () => resolve({ message, text, isReused: asked.reusedSocket }));
      message.on("error", reject);
    });
    asked.on("error", reject);
    send(asked);
  });
  return within(answered, "the response");
}

describe("trailers", () => {
  it(
    "of request and response: arrive",
    attachedScene(
      (message, response) => {
        message.resume().on("end", () => {
          response.writeHead(200, { Trailer: "Seen" });
          response.write("content");
          response.addTrailers({ Seen: message.trailers.sum ?? "none" });
          response.end();
        });
      },
      async ({ port }) => {
        const headers = { "Transfer-Encoding": "chunked", Trailer: "Sum" };
        const { message, text } = await exchange({ port, method: "POST", headers }, (asked) => {
          asked.write("body");
          asked.addTrailers({ Sum: "42" });
          asked.end();
        });
        assert.equal(text, "content");
        assert.deepEqual({ ...message.trailers }, { seen: "42" });
      },
    ),
  );
});

describe("interim responses", () => {
  it(
    "writeProcessing, writeEarlyHints: arrive before the final one",
    attachedScene(
      (_message, response) => {
        response.writeProcessing();
        response.writeEarlyHints({ link: "</a.css>; rel=preload; as=style" });
        response.end("ok");
      },
      async ({ connect }) => {
        const client = await connect();
        await client.write(request());
        await client.waitForResponses(1);
        assert.deepEqual([client.interimStatuses, client.statuses], [[102, 103], [200]]);
      },
    ),
  );

  for (const who of ["node:http", "the application"]) {
    it(
      `100 (Continue) by ${who}: the body follows, and the connection is used again`,
      attachedScene(
        (message, response) => void message.resume().on("end", () => response.end("ok")),
        async ({ connect }) => {
          const client = await connect();
          const fields = ["Content-Length: 4", "Expect: 100-continue"];
          for (let count = 1; count <= 2; count++) {
            await client.write(request("POST /", fields));
            const isAsked = (): boolean => client.interimStatuses.length === count;
            await client.waitFor("100 (Continue)", isAsked);
            await client.write("body");
            await client.waitForResponses(count);
          }
          assert.deepEqual(
            [client.interimStatuses, client.statuses],
            [
              [100, 100],
              [200, 200],
            ],
          );
        },
        {
          prepare: (server) => {
            if (who === "node:http") return;
            server.on("checkContinue", (message, response) => {
              response.writeContinue();
              server.emit("request", message, response);
            });
          },
        },
      ),
    );
  }
});

describe("HTTP/1.0", () => {
  it(
    "without keep-alive: FIN behind the response",
    attachedScene(
      (_message, response) => void response.end("ok"),
      async ({ connect, endingOf }) => {
        const client = await connect();
        await client.write(request("GET /", [], "1.0"));
        await client.waitForFin();
        client.halfClose();
        assert.deepEqual([client.statuses, client.last.text], [[200], "ok"]);
        assert.deepEqual(summaryOf(await endingOf(client)), ["clean", null, "client-asked"]);
      },
    ),
  );

  it(
    "with keep-alive: is used again",
    attachedScene(
      (_message, response) => void response.setHeader("Content-Length", 2).end("ok"),
      async ({ connect }) => {
        const client = await connect();
        for (let count = 1; count <= 3; count++) {
          await client.write(request("GET /", ["Connection: keep-alive"], "1.0"));
          await client.waitForResponses(count);
        }
        assert.deepEqual([client.statuses, client.end], [[200, 200, 200], "open"]);
      },
    ),
  );

  it(
    "content without a length: the connection ends it, in order",
    attachedScene(
      (_message, response) => {
        response.write("one ");
        response.end("two");
      },
      async ({ connect, endingOf }) => {
        const client = await connect();
        await client.write(request("GET /", ["Connection: keep-alive"], "1.0"));
        await client.waitForFin();
        client.halfClose();
        assert.deepEqual([client.last.text, client.completeCount], ["one two", 1]);
        assert.equal((await endingOf(client)).outcome.type, "clean");
      },
    ),
  );
});

describe("responses without content", () => {
  it(
    "HEAD, 204, 304, and a GET behind them: on one connection",
    attachedScene(
      ({ url = "" }, response) => {
        response.statusCode = Number(url.slice(1));
        if (response.statusCode === 200) response.setHeader("Content-Length", 2);
        response.end(response.statusCode === 200 ? "ok" : undefined);
      },
      async ({ port, attached }) => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        const seen: unknown[] = [];
        for (const [method, path] of [
          ["HEAD", "/200"],
          ["GET", "/204"],
          ["GET", "/304"],
          ["GET", "/200"],
        ] as const) {
          const { message, text, isReused } = await exchange(
            { port, method, path, agent },
            (asked) => asked.end(),
          );
          seen.push([message.statusCode, text, isReused]);
        }
        assert.deepEqual(seen, [
          [200, "", false],
          [204, "", true],
          [304, "", true],
          [200, "ok", true],
        ]);
        assert.equal(attached.connectionCount, 1);
        agent.destroy();
      },
    ),
  );
});

describe("TLS", () => {
  it(
    "ALPN and SNI: are as the server has them, and the record knows TLS",
    attachedScene(
      (message, response) => {
        const { servername } = message.socket as { servername?: string | false };
        response.setHeader("Connection", "close").end(String(servername));
      },
      async ({ port, endings }) => {
        const options: ConnectionOptions = {
          host: "127.0.0.1",
          port,
          servername: "localhost",
          ALPNProtocols: ["h2", "http/1.1"],
          rejectUnauthorized: false,
        };
        const text = await within(
          new Promise<string>((resolve, reject) => {
            let received = "";
            const socket = connectTls(options, () => socket.write(request()));
            socket.on("data", (bytes) => {
              received += String(bytes);
            });
            socket.on("end", () => resolve(`${socket.alpnProtocol} ${received}`));
            socket.on("error", reject);
          }),
          "the response",
        );
        assert.match(text, /^http\/1\.1 HTTP\/1\.1 200 OK\r\n/);
        assert.ok(text.includes("localhost"), text);
        assert.deepEqual(
          endings.map(({ isTls, outcome }) => [isTls, outcome.type]),
          endings.map(() => [true, "clean"]),
        );
      },
      { isTls: true },
    ),
  );
});
