import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { describe, it } from "vitest";
import { type ClientRule, type Ending, serveAdmin } from "../../src/index.ts";
import { ask, metricOf, statusOf } from "../support/admin-client.ts";
import { type AttachedScene, attachedScene, summaryOf } from "../support/attached-scene.ts";
import { poll, Signal } from "../support/deadline.ts";
import type { RawClient } from "../support/raw-client.ts";
import { request } from "../support/scene.ts";

// Goal: the close policy, client rules, budget, records and metrics are in force for a server with
// attach. How: raw clients, and policies whose effects a client or a record can tell apart.

const GET = request();
const GET_CLOSE = request("GET /", ["Connection: close"]);
const answer: RequestListener = (_message, response) => void response.end("ok");

/** A scene whose handler can ask its attached server. */
function scene(
  handler: (attached: AttachedScene["attached"], ...args: Parameters<RequestListener>) => void,
  play: (scene: AttachedScene) => Promise<void>,
  options: Parameters<typeof attachedScene>[2] = {},
): () => Promise<void> {
  let attached: AttachedScene["attached"] | null = null;
  return attachedScene(
    (message, response) => {
      if (attached !== null) handler(attached, message, response);
    },
    async (running) => {
      attached = running.attached;
      await play(running);
    },
    options,
  );
}

async function getAndFinish(client: RawClient, text: string): Promise<void> {
  await client.write(text);
  await client.waitForFin();
  client.halfClose();
}

for (const isTls of [false, true]) {
  const way = isTls ? "TLS" : "plain";

  describe(`adjustClose, ${way}`, () => {
    it(
      "one response: its connection ends by that policy, and the next one by the server's",
      scene(
        (attached, { url }, response) => {
          const overrides = { lingerIdleTimeoutMs: 80, onLingerExhausted: "reset" } as const;
          if (url === "/adjusted") attached.adjustClose(response, overrides);
          response.end("ok");
        },
        async ({ connect, endingOf }) => {
          const adjusted = await connect();
          await adjusted.write(request("GET /adjusted", ["Connection: close"]));
          const expected = ["reset-by-local", "linger-idle-time", "client-asked"];
          assert.deepEqual(summaryOf(await endingOf(adjusted)), expected);
          // A response that does not end its connection leaves nothing to the next one.
          const kept = await connect();
          await kept.write(request("GET /adjusted"));
          await kept.waitForResponses(1);
          await kept.write(GET_CLOSE);
          const ending = await endingOf(kept);
          assert.deepEqual(summaryOf(ending), ["abandoned", "linger-idle-time", "client-asked"]);
        },
        { isTls, policy: { lingerIdleTimeoutMs: 200 } },
      ),
    );
  });

  describe(`resetConnection, ${way}`, () => {
    for (const when of ["before the response", "in the middle of it", "while it does not read"]) {
      const received = new Signal();
      it(
        `${when}: the client sees RST`,
        scene(
          (attached, _message, response) => {
            if (when === "before the response") attached.resetConnection(response);
            else {
              response.write(Buffer.alloc(when === "in the middle of it" ? 100 : 50_000_000));
              void received.promise.then(() => attached.resetConnection(response));
            }
          },
          async ({ attached, connect, endingOf }) => {
            const client = await connect({ isReading: when !== "while it does not read" });
            await client.write(GET);
            // The client's runtime takes an RST that comes together with data for a FIN.
            if (when === "in the middle of it") {
              await client.waitFor("the content", () => client.responses[0]?.bodyBytes === 100);
            } else if (when === "while it does not read") {
              const isStuck = (): boolean => (attached.connections()[0]?.unsentBytes ?? 0) > 0;
              await poll("a response that is stuck", isStuck);
            }
            received.fire();
            const ending = await endingOf(client);
            assert.deepEqual(summaryOf(ending), ["reset-by-local", null, "handler-asked"]);
            client.resume();
            await client.waitForEnd();
            if (when === "while it does not read") await client.write("x");
            await client.waitForError();
            assert.equal(client.completeCount, 0);
          },
          { isTls },
        ),
      );
    }
  });
}

describe("adjustClose", () => {
  const thrown: unknown[] = [];
  it(
    "a field that there is not: RangeError, and the response goes on",
    scene(
      (attached, _message, response) => {
        try {
          attached.adjustClose(response, { lingerConnectionLimit: 1 } as never);
        } catch (error) {
          thrown.push(error);
        }
        response.end("ok");
      },
      async ({ connect }) => {
        const client = await connect();
        await client.write(GET);
        await client.waitForResponses(1);
        assert.ok(thrown[0] instanceof RangeError, String(thrown[0]));
      },
    ),
  );
});

