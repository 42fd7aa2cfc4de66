import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import type { Socket } from "node:net";
import { describe, it } from "vitest";
import { attachedScene, summaryOf } from "../support/attached-scene.ts";
import { poll, Signal, within } from "../support/deadline.ts";
import { request } from "../support/scene.ts";

// Goal: shutdown ends every connection by what it is doing and reports it; detach leaves the server
// and its connections as they were. How: one client in each phase.

const GET = request();
const GET_CLOSE = request("GET /", ["Connection: close"]);

/** Answers "/held" when released, others at once. */
function holding(): {
  readonly handler: RequestListener;
  readonly held: Signal;
  readonly released: Signal;
} {
  const held = new Signal();
  const released = new Signal();
  return {
    held,
    released,
    handler: ({ url }, response) => {
      if (url !== "/held") {
        response.end("ok");
        return;
      }
      held.fire();
      void released.promise.then(() => response.end("late"));
    },
  };
}

for (const isTls of [false, true]) {
  describe(`shutdown, ${isTls ? "TLS" : "plain"}`, () => {
    const { handler, held, released } = holding();
    it(
      "idle, busy, silent and lingering clients: each ends in order, and the report counts them",
      attachedScene(
        handler,
        async ({ attached, connect, endingOf }) => {
          const [idle, busy, silent, lingering] = [
            await connect(),
            await connect(),
            await connect(),
            await connect(),
          ];
          await idle.write(GET);
          await idle.waitForResponses(1);
          await busy.write(request("GET /held"));
          await held.promise;
          await lingering.write(GET_CLOSE);
          await lingering.waitForFin();
          const done = attached.shutdown({ announceMs: 100, deadlineMs: 8_000 });
          assert.equal(attached.phase, "announcing");
          // Still served, and told to go.
          await idle.write(GET);
          await idle.waitForFin();
          assert.equal(idle.last.fields.get("connection"), "close");
          idle.halfClose();
          await silent.waitForFin();
          assert.equal(attached.phase, "closing");
          silent.halfClose();
          lingering.halfClose();
          released.fire();
          await busy.waitForFin();
          assert.equal(busy.last.fields.get("connection"), "close");
          busy.halfClose();
          const report = await within(done, "the end of the shutdown");
          for (const client of [idle, busy, silent]) {
            const summary = summaryOf(await endingOf(client));
            assert.deepEqual(summary, ["clean", null, "server-shutdown"]);
          }
          const { announcedMs, tookMs, ...counts } = report;
          assert.deepEqual(counts, {
            finishedCount: 2,
            lingeredCount: 4,
            resetCount: 0,
            lostCount: 0,
            isCutShort: false,
          });
          assert.ok(tookMs >= announcedMs);
          assert.deepEqual([attached.phase, attached.connectionCount], ["closed", 0]);
        },
        { isTls },
      ),
    );
  });
}

describe("shutdown", () => {
  it(
    "a deadline that cuts a handler off: one lost, cut short, and nothing is left",
    attachedScene(
      () => {},
      async ({ attached, server, connect, endingOf }) => {
        const sockets: Socket[] = [];
        server.on("connection", (socket: Socket) => sockets.push(socket));
        const client = await connect();
        await client.write(GET);
        await poll("the request", () => attached.connectionPhases.responding === 1);
        const report = await attached.shutdown({ announceMs: 0, deadlineMs: 100 });
        const { isCutShort, lostCount, finishedCount } = report;
        assert.deepEqual([isCutShort, lostCount, finishedCount], [true, 1, 0]);
        await client.waitForEnd();
        const expected = ["abandoned", "shutdown-deadline", "server-shutdown"];
        assert.deepEqual(summaryOf(await endingOf(client)), expected);
        assert.deepEqual(
          sockets.map(({ destroyed }) => destroyed),
          [true],
        );
      },
    ),
  );

  it(
    "a signal that is aborted: ends what is left",
    attachedScene(
      () => {},
      async ({ attached, connect }) => {
        const client = await connect();
        await client.write(GET);
        await poll("the request", () => attached.connectionPhases.responding === 1);
        const abort = new AbortController();
        const done = attached.shutdown({ announceMs: 0, signal: abort.signal });
        abort.abort();
        const { isCutShort } = await within(done, "the end of the shutdown");
        assert.equal(isCutShort, true);
        await client.waitForEnd();
      },
    ),
  );

  it(
    "times that contradict each other: RangeError, and the server goes on",
    attachedScene(
      (_message, response) => void response.end("ok"),
      async ({ attached, connect }) => {
        const options = { announceMs: 2, deadlineMs: 1 };
        await assert.rejects(attached.shutdown(options), RangeError);
        const client = await connect();
        await client.write(GET);
        await client.waitForResponses(1);
        assert.equal(attached.phase, "serving");
      },
    ),
  );
});

for (const isTls of [false, true]) {
  describe(`detach, ${isTls ? "TLS" : "plain"}`, () => {
    const { handler, held, released } = holding();
    it(
      "idle and busy connections go on as Node's, the lingering one ends with a record",
      attachedScene(
        handler,
        async ({ attached, server, connect, endings, endingOf }) => {
          const sockets: Socket[] = [];
          const event = isTls ? "secureConnection" : "connection";
          server.on(event, (socket: Socket) => sockets.push(socket));
          const [idle, busy, lingering] = [await connect(), await connect(), await connect()];
          await idle.write(GET);
          await idle.waitForResponses(1);
          await busy.write(request("GET /held"));
          await held.promise;
          await lingering.write(GET_CLOSE);
          await lingering.waitForFin();
          attached.detach();
          lingering.halfClose();
          const ending = await endingOf(lingering);
          assert.deepEqual(summaryOf(ending), ["clean", null, "client-asked"]);
          released.fire();
          await busy.waitForResponses(1);
          await idle.write(GET);
          await idle.waitForResponses(2);
          assert.deepEqual([idle.end, busy.end], ["open", "open"]);
          const covered = sockets
            .filter(({ destroyed }) => !destroyed)
            .map((socket) => Object.hasOwn(socket, "destroy"));
          assert.deepEqual(covered, [false, false]);
          // As with Node alone: the close follows the last response at once.
          await busy.write(GET_CLOSE);
          await busy.waitForFin();
          await poll("a socket that is gone", () => sockets[1]?.destroyed === true);
          assert.deepEqual(busy.statuses, [200, 200]);
          assert.equal(endings.length, 1);
          server.closeAllConnections();
        },
        { isTls },
      ),
    );
  });
}
