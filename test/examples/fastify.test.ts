import assert from "node:assert/strict";
import { it } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { describeExample, withProgram } from "./example-contract.ts";

// Goal: the example, and Fastify's own answer to what is no HTTP. How: bytes that its listener for
// "clientError" refuses by `write` and `destroy`, with much more on its way behind them.

const EXAMPLE = { name: "fastify" };
const BROKEN =
  "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno chunk size\r\n";

describeExample(EXAMPLE);

it("a malformed chunk, and 20 MB behind it: the 400 of Fastify arrives, FIN, no RST", () =>
  withProgram(EXAMPLE, async (port) => {
    const client = await RawClient.connect({ port, isReading: false });
    await client.write(BROKEN);
    await client.write(new Uint8Array(20_000_000));
    client.resume();
    await client.waitForEnd();
    assert.deepEqual([client.statuses, client.end], [[400], "fin"], client.describe());
    assert.equal(client.last.isComplete, true);
    client.close();
  }));
