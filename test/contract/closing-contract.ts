import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { ClosingBound, Ending } from "../../src/index.ts";
import type {
  ContractBackend,
  ContractCapabilities,
  ContractClient,
  ContractOptions,
  ContractServer,
} from "./contract-backend.ts";

// How connections end, as one suite for every backend: each row of the design's table "why we
// close". A backend may differ in what ContractCapabilities lists, and both ways are checked.

const KIBIBYTE = 1_024;
/** Long against what a machine under load is late by, short against a test's patience. */
const SHORT_MS = 150;
const LARGE_CONTENT_BYTES = 300 * KIBIBYTE;
const LARGE_BODY_BYTES = 4 * KIBIBYTE * KIBIBYTE;

function request(line = "GET /", fields: readonly string[] = [], version = "1.1"): string {
  return [`${line} HTTP/${version}`, "Host: localhost", ...fields, "", ""].join("\r\n");
}

const GET = request();
const GET_CLOSE = request("GET /", ["Connection: close"]);
const post = (bytes: number, content = ""): string =>
  request("POST /", [`Content-Length: ${bytes}`]) + content;

const answer = (contentBytes = 5): ContractOptions["behaviour"] => ({
  type: "answer",
  contentBytes,
});

/** The last thing that a client does when the server has ended: it ends as well. */
async function finish(client: ContractClient): Promise<Ending> {
  assert.equal(await client.whenEnded(), "fin");
  client.halfClose();
  return client.ending();
}

function assertWhole(client: ContractClient, status: number, bodyBytes: number): void {
  const [response] = client.responses;
  assert.equal(client.responses.length, 1);
  assert.equal(response?.status, status);
  assert.equal(response?.bodyBytes, bodyBytes);
  assert.ok(response?.isComplete);
}

type Play = (server: ContractServer) => Promise<void>;

/** Runs the closing contract over `backend`. */
export function closingContract(
  name: string,
  backend: ContractBackend,
  capabilities: ContractCapabilities,
): void {
  const scene = (options: ContractOptions, play: Play) => async (): Promise<void> => {
    const server = await backend.start(options);
    try {
      await play(server);
    } finally {
      await server.stop();
    }
  };

  describe(`closing contract over ${name}`, () => {
    describe("last response sent", () => lastResponse(scene));
    describe("early response", () => earlyResponse(scene, capabilities));
    describe("request cannot be parsed", () => unparsable(scene, capabilities));
    describe("request too slow", () => tooSlow(scene, capabilities));
    describe("idle", () => idle(scene, capabilities));
    describe("server shutdown", () => shutdown(scene, capabilities));
    describe("peer half-closed", () => halfClosed(scene));
    describe("peer reset", () => peerReset(scene, capabilities));
    describe("linger budget", () => lingerBudget(scene));
    describe("response given up", () => givenUp(scene, capabilities));
  });
}

type Scene = (options: ContractOptions, play: Play) => () => Promise<void>;

function lastResponse(scene: Scene): void {
  const cases: readonly (readonly [string, string, ContractOptions["limits"], string])[] = [
    ["Connection: close", GET_CLOSE, {}, "client-asked"],
    ["HTTP/1.0", request("GET /", [], "1.0"), {}, "client-asked"],
    ["the request limit", GET, { requestLimit: 1 }, "request-limit"],
  ];
  for (const [what, text, limits = {}, reason] of cases) {
    it(
      `${what}: whole response, FIN, and clean when the peer ends`,
      scene({ behaviour: answer(LARGE_CONTENT_BYTES), limits }, async (server) => {
        const client = await server.connect();
        await client.send(text);
        const ending = await finish(client);
        assertWhole(client, 200, LARGE_CONTENT_BYTES);
        assert.ok(client.responses[0]?.saysClose);
        assert.deepEqual([ending.outcome.type, ending.reason], ["clean", reason]);
        assert.equal(ending.firstEnder, "local");
      }),
    );
  }

  it(
    "requests behind it: are absorbed, not answered, not reset",
    scene({ behaviour: answer() }, async (server) => {
      const client = await server.connect();
      await client.send(GET_CLOSE);
      assert.equal(await client.whenEnded(), "fin");
      for (let count = 0; count < 20; count++) await client.send(GET);
      client.halfClose();
      assert.equal((await client.ending()).outcome.type, "clean");
      assert.deepEqual([client.responses.length, client.end], [1, "fin"]);
    }),
  );

  it(
    "mode off: releases the socket with the response, and says so",
    scene({ behaviour: answer(), close: { mode: "off" } }, async (server) => {
      const client = await server.connect();
      await client.send(GET_CLOSE);
      await client.whenEnded();
      assert.deepEqual((await client.ending()).outcome, { type: "abandoned", bound: "mode-off" });
      assertWhole(client, 200, 5);
    }),
  );
}

