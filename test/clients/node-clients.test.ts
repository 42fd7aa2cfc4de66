import assert from "node:assert/strict";
import { Agent, request as nodeRequest } from "node:http";
import { describe, it } from "vitest";
import * as site from "../support/client-site.ts";
import { within } from "../support/deadline.ts";
import { withServer } from "../support/scene.ts";

// Goal: Node's own clients get the demo page, and an early 413 of 200 kB whole while they upload
// 20 MB. How: fetch and node:http, five times each.

const UPLOAD = Buffer.alloc(site.UPLOAD_BYTES, "u");
const TRIES = 5;

interface Observed {
  readonly status: number;
  readonly bodyBytes: number;
}

const REFUSAL: Observed = { status: 413, bodyBytes: site.REFUSAL_BYTES };

function postWithNode(port: number, agent: Agent | false): Promise<Observed> {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Length": UPLOAD.length };
    const options = { port, host: "127.0.0.1", method: "POST", path: site.UPLOAD_TARGET, headers };
    let isAnswered = false;
    const outgoing = nodeRequest({ ...options, agent }, (response) => {
      isAnswered = true;
      let bodyBytes = 0;
      response.on("data", (piece: Buffer) => {
        bodyBytes += piece.length;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, bodyBytes }));
      response.on("error", reject);
    });
    // Behind the response an error says only that the rest of the upload had no use.
    outgoing.on("error", (error) => {
      if (!isAnswered) reject(error);
    });
    outgoing.end(UPLOAD);
  });
}

describe("node:http", () => {
  it("20 MB uploaded: the early 413 is whole, 5 of 5", async () => {
    await withServer(site.clientSite(), async ({ port }) => {
      for (let count = 0; count < TRIES; count++) {
        assert.deepEqual(await within(postWithNode(port, false), "the response"), REFUSAL);
      }
    });
  });

  it("20 MB uploaded through a keeping agent: the next request gets a new connection", async () => {
    await withServer(site.clientSite(), async ({ port }) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      try {
        for (let count = 0; count < TRIES; count++) {
          assert.deepEqual(await within(postWithNode(port, agent), "the response"), REFUSAL);
        }
      } finally {
        agent.destroy();
      }
    });
  });
});

describe("fetch", () => {
  it("demo page and a file that is not there: text, and 404", async () => {
    await withServer(site.clientSite(), async ({ server }) => {
      const page = await fetch(server.url);
      assert.equal(page.status, 200);
      assert.ok((await page.text()).includes(site.DEMO_SENTENCE));
      const missing = await fetch(new URL("/no-such-file", server.url));
      assert.equal(missing.status, 404);
      await missing.arrayBuffer();
    });
  });

  it("20 MB uploaded: the early 413 is whole, 5 of 5", async () => {
    await withServer(site.clientSite(), async ({ server }) => {
      for (let count = 0; count < TRIES; count++) {
        const url = new URL(site.UPLOAD_TARGET, server.url);
        const response = await within(fetch(url, { method: "POST", body: UPLOAD }), "the 413");
        const { byteLength } = await response.arrayBuffer();
        assert.deepEqual({ status: response.status, bodyBytes: byteLength }, REFUSAL);
      }
    });
  });
});
