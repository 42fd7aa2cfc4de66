import assert from "node:assert/strict";
import { createServer as createTcpServer } from "node:net";
import { describe, it } from "vitest";
import { attach } from "../../src/attach/attach.ts";
import type { ServerNotice } from "../../src/index.ts";
import { attachedScene, startServer, summaryOf } from "../support/attached-scene.ts";
import { poll, Signal } from "../support/deadline.ts";
import { request } from "../support/scene.ts";

// Goal: what the options of attach switch off is as with Node alone, and what cannot be used is
// refused. How: the same clients as where they are on, and calls that throw.

const GET = request();

for (const isTls of [false, true]) {
  const way = isTls ? "TLS" : "plain";

  describe(`onHalfClose, ${way}`, () => {
    for (const onHalfClose of ["answer", "end"] as const) {
      const ended = new Signal();
      it(
        `${onHalfClose}: ${onHalfClose === "answer" ? "a response" : "none"}, then FIN`,
        attachedScene(
          (message, response) => {
            message.socket.once("end", () => ended.fire());
            void ended.promise.then(() => setImmediate(() => response.end("late")));
          },
          async ({ connect, endingOf }) => {
            const client = await connect();
            await client.write(GET);
            client.halfClose();
            await client.waitForFin();
            assert.deepEqual(client.statuses, onHalfClose === "answer" ? [200] : []);
            assert.deepEqual(summaryOf(await endingOf(client)), ["clean", null, "peer-ended"]);
          },
          { isTls, attach: { onHalfClose } },
        ),
      );
    }
  });

  describe(`onDestroyedResponse, ${way}`, () => {
    it(
      "destroy: req.destroy() behind the response is at once",
      attachedScene(
        (message, response) => {
          message.on("error", () => {});
          response.end("ok");
          message.destroy();
        },
        async ({ connect, endingOf }) => {
          const client = await connect();
          await client.write(request("POST /", ["Content-Length: 9"]));
          await client.waitForEnd();
          const expected = ["abandoned", "socket-destroyed", "handler-asked"];
          assert.deepEqual(summaryOf(await endingOf(client)), expected);
        },
        { isTls, attach: { onDestroyedResponse: "destroy" } },
      ),
    );
  });

  describe(`destroy, again and again while it lingers, ${way}`, () => {
    it(
      "a client that goes on to send: is released by the bound",
      attachedScene(
        (message, response) => {
          response.setHeader("Connection", "close").end("ok");
          const { socket } = message;
          const timer = setInterval(() => socket.destroy(), 20);
          socket.on("close", () => clearInterval(timer));
        },
        async ({ connect, endingOf }) => {
          const client = await connect();
          await client.write(request());
          await client.waitForFin();
          const timer = setInterval(() => void client.write("drip"), 20);
          const [, bound] = summaryOf(await endingOf(client));
          clearInterval(timer);
          assert.equal(bound, "fin-wait-2-time");
        },
        {
          isTls,
          policy: { shortLingerTimeoutMs: 200, finWait2TimeoutMs: 400 },
          attach: { socketOptions: "off" },
        },
      ),
    );
  });

  describe(`socketOptions off, ${way}`, () => {
    const notices: ServerNotice[] = [];
    it(
      "a client that never ends: is released by the bound, and what is known is less",
      attachedScene(
        (_message, response) => void response.setHeader("Connection", "close").end("ok"),
        async ({ attached, connect, endingOf }) => {
          const client = await connect();
          await client.write(GET);
          const ending = await endingOf(client);
          const [type, bound] = summaryOf(ending);
          assert.deepEqual([type, bound], ["reset-by-local", "fin-wait-2-time"]);
          assert.equal(ending.delivery.evidence, "unknown");
          assert.ok("absentBecause" in attached.socketOptions);
          assert.equal(notices[0]?.type, "socket-options-absent");
          assert.deepEqual([client.statuses, client.completeCount], [[200], 1]);
          await poll("no connection", () => attached.connectionCount === 0);
        },
        {
          isTls,
          attach: { socketOptions: "off", onNotice: (notice) => notices.push(notice) },
          policy: { lingerIdleTimeoutMs: 50, lingerTotalTimeoutMs: 50, finWait2TimeoutMs: 200 },
        },
      ),
    );
  });
}

describe("attach", () => {
  it("something that is no HTTP server: TypeError", () => {
    assert.throws(() => attach(createTcpServer() as never), TypeError);
  });

  it("a server that is attached already: RangeError, until it is detached", () => {
    const server = startServer(() => {});
    const attached = attach(server);
    assert.throws(() => attach(server), RangeError);
    attached.detach();
    attach(server).detach();
  });

  it("values that are out of range: RangeError, and the server is untouched", () => {
    const server = startServer(() => {});
    const own = Object.keys(server);
    assert.throws(() => attach(server, { lingerIdleTimeoutMs: -1 }), RangeError);
    assert.throws(() => attach(server, {}, { sendTimeoutMs: 0 }), RangeError);
    assert.throws(() => attach(server, {}, { onHalfClose: "maybe" as never }), RangeError);
    assert.throws(() => attach(server, {}, { onDestroyedResponse: "maybe" as never }), RangeError);
    assert.throws(() => attach(server, {}, { socketOptions: "maybe" as never }), RangeError);
    assert.deepEqual(Object.keys(server), own);
    attach(server).detach();
  });
});
