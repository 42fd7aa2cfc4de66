import assert from "node:assert/strict";
import { get } from "node:http";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { Signal, within } from "../support/deadline.ts";
import { request, TEST_TLS, withServer } from "../support/scene.ts";
import { KERNEL_NOTE, socketOf } from "../support/socket-table.ts";

// Goal: a response that is given up never looks complete. How: node:http reads chunked and declared
// ones; for HTTP/1.0, where the end of the connection ends the content, it has to be an RST.

const PART = "part of the content";

const abortAfter =
  (contentBytes: number | null) =>
  (exchange: Exchange): void => {
    exchange.startResponse(200, [], contentBytes);
    exchange.write(Buffer.from(PART));
    exchange.abortResponse("content-failed");
  };

interface Observed {
  readonly text: string;
  readonly isComplete: boolean;
  readonly errorCode: string;
}

function getWithNode(port: number): Promise<Observed> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        text += piece;
      });
      const settle = (errorCode: string): void =>
        resolve({ text, isComplete: response.complete, errorCode });
      response.on("end", () => settle("none"));
      response.on("error", (error: NodeJS.ErrnoException) => settle(error.code ?? "unknown"));
    }).on("error", reject);
  });
}

describe("aborted response", () => {
  for (const [name, contentBytes] of [
    ["chunked", null],
    ["Content-Length", 1_000],
  ] as const) {
    it(`${name}: node:http gets the part and an error, never an end`, async () => {
      await withServer({ handler: abortAfter(contentBytes) }, async (scene) => {
        const observed = await within(getWithNode(scene.port), "the response");
        const expected = { text: PART, isComplete: false, errorCode: "ECONNRESET" };
        assert.deepEqual(observed, expected);
      });
    });

    it(`${name}: ends by FIN behind the part, no RST`, async () => {
      await withServer({ handler: abortAfter(contentBytes) }, async (scene) => {
        const client = await scene.connect();
        await client.write(request());
        await client.waitForFin();
        client.halfClose();
        const ending = await scene.endingOf(client);
        assert.equal(client.last.text, PART);
        assert.equal(client.last.isComplete, false);
        assert.equal(client.error, null);
        assert.equal(ending.reason, "response-incomplete");
      });
    });
  }

  const schemes = [
    ["", {}],
    [" over TLS", { tls: TEST_TLS }],
  ] as const;
  for (const [over, tls] of schemes) {
    it(`HTTP/1.0 until the end of the connection${over}: RST, not FIN`, async (ctx) => {
      if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
      const isPartRead = new Signal();
      const handler = async (exchange: Exchange): Promise<void> => {
        exchange.startResponse(200, [], null);
        exchange.write(Buffer.from(PART));
        await isPartRead.promise;
        exchange.abortResponse("content-failed");
      };
      await withServer({ handler, ...tls }, async (scene) => {
        const client = await scene.connect({ isTls: over !== "" });
        await client.write(request("GET /", [], "1.0"));
        // An RST that comes together with data looks like FIN to clients that use libuv.
        await client.waitFor("the part", () => client.responses[0]?.text === PART);
        isPartRead.fire();
        await client.waitForEnd();
        const ending = await scene.endingOf(client);
        const observed = {
          end: client.end,
          finAtMs: client.finAtMs,
          errorCode: client.error?.code,
          kernelState: socketOf(client.localPort, scene.port)?.state ?? "gone",
          outcome: ending.outcome,
          reason: ending.reason,
        };
        const expected = {
          end: "reset",
          finAtMs: null,
          errorCode: "ECONNRESET",
          kernelState: "gone",
          outcome: { type: "reset-by-local", bound: null },
          reason: "response-incomplete",
        };
        assert.deepEqual(observed, expected);
      });
    });
  }

  it("HTTP/1.0, given up in the same turn: the client's kernel sees RST, not FIN", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    await withServer({ handler: abortAfter(null) }, async (scene) => {
      const client = await scene.connect();
      await client.write(request("GET /", [], "1.0"));
      await client.waitForEnd();
      assert.equal(socketOf(client.localPort, scene.port), null);
      const ending = await scene.endingOf(client);
      assert.deepEqual(ending.outcome, { type: "reset-by-local", bound: null });
    });
  });

  for (const [over, tls] of schemes) {
    it(`HTTP/1.0${over}, given up while nobody reads: the socket is gone at once`, async (ctx) => {
      if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
      const handler = (exchange: Exchange): void => {
        exchange.startResponse(200, [], null);
        exchange.write(Buffer.alloc(20_000_000, "p"));
        exchange.abortResponse("content-failed");
      };
      await withServer({ handler, ...tls }, async (scene) => {
        const client = await scene.connect({ isTls: over !== "", isReading: false });
        await client.write(request("GET /", [], "1.0"));
        const ending = await scene.endingOf(client);
        assert.deepEqual(ending.outcome, { type: "reset-by-local", bound: null });
        // Another connection's whole life gives the server turns enough to release this one.
        const other = await scene.connect({ isTls: over !== "" });
        await other.write(request("GET /", [], "1.0"));
        await other.waitForEnd();
        await scene.endingOf(other);
        const observed = {
          server: socketOf(scene.port, client.localPort)?.state ?? "gone",
          client: socketOf(client.localPort, scene.port)?.state ?? "gone",
        };
        assert.deepEqual(observed, { server: "gone", client: "gone" });
      });
    });
  }
});