function earlyResponse(
  scene: Scene,
  { isReusedAfterDiscard, discardedBytes }: ContractCapabilities,
): void {
  it(
    "a client that sends a large body before it reads: whole response, FIN, no RST",
    scene({ behaviour: answer(LARGE_CONTENT_BYTES) }, async (server) => {
      const client = await server.connect({ isReading: false });
      await client.send(post(LARGE_BODY_BYTES));
      await client.send(new Uint8Array(LARGE_BODY_BYTES));
      client.startReading();
      const ending = await finish(client);
      assertWhole(client, 200, LARGE_CONTENT_BYTES);
      assert.ok(client.responses[0]?.saysClose);
      assert.deepEqual([ending.outcome.type, ending.reason], ["clean", "body-unread"]);
      const least = discardedBytes === "all" ? LARGE_BODY_BYTES : 0;
      assert.ok(ending.discardedBytes >= least, `${ending.discardedBytes} bytes discarded`);
    }),
  );

  it(
    "a short body that follows: the connection is reused, where that is possible",
    scene({ behaviour: answer() }, async (server) => {
      const client = await server.connect();
      await client.send(post(10, "half."));
      await client.waitForResponses(1);
      await client.send(isReusedAfterDiscard ? `half.${GET}` : "half.");
      if (isReusedAfterDiscard) await client.waitForResponses(2);
      else assert.equal(await client.whenEnded(), "fin");
      client.halfClose();
      assert.equal((await client.ending()).outcome.type, "clean");
      assert.notEqual(client.end, "reset");
    }),
  );

  it(
    "Expect: 100-continue answered early: close, and the body is not waited for",
    scene({ behaviour: answer() }, async (server) => {
      const client = await server.connect();
      await client.send(request("POST /", ["Content-Length: 10", "Expect: 100-continue"]));
      const ending = await finish(client);
      assertWhole(client, 200, 5);
      assert.deepEqual([ending.outcome.type, ending.reason], ["clean", "expectation-unmet"]);
    }),
  );
}

function unparsable(scene: Scene, { hasExactStatuses }: ContractCapabilities): void {
  const cases: readonly (readonly [number, string, number])[] = [
    [400, "nonsense\r\n\r\n", 400],
    [400, "GET / HTTP/1.1\r\n\r\n", 400],
    [414, request(`GET /${"x".repeat(9_000)}`), 431],
    [431, request("GET /", [`A: ${"x".repeat(9_000)}`]), 431],
    [505, request("GET /", [], "3.0"), 400],
  ];
  for (const [exact, text, rough] of cases) {
    const status = hasExactStatuses ? exact : rough;
    it(
      `${JSON.stringify(text.slice(0, 20))}: ${status} with close, what follows is absorbed`,
      scene({ behaviour: answer() }, async (server) => {
        const client = await server.connect();
        await client.send(text);
        await assertRefused(client, [status]);
      }),
    );
  }

  const statuses = hasExactStatuses ? [501] : [200, 400];
  it(
    `a coding below chunked: ${statuses.join(", then ")} with close, what follows is absorbed`,
    scene({ behaviour: { type: "read" } }, async (server) => {
      const client = await server.connect();
      await client.send(request("POST /", ["Transfer-Encoding: gzip, chunked"]));
      if (!hasExactStatuses) await client.send("0\r\n\r\nnonsense\r\n\r\n");
      await assertRefused(client, statuses);
    }),
  );
}

