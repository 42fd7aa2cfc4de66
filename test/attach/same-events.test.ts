import assert from "node:assert/strict";
import type { IncomingMessage, RequestListener, Server, ServerOptions } from "node:http";
import type { Socket } from "node:net";
import { describe, it } from "vitest";
import { attach } from "../../src/attach/attach.ts";
import { listen, startServer } from "../support/attached-scene.ts";
import { poll, within } from "../support/deadline.ts";
import { RawClient } from "../support/raw-client.ts";
import { request } from "../support/scene.ts";

// Goal: the application sees the same events, in the same order, with attach as without; where the
// difference is the point of attach, it is written down here. How: each scene runs on a bare server
// and on an attached one, and the two lists of events are compared.

const GET = request();
const post = (bytes: number, content = ""): string =>
  request("POST /", [`Content-Length: ${bytes}`]) + content;

interface Scenario {
  readonly what: string;
  readonly handler: RequestListener;
  /** The client's part. It closes behind that. */
  play(client: RawClient, server: Server, log: readonly string[]): Promise<unknown>;
  readonly options?: ServerOptions;
  readonly prepare?: (server: Server, note: (event: string) => void) => void;
  /** An event that only the one, and one that only the other has, where that is intended. */
  readonly difference?: { readonly bare: string; readonly attached: string };
}

/** What the application hears of requests, responses and sockets, until the socket is closed. */
async function eventsOf(scenario: Scenario, isAttached: boolean): Promise<readonly string[]> {
  const log: string[] = [];
  const note = (event: string): void => void log.push(event);
  const server = startServer(scenario.handler, { server: scenario.options ?? {} });
  server.prependListener("request", (message: IncomingMessage, response) => {
    note(`request ${message.method}`);
    for (const name of ["aborted", "end", "close"]) {
      message.on(name, () => {
        note(`request ${name}${name === "close" ? ` (aborted: ${message.aborted})` : ""}`);
      });
    }
    message.on("error", (error: NodeJS.ErrnoException) => note(`request error ${error.code}`));
    for (const name of ["finish", "close"]) {
      response.on(name, () => {
        const end = name === "close" ? ` (finished: ${response.writableFinished})` : "";
        note(`response ${name}${end}`);
      });
    }
    response.on("error", (error: NodeJS.ErrnoException) => note(`response error ${error.code}`));
  });
  let closedCount = 0;
  server.on("connection", (socket: Socket) => {
    socket.on("timeout", () => note("socket timeout"));
    socket.on("close", () => {
      note("socket close");
      closedCount += 1;
    });
  });
  scenario.prepare?.(server, note);
  const attached = isAttached ? attach(server) : null;
  const client = await RawClient.connect({ port: await listen(server) });
  try {
    await scenario.play(client, server, log);
    client.close();
    await poll(
      "the close of the socket",
      () => closedCount > 0,
      () => JSON.stringify(log),
    );
  } finally {
    client.close();
    attached?.detach();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await within(closed, "the close of the server");
  }
  return log;
}

const seen = (log: readonly string[], event: string): Promise<void> =>
  poll(event, () => log.some((each) => each.startsWith(event)));

const silent: RequestListener = () => {};
const answer: RequestListener = (_message, response) => void response.end("ok");
const readThenAnswer: RequestListener = (message, response) =>
  void message.resume().on("end", () => response.end("ok"));