describe("reconfigure", () => {
  it(
    "a policy: connections that are open end by it",
    attachedScene(answer, async ({ attached, connect, endingOf }) => {
      const client = await connect();
      await client.write(GET);
      await client.waitForResponses(1);
      attached.reconfigure({ mode: "off" });
      await client.write(GET_CLOSE);
      await client.waitForEnd();
      const expected = ["abandoned", "mode-off", "client-asked"];
      assert.deepEqual(summaryOf(await endingOf(client)), expected);
      assert.equal(client.completeCount, 2);
    }),
  );

  it(
    "persistence off, then on: open connections follow with their next request",
    attachedScene(answer, async ({ attached, connect, endingOf }) => {
      const client = await connect();
      await client.write(GET);
      await client.waitForResponses(1);
      attached.reconfigure(undefined, { persistence: "off" });
      await getAndFinish(client, GET);
      assert.equal(client.last.fields.get("connection"), "close");
      assert.deepEqual(summaryOf(await endingOf(client)), ["clean", null, "persistence-off"]);
      attached.reconfigure(undefined, { persistence: "on" });
      const other = await connect();
      for (let count = 1; count <= 2; count++) {
        await other.write(GET);
        await other.waitForResponses(count);
      }
      assert.equal(other.end, "open");
    }),
  );

  it(
    "a value out of range: RangeError, and nothing has changed",
    attachedScene(answer, async ({ attached }) => {
      const before = attached.settings;
      assert.throws(() => attached.reconfigure({ lingerIdleTimeoutMs: -1 }), RangeError);
      assert.throws(() => attached.reconfigure({}, { sendTimeoutMs: 0 }), RangeError);
      assert.deepEqual(attached.settings, before);
    }),
  );
});

describe("sendTimeoutMs", () => {
  it(
    "a response that is given whole, destroyed, and not read: ends by it",
    attachedScene(
      (message, response) => {
        message.on("error", () => {});
        response.end(Buffer.alloc(50_000_000));
        message.destroy();
      },
      async ({ connect, endingOf }) => {
        const client = await connect({ isReading: false });
        await client.write(request("POST /", ["Content-Length: 9"]));
        const ending = await endingOf(client);
        assert.equal(summaryOf(ending)[1], "send-timeout");
        assert.ok(ending.unsentBytes > 0);
      },
      { attach: { sendTimeoutMs: 200 } },
    ),
  );
});

describe("client rules", () => {
  const rule = (name: string, effect: ClientRule["effect"]): ClientRule => ({
    name,
    pattern: `^${name}/`,
    effect,
    source: "this test",
    found: "2026-11",
  });
  const clientRules = [
    rule("Broken", { persistence: "off" }),
    rule("Old", { http10: true }),
    rule("Quick", { shortLinger: true }),
  ];
  const from = (agent: string): string => request("GET /", [`User-Agent: ${agent}`]);

  it(
    "persistence off: close and FIN for that client, and no other",
    attachedScene(
      answer,
      async ({ connect, endingOf }) => {
        const broken = await connect();
        await getAndFinish(broken, from("Broken/1.0"));
        assert.equal(broken.last.fields.get("connection"), "close");
        const ending = await endingOf(broken);
        assert.deepEqual(summaryOf(ending), ["clean", null, "client-rule"]);
        assert.equal(ending.client, "Broken/1.0");
        const good = await connect();
        await good.write(from("Good/1.0"));
        await good.waitForResponses(1);
        await good.write(from("Good/1.0"));
        await good.waitForResponses(2);
      },
      { attach: { clientRules } },
    ),
  );

  it(
    "HTTP/1.0: no chunked coding, the connection ends the content",
    attachedScene(
      (_message, response) => {
        response.write("one ");
        response.end("two");
      },
      async ({ connect, endingOf }) => {
        const client = await connect();
        await getAndFinish(client, from("Old/1.0"));
        assert.equal(client.last.fields.has("transfer-encoding"), false);
        assert.deepEqual([client.last.text, client.completeCount], ["one two", 1]);
        assert.deepEqual(summaryOf(await endingOf(client)), ["clean", null, "client-rule"]);
      },
      { attach: { clientRules } },
    ),
  );

  it(
    "a short linger: ends by its own bound",
    attachedScene(
      answer,
      async ({ connect, endingOf }) => {
        const client = await connect();
        const fields = ["User-Agent: Quick/1.0", "Connection: close"];
        await client.write(request("GET /", fields));
        const [type, bound] = summaryOf(await endingOf(client));
        assert.deepEqual([type, bound], ["abandoned", "linger-idle-time"]);
      },
      { attach: { clientRules }, policy: { shortLingerTimeoutMs: 100 } },
    ),
  );
});

