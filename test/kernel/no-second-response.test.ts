import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Ending, Exchange, ServeOptions } from "../../src/index.ts";
import type { RawClient } from "../support/raw-client.ts";
import { request, withServer } from "../support/scene.ts";

// Goal: after a complete response no 408, 400 or 413 is ever written for the same request. How: the
// answer goes out early, then the rest of the request fails in several ways; responses are counted.

const respondAtOnce = (exchange: Exchange): void => exchange.respond(200, [], "early");

interface Observed {
  readonly statuses: readonly number[];
  readonly text: string;
  readonly error: unknown;
  readonly reason: string;
}

async function observe(
  options: ServeOptions,
  head: string,
  play: (client: RawClient) => Promise<void> | void,
): Promise<Observed & { readonly ending: Ending }> {
  const seen: (Observed & { readonly ending: Ending })[] = [];
  await withServer({ handler: respondAtOnce, ...options }, async (scene) => {
    const client = await scene.connect();
    await client.write(head);
    await client.waitForResponses(1);
    await play(client);
    await client.waitForFin();
    client.halfClose();
    const ending = await scene.endingOf(client);
    const { statuses, error } = client;
    seen.push({ statuses, text: client.last.text, error, reason: ending.reason, ending });
  });
  const [only] = seen;
  assert.ok(only !== undefined);
  return only;
}

const expected = (reason: string): Observed => ({
  statuses: [200],
  text: "early",
  error: null,
  reason,
});

function check({ ending, ...observed }: Observed & { readonly ending: Ending }, reason: string) {
  assert.deepEqual(observed, expected(reason), JSON.stringify(ending));
}

describe("early response, then", () => {
  const declared = request("POST /", ["Content-Length: 1000"]);
  const chunked = request("POST /", ["Transfer-Encoding: chunked"]);

  it("silence: no 408, a silent close after the discard time-out", async () => {
    const options = { close: { discardTimeoutMs: 250 }, limits: { bodyRateWindowMs: 100 } };
    check(await observe(options, `${declared}part`, () => {}), "discard-exhausted");
  });

  it("a drip below the body rate: no 408, a silent close after the discard time-out", async () => {
    const options = { close: { discardTimeoutMs: 300 }, limits: { bodyRateWindowMs: 100 } };
    const observed = await observe(options, declared, async (client) => {
      const timer = setInterval(() => void client.write("d"), 50);
      await client.waitForFin().finally(() => clearInterval(timer));
    });
    check(observed, "discard-exhausted");
  });

  it("a malformed chunk: no 400, a silent close", async () => {
    const observed = await observe({}, chunked, (client) => client.write("not a size\r\n"));
    check(observed, "peer-protocol-error");
  });

  it("chunks beyond the body limit: no 413, a silent close", async () => {
    const options = { limits: { bodyLimitBytes: 1_000 } };
    const observed = await observe(options, chunked, (client) =>
      client.write(`7d0\r\n${"c".repeat(2_000)}\r\n0\r\n\r\n`),
    );
    check(observed, "peer-protocol-error");
  });

  it("a FIN in the middle of the body: no 400, a FIN", async () => {
    const observed = await observe({}, declared, (client) => client.halfClose());
    check(observed, "peer-ended");
  });

  it("a body that stalls under a started response: no 408 in it, it ends incomplete", async () => {
    const handler = async (exchange: Exchange): Promise<void> => {
      exchange.body.claim();
      exchange.startResponse(200, [], null);
      exchange.write(Buffer.from("begun"));
      try {
        while ((await exchange.body.read()) !== null);
        exchange.endResponse();
      } catch {
        // The rest of the body will not come; this handler gives up.
        exchange.abortResponse("content-failed");
      }
    };
    const limits = { bodyRateWindowMs: 200 };
    await withServer({ handler, limits }, async (scene) => {
      const client = await scene.connect();
      await client.write(`${declared}part`);
      await client.waitForEnd();
      assert.deepEqual(client.statuses, [200]);
      assert.equal(client.last.text, "begun");
      assert.equal(client.last.isComplete, false);
    });
  });
});