const SCENARIOS: readonly Scenario[] = [
  {
    what: "two requests, then the client's FIN",
    handler: answer,
    play: async (client) => {
      await client.write(GET);
      await client.waitForResponses(1);
      await client.write(GET);
      await client.waitForResponses(2);
      client.halfClose();
      await client.waitForFin();
    },
  },
  {
    what: "Connection: close",
    handler: answer,
    play: async (client) => {
      await client.write(request("GET /", ["Connection: close"]));
      await client.waitForFin();
    },
  },
  {
    what: "pipelined requests, then close",
    handler: answer,
    play: async (client) => {
      await client.write(GET + GET + request("GET /", ["Connection: close"]));
      await client.waitForFin();
    },
  },
  {
    what: "a body that is read",
    handler: readThenAnswer,
    play: async (client) => {
      await client.write(post(4, "body"));
      await client.waitForResponses(1);
    },
  },
  {
    what: "a short body that nobody reads",
    handler: answer,
    play: async (client) => {
      await client.write(post(4, "body"));
      await client.waitForResponses(1);
      await client.write(GET);
      await client.waitForResponses(2);
    },
  },
  {
    what: "an early response, then the client goes",
    handler: answer,
    play: async (client) => {
      await client.write(post(100, "half"));
      await client.waitForResponses(1);
    },
  },
  {
    what: "Expect: 100-continue, read",
    handler: readThenAnswer,
    play: async (client) => {
      await client.write(request("POST /", ["Content-Length: 4", "Expect: 100-continue"]));
      await client.waitFor("100", () => client.interimStatuses.length > 0);
      await client.write("body");
      await client.waitForResponses(1);
    },
  },
  {
    what: "a reset while the handler waits",
    handler: silent,
    play: async (client, _server, log) => {
      await client.write(GET);
      await seen(log, "request GET");
      client.reset();
      await seen(log, "socket close");
    },
  },
  {
    what: "a reset in the middle of an upload that is read",
    handler: readThenAnswer,
    play: async (client, _server, log) => {
      await client.write(post(100, "half"));
      await seen(log, "request POST");
      client.reset();
      await seen(log, "socket close");
    },
  },
  {
    what: "a FIN in the middle of an upload that is read",
    handler: readThenAnswer,
    play: async (client, _server, log) => {
      await client.write(post(100, "half"));
      client.halfClose();
      await seen(log, "socket close");
    },
  },
  {
    what: "req.destroy() before any response",
    handler: (message) => void message.destroy(),
    play: async (client) => {
      await client.write(GET);
      await client.waitForEnd();
    },
  },
  {
    what: "res.destroy() in the middle of a response",
    handler: (_message, response) => {
      response.setHeader("Content-Length", 10);
      response.write("some", () => response.destroy());
    },
    play: async (client) => {
      await client.write(GET);
      await client.waitForEnd();
      assert.deepEqual([client.last.text, client.completeCount], ["some", 0]);
    },
  },
  {
    what: "res.destroy(error) in the middle of chunks",
    handler: (_message, response) => {
      response.write("some", () => response.destroy(new Error("enough")));
    },
    play: async (client) => {
      await client.write(GET);
      await client.waitForEnd();
      assert.deepEqual([client.last.text, client.completeCount], ["some", 0]);
    },
  },
  {
    what: "a request that cannot be parsed, and a listener",
    handler: answer,
    prepare: (server, note) =>
      server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
        note(`clientError ${error.code}`);
        socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
      }),
    play: async (client) => {
      await client.write(`${GET}nonsense\r\n\r\n`);
      await client.waitForFin();
    },
  },
  {
    what: "a request that cannot be parsed, and no listener",
    handler: answer,
    play: async (client) => {
      await client.write("nonsense\r\n\r\n");
      await client.waitForEnd();
    },
  },
  {
    what: "requestTimeout while the handler reads",
    handler: readThenAnswer,
    options: { requestTimeout: 60, headersTimeout: 60, connectionsCheckingInterval: 20 },
    play: async (client) => {
      await client.write(post(100, "half"));
      await client.waitForEnd();
      assert.deepEqual(client.statuses, [408]);
    },
  },
  {
    what: "keepAliveTimeout",
    handler: answer,
    options: { keepAliveTimeout: 40 },
    play: async (client) => {
      await client.write(GET);
      await client.waitForFin();
    },
  },
  {
    what: "closeAllConnections while the handler waits",
    handler: silent,
    prepare: (server) =>
      void server.on("request", () => setImmediate(() => server.closeAllConnections())),
    play: async (client) => {
      await client.write(GET);
      await client.waitForEnd();
    },
  },
  {
    what: "socket.setTimeout without a listener on request, response or server",
    handler: (message) => void message.socket.setTimeout(40),
    play: async (client) => {
      await client.write(GET);
      await client.waitForEnd();
    },
  },
  {
    what: "request.setTimeout with a callback that answers",
    handler: (message, response) => void message.setTimeout(40, () => response.end("late")),
    play: async (client) => {
      await client.write(post(100, "half"));
      await client.waitForResponses(1);
    },
  },
  {
    what: "response.setTimeout with a callback that destroys",
    handler: (_message, response) => void response.setTimeout(40, () => response.destroy()),
    play: async (client) => {
      await client.write(GET);
      await client.waitForEnd();
    },
  },
  {
    what: "server.setTimeout without a callback",
    handler: silent,
    prepare: (server) => void server.setTimeout(40),
    play: async (client) => {
      await client.write(GET);
      await client.waitForEnd();
    },
  },
  {
    what: "an early response that says close, then the client goes",
    handler: (_message, response) => void response.setHeader("Connection", "close").end("ok"),
    play: async (client) => {
      await client.write(post(100, "half"));
      await client.waitForFin();
    },
  },
  {
    what: "a half-closed client whose answer is late",
    handler: (message, response) => void message.socket.once("end", () => response.end("late")),
    play: async (client, _server, log) => {
      await client.write(GET);
      client.halfClose();
      await seen(log, "socket close");
    },
    // Node ends its side with the client's, so that the response has nowhere to go.
    difference: {
      bare: "response close (finished: false)",
      attached: "response close (finished: true)",
    },
  },
  {
    what: "a response, and req.destroy() behind it",
    handler: (message, response) => {
      response.end("x".repeat(1_000));
      message.destroy();
    },
    play: async (client) => {
      await client.write(post(100, "half"));
      await client.waitForEnd();
    },
  },
  {
    what: "server.setTimeout with a callback that ends the socket",
    handler: answer,
    prepare: (server, note) =>
      void server.setTimeout(40, (socket) => {
        note("server timeout");
        socket.end();
      }),
    play: async (client) => {
      await client.waitForFin();
    },
  },
];

describe("the events that the application sees", () => {
  for (const scenario of SCENARIOS) {
    const { what, difference } = scenario;
    it(`${what}: are ${difference === undefined ? "the same" : "others"} with attach`, async () => {
      const bare = await eventsOf(scenario, false);
      const attached = await eventsOf(scenario, true);
      if (difference === undefined) assert.deepEqual(attached, bare);
      else {
        assert.ok(bare.includes(difference.bare), bare.join(", "));
        assert.ok(attached.includes(difference.attached), attached.join(", "));
        assert.ok(!attached.includes(difference.bare), attached.join(", "));
      }
    });
  }
});