/** The last response is an error and the last one; so are the requests that follow it. */
async function assertRefused(client: ContractClient, statuses: readonly number[]): Promise<void> {
  assert.equal(await client.whenEnded(), "fin");
  await client.send(GET.repeat(10));
  client.halfClose();
  const ending = await client.ending();
  assert.deepEqual([ending.outcome.type, ending.reason], ["clean", "peer-protocol-error"]);
  assert.equal(client.end, "fin");
  assert.deepEqual(
    client.responses.map((each) => [each.status, each.isComplete]),
    statuses.map((status) => [status, true]),
  );
  assert.ok(client.responses.at(-1)?.saysClose);
}

function tooSlow(scene: Scene, { hasRequestTimeoutResponse }: ContractCapabilities): void {
  const expected = hasRequestTimeoutResponse ? [408] : [];
  const limits = {
    headerTimeoutMs: SHORT_MS,
    bodyRateWindowMs: SHORT_MS,
    bodyMinRateBytesPerSecond: 1_000,
  };

  it(
    "half a header section: 408 with close",
    scene({ behaviour: answer(), limits }, async (server) => {
      const client = await server.connect();
      await client.send("GET / HTTP/1.1\r\nHost:");
      const ending = await finish(client);
      assert.deepEqual(
        client.responses.map(({ status }) => status),
        expected,
      );
      assert.deepEqual([ending.outcome.type, ending.reason], ["clean", "request-timeout"]);
    }),
  );

  it(
    "half a body that the handler waits for: 408 with close",
    scene({ behaviour: { type: "read" }, limits }, async (server) => {
      const client = await server.connect();
      await client.send(post(100, "half"));
      const ending = await finish(client);
      assert.deepEqual(
        client.responses.map(({ status }) => status),
        expected,
      );
      assert.equal(ending.reason, "request-timeout");
    }),
  );

  it(
    "half a body behind a complete response: never 408",
    scene(
      { behaviour: answer(), limits, close: { discardTimeoutMs: SHORT_MS } },
      async (server) => {
        const client = await server.connect();
        await client.send(post(100, "half"));
        const ending = await finish(client);
        assertWhole(client, 200, 5);
        assert.equal(ending.outcome.type, "clean");
      },
    ),
  );
}

function idle(scene: Scene, { discardedBytes }: ContractCapabilities): void {
  const limits = { keepAliveTimeoutMs: SHORT_MS, keepAliveTimeoutMarginMs: 0 };

  it(
    "no further request: FIN without a response",
    scene({ behaviour: answer(), limits }, async (server) => {
      const client = await server.connect();
      await client.send(GET);
      const ending = await finish(client);
      assertWhole(client, 200, 5);
      assert.deepEqual([ending.outcome.type, ending.reason], ["clean", "idle-timeout"]);
    }),
  );

  it(
    "a request that crosses our FIN: is absorbed, not reset",
    scene({ behaviour: answer(), limits }, async (server) => {
      const client = await server.connect();
      await client.send(GET);
      assert.equal(await client.whenEnded(), "fin");
      await client.send(GET);
      client.halfClose();
      const ending = await client.ending();
      assert.deepEqual([ending.outcome.type, client.end], ["clean", "fin"]);
      assert.equal(ending.discardedBytes, discardedBytes === "none" ? 0 : GET.length);
    }),
  );
}

