import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { get } from "node:http";
import { get as getByTls } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { attach } from "../../src/attach/attach.ts";
import { startServer } from "../support/attached-scene.ts";
import { within } from "../support/deadline.ts";

// Goal: servers on a Unix socket answer and end as well. How: several clients at once, because
// there is no port to tell them apart by.

const CLIENT_COUNT = 5;

describe("a server on a Unix socket", () => {
  for (const isTls of [false, true]) {
    it(`${isTls ? "TLS" : "plain"}: all clients get responses, and shutdown ends`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "finwait-unix-"));
      const socketPath = join(folder, "socket");
      const server = startServer((_message, response) => void response.end("ok"), { isTls });
      const attached = attach(server);
      await attached.ready;
      await new Promise<void>((resolve) => server.listen(socketPath, resolve));
      const ask = (): Promise<number> =>
        new Promise((resolve, reject) => {
          const options = { socketPath, rejectUnauthorized: false, agent: false } as const;
          const asked = (isTls ? getByTls : get)(options, (response) => {
            response.resume().on("end", () => resolve(response.statusCode ?? 0));
          });
          asked.on("error", reject);
        });
      const all = Promise.all(Array.from({ length: CLIENT_COUNT }, ask));
      const statuses = await within(all, "the responses");
      assert.deepEqual(statuses, new Array(CLIENT_COUNT).fill(200));
      assert.deepEqual([attached.url, attached.port], ["", 0]);
      await within(attached.shutdown({ announceMs: 0 }), "the end of the shutdown");
      // The record of TLS needs to know which TCP socket is below it, and here nothing tells.
      assert.equal(attached.recentEndings.length, isTls ? 0 : CLIENT_COUNT);
      await rm(folder, { recursive: true });
    });
  }
});