describe("the linger budget", () => {
  it(
    "50 clients that never end, room for 10: the oldest 40 go, all have their response",
    attachedScene(
      answer,
      async ({ attached, endings, connect }) => {
        const clients: RawClient[] = [];
        for (let count = 0; count < 50; count++) clients.push(await connect());
        await Promise.all(clients.map((client) => client.write(GET_CLOSE)));
        await Promise.all(clients.map((client) => client.waitForFin()));
        await poll("40 evictions", () => endings.length === 40);
        for (const { outcome } of endings) {
          assert.deepEqual(outcome, { type: "abandoned", bound: "linger-budget" });
        }
        const { lingeringNowCount, lingeringPeakCount, evictedCount } = attached.lingering;
        assert.deepEqual([lingeringNowCount, lingeringPeakCount, evictedCount], [10, 10, 40]);
        assert.equal(attached.connectionPhases.lingering, 10);
        assert.equal(attached.connections({ phases: ["lingering"] }).length, 10);
        for (const client of clients) assert.equal(client.completeCount, 1);
      },
      {
        policy: {
          lingerConnectionLimit: 10,
          lingerConnectionLimitPerAddress: 0,
          lingerPressurePercent: 100,
        },
      },
    ),
  );
});

describe("records", () => {
  it(
    "a connection of two requests: all fields",
    attachedScene(answer, async ({ connect, endingOf }) => {
      const client = await connect();
      const fields = ["User-Agent: Test/1.0 (x)"];
      await client.write(request("GET /", fields));
      await client.waitForResponses(1);
      await getAndFinish(client, request("GET /", [...fields, "Connection: close"]));
      const { openedAtMs, durations, ...rest } = await endingOf(client);
      assert.ok(Date.now() - openedAtMs < 60_000);
      assert.ok(Object.values(durations).every((each) => each >= 0));
      const { receivedBytes, delivery, leftIn, peerEnd, ...exact } = rest;
      const expected: Partial<Ending> = {
        connectionId: 1,
        peerAddress: "127.0.0.1",
        peerPort: client.localPort,
        isTls: false,
        outcome: { type: "clean" },
        reason: "client-asked",
        firstEnder: "local",
        requestCount: 2,
        sentBytes: client.receivedBytes,
        discardedBytes: 0,
        unsentBytes: 0,
        client: "Test/1.0",
      };
      assert.deepEqual(exact, expected);
      assert.equal(receivedBytes, client.writtenBytes);
      assert.deepEqual([peerEnd.type, delivery.isAcknowledged], ["fin", true]);
      assert.equal(leftIn.state, "time-wait");
    }),
  );
});

describe("serveAdmin", () => {
  const held = new Signal();
  it(
    "metrics and status of an attached server: count the same",
    attachedScene(
      ({ url }, response) => {
        if (url === "/held") void held.promise.then(() => response.end("late"));
        else response.end("ok");
      },
      async ({ attached, connect, endingOf }) => {
        const admin = await serveAdmin(attached, {});
        try {
          const idle = await connect();
          await idle.write(GET);
          await idle.waitForResponses(1);
          const busy = await connect();
          await busy.write(request("GET /held"));
          const lingering = await connect();
          await lingering.write(GET_CLOSE);
          await lingering.waitForFin();
          for (let count = 0; count < 3; count++) {
            const client = await connect();
            await getAndFinish(client, GET_CLOSE);
            await endingOf(client);
          }
          const phases = (): unknown => {
            const {
              idle: idleCount,
              responding,
              lingering: lingeringCount,
            } = attached.connectionPhases;
            return [idleCount, responding, lingeringCount];
          };
          await poll("the three phases", () => String(phases()) === "1,1,1");
          const status = await statusOf(admin);
          const metrics = (await ask(admin, "/metrics")).text;
          const { byPhase, total } = status.connections;
          assert.deepEqual([total, byPhase.idle, byPhase.responding], [3, 1, 1]);
          assert.equal(metricOf(metrics, 'finwait_connections{phase="lingering"}'), 1);
          assert.equal(metricOf(metrics, "finwait_lingering_connections"), 1);
          assert.equal(status.requests.finishedCount, 5);
          assert.equal(metricOf(metrics, "finwait_responses_total"), 5);
          const series = metrics
            .split("\n")
            .filter((line) => line.startsWith("finwait_endings_total{"))
            .filter((line) => line.includes('"clean"') && line.endsWith(" 3"));
          assert.equal(series.length, 1, metrics);
          assert.equal(status.endings.latest.length, 3);
        } finally {
          held.fire();
          await admin.close();
        }
      },
    ),
  );
});