function shutdown(scene: Scene, { abortsBeforeEnding }: ContractCapabilities): void {
  it(
    "a request in flight and an idle connection: the one finishes with close, the other ends",
    scene({ behaviour: { type: "hold", contentBytes: 5 } }, async (server) => {
      const busy = await server.connect();
      const quiet = await server.connect();
      await busy.send(GET);
      await server.waitForRequests(1);
      const done = server.shutdown(10_000);
      assert.equal(await quiet.whenEnded(), "fin");
      assert.equal(busy.end, "open");
      server.release();
      const ending = await finish(busy);
      quiet.halfClose();
      await done;
      assertWhole(busy, 200, 5);
      assert.ok(busy.responses[0]?.saysClose);
      assert.deepEqual([ending.outcome.type, ending.reason], ["clean", "server-shutdown"]);
      assert.equal((await quiet.ending()).reason, "server-shutdown");
    }),
  );

  it(
    "a request in flight beyond the deadline: is ended, and the record says by what",
    scene({ behaviour: { type: "hold", contentBytes: 5 } }, async (server) => {
      const client = await server.connect();
      await client.send(GET);
      await server.waitForRequests(1);
      await server.shutdown(SHORT_MS);
      const { outcome } = await client.ending();
      if (!abortsBeforeEnding) await server.waitForAborted(1);
      assert.deepEqual(outcome, { type: "abandoned", bound: "shutdown-deadline" });
      assert.deepEqual([client.responses.length, server.abortedCount], [0, 1]);
    }),
  );
}

function halfClosed(scene: Scene): void {
  it(
    "FIN behind the request: is answered in full, then FIN",
    scene({ behaviour: { type: "hold", contentBytes: LARGE_CONTENT_BYTES } }, async (server) => {
      const client = await server.connect();
      await client.send(GET);
      client.halfClose();
      await server.waitForRequests(1);
      // The FIN is not to be late.
      await server.after(SHORT_MS / 5);
      server.release();
      assert.equal(await client.whenEnded(), "fin");
      const ending = await client.ending();
      assertWhole(client, 200, LARGE_CONTENT_BYTES);
      assert.deepEqual([ending.outcome.type, ending.firstEnder], ["clean", "peer"]);
    }),
  );

  it(
    "FIN on an idle connection: FIN",
    scene({ behaviour: answer() }, async (server) => {
      const client = await server.connect();
      await client.send(GET);
      await client.waitForResponses(1);
      client.halfClose();
      assert.equal(await client.whenEnded(), "fin");
      const ending = await client.ending();
      assert.deepEqual([ending.outcome.type, ending.reason], ["clean", "peer-ended"]);
    }),
  );

  it(
    "FIN behind pipelined requests: all are answered, then FIN",
    scene({ behaviour: answer() }, async (server) => {
      const client = await server.connect();
      await client.send(GET.repeat(5));
      client.halfClose();
      assert.equal(await client.whenEnded(), "fin");
      assert.equal(client.responses.filter(({ isComplete }) => isComplete).length, 5);
      assert.equal((await client.ending()).outcome.type, "clean");
    }),
  );
}

function peerReset(
  scene: Scene,
  { canClientReset, abortsBeforeEnding }: ContractCapabilities,
): void {
  const outcomes = canClientReset ? ["reset-by-peer"] : ["reset-by-peer", "clean"];

  it(
    "while the handler runs: it is aborted, and everything is released at once",
    scene({ behaviour: { type: "hold", contentBytes: 5 } }, async (server) => {
      const client = await server.connect();
      await client.send(GET);
      await server.waitForRequests(1);
      client.reset();
      if (!canClientReset) server.release();
      const ending = await client.ending();
      assert.ok(outcomes.includes(ending.outcome.type), ending.outcome.type);
      assert.equal(ending.peerEnd.type === "reset", ending.outcome.type === "reset-by-peer");
      if (!canClientReset) return;
      if (!abortsBeforeEnding) await server.waitForAborted(1);
      assert.equal(server.abortedCount, 1);
    }),
  );

  it(
    "while we linger: is an ending like others",
    scene({ behaviour: answer() }, async (server) => {
      const client = await server.connect();
      await client.send(GET_CLOSE);
      assert.equal(await client.whenEnded(), "fin");
      client.reset();
      const ending = await client.ending();
      assert.ok(outcomes.includes(ending.outcome.type), ending.outcome.type);
      assert.equal(ending.reason, "client-asked");
      assertWhole(client, 200, 5);
    }),
  );
}

function lingerBudget(scene: Scene): void {
  /** Lingers with a client that sends `bytes` again and again, and never ends. */
  const exhausts = (
    title: string,
    bound: ClosingBound,
    close: NonNullable<ContractOptions["close"]>,
    pace: { readonly bytes: number; readonly everyMs: number } | null,
  ): void =>
    it(
      `${title}: ends by ${bound}`,
      scene({ behaviour: answer(), close }, async (server) => {
        const client = await server.connect();
        await client.send(GET_CLOSE);
        assert.equal(await client.whenEnded(), "fin");
        let isEnded = false;
        const ending = client.ending().finally(() => {
          isEnded = true;
        });
        while (pace !== null && !isEnded) {
          void client.send(new Uint8Array(pace.bytes));
          await server.after(pace.everyMs);
        }
        const { outcome } = await ending;
        const type = close.onLingerExhausted === "reset" ? "reset-by-local" : "abandoned";
        assert.deepEqual(outcome, { type, bound });
        assertWhole(client, 200, 5);
      }),
    );

  const slow = { bytes: 1, everyMs: SHORT_MS / 5 };
  const patient = { lingerIdleTimeoutMs: 5_000, lingerTotalTimeoutMs: 30_000 };
  const noRate = { lingerMinRateBytesPerSecond: 0 };
  exhausts("silence", "linger-idle-time", { lingerIdleTimeoutMs: SHORT_MS }, null);
  exhausts(
    "bytes now and then",
    "linger-total-time",
    { lingerIdleTimeoutMs: 2 * SHORT_MS, lingerTotalTimeoutMs: 3 * SHORT_MS, ...noRate },
    slow,
  );
  exhausts("bytes too slowly", "linger-rate", { lingerIdleTimeoutMs: 2 * SHORT_MS }, slow);
  exhausts(
    "bytes without end",
    "linger-bytes",
    { ...patient, lingerLimitBytes: 100 * KIBIBYTE },
    { bytes: 20 * KIBIBYTE, everyMs: 5 },
  );
  const reset = { lingerIdleTimeoutMs: SHORT_MS, onLingerExhausted: "reset" } as const;
  exhausts("silence, to be answered by RST", "linger-idle-time", reset, null);
}

function givenUp(scene: Scene, { canReset, givesUpInOrder }: ContractCapabilities): void {
  it(
    "content of known length: FIN before its end, so that it is incomplete",
    scene({ behaviour: { type: "give-up", announcedBytes: 1_000 } }, async (server) => {
      const client = await server.connect();
      await client.send(GET);
      await client.waitForContent(500);
      server.release();
      assert.equal(await client.whenEnded(), "fin");
      client.halfClose();
      const ending = await client.ending();
      assert.deepEqual(
        client.responses.map(({ isComplete, bodyBytes }) => [isComplete, bodyBytes]),
        [[false, 500]],
      );
      if (givesUpInOrder) assert.equal(ending.outcome.type, "clean");
      else assert.deepEqual(ending.outcome, { type: "abandoned", bound: "socket-destroyed" });
      assert.equal(ending.reason, givesUpInOrder ? "response-incomplete" : "handler-asked");
    }),
  );

  it(
    "content that the connection ends: RST, where that is possible",
    scene({ behaviour: { type: "give-up", announcedBytes: null } }, async (server) => {
      const client = await server.connect();
      await client.send(request("GET /", [], "1.0"));
      await client.waitForContent(500);
      server.release();
      const ending = await client.ending();
      assert.deepEqual(ending.outcome, { type: "reset-by-local", bound: null });
      assert.equal(ending.reason, "response-incomplete");
      const end = await client.whenEnded();
      // What a bare close does to a client depends on what is under way.
      if (canReset) assert.equal(end, "reset");
    }),
  );
}
